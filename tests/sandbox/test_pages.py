"""Lists come in pages of 100, as in AWS."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from rolemodel_ci.sandbox.embedded import EmbeddedAws

from .conftest import code_of, new_account, policy

GROUPS, USERS = 105, 120


@pytest.fixture(scope="module")
def full(aws: EmbeddedAws) -> Any:
    """An account with more groups, users and members than fit a page."""
    iam = aws.client("iam", new_account())
    for number in range(GROUPS):
        iam.create_group(GroupName=f"g{number:03d}", Path="/RoleModel/" if number % 2 else "/")
    for number in range(USERS):
        iam.create_user(UserName=f"u{number:03d}")
        iam.add_user_to_group(GroupName="g000", UserName=f"u{number:03d}")
    iam.add_user_to_group(GroupName="g001", UserName="u000")
    iam.put_group_policy(GroupName="g001", PolicyName="p", PolicyDocument=policy())
    return iam


def test_details_of_users_and_groups_share_pages(full: Any) -> None:
    pages = list(full.get_paginator("get_account_authorization_details").paginate(Filter=["User", "Group"]))
    sizes = [len(page["UserDetailList"]) + len(page["GroupDetailList"]) for page in pages]
    users = {user["UserName"]: user for page in pages for user in page["UserDetailList"]}
    groups = {group["GroupName"]: group for page in pages for group in page["GroupDetailList"]}
    assert sizes == [100, 100, 25]
    assert [page["IsTruncated"] for page in pages] == [True, True, False]
    assert "Marker" not in pages[-1]
    assert (len(users), len(groups)) == (USERS, GROUPS)
    assert users["u000"]["GroupList"] == ["g000", "g001"]
    assert groups["g001"]["Path"] == "/RoleModel/"
    assert groups["g001"]["GroupPolicyList"][0]["PolicyDocument"]["Statement"][0]["Action"] == "sts:AssumeRole"


def test_largest_page_holds_everything(full: Any) -> None:
    page = full.get_account_authorization_details(Filter=["User", "Group"], MaxItems=1000)
    assert (len(page["UserDetailList"]), len(page["GroupDetailList"]), page["IsTruncated"]) == (USERS, GROUPS, False)


def test_filter_leaves_out_the_rest(full: Any) -> None:
    page = full.get_account_authorization_details(Filter=["Group"], MaxItems=1000)
    assert (len(page["UserDetailList"]), len(page["GroupDetailList"])) == (0, GROUPS)


def test_details_without_filter_hold_roles_and_policies(iam: Any) -> None:
    trust = policy(Effect="Allow", Principal={"Service": "ec2.amazonaws.com"}, Action="sts:AssumeRole")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust)
    iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=policy())
    iam.create_policy(PolicyName="own", PolicyDocument=policy())
    page = iam.get_account_authorization_details()
    assert page["RoleDetailList"][0]["RolePolicyList"][0]["PolicyName"] == "p"
    assert page["Policies"][0]["PolicyVersionList"][0]["IsDefaultVersion"] is True


@pytest.mark.parametrize(
    ("operation", "arguments", "key", "expected"),
    [
        ("list_groups", {}, "Groups", GROUPS),
        ("list_groups", {"PathPrefix": "/RoleModel/", "PaginationConfig": {"PageSize": 20}}, "Groups", 52),
        ("list_users", {}, "Users", USERS),
        ("get_group", {"GroupName": "g000"}, "Users", USERS),
    ],
)
def test_lists_are_paged(full: Any, operation: str, arguments: dict[str, Any], key: str, expected: int) -> None:
    pages = list(full.get_paginator(operation).paginate(**arguments))
    names = [str(item) for page in pages for item in page[key]]
    assert len(pages) > 1
    assert max(len(page[key]) for page in pages) <= 100
    assert len(names) == len(set(names)) == expected


def test_list_that_shrinks_between_pages_skips_nothing(iam: Any) -> None:
    for name in "abcd":
        iam.create_group(GroupName=name)
    first = iam.list_groups(MaxItems=2)
    iam.delete_group(GroupName="a")
    second = iam.list_groups(MaxItems=2, Marker=first["Marker"])
    assert [group["GroupName"] for group in second["Groups"]] == ["c", "d"]


@pytest.mark.parametrize("marker", ["made up", "bWFkZSB1cA=="])
def test_invented_marker_is_refused(full: Any, marker: str) -> None:
    with pytest.raises(ClientError) as refusal:
        full.list_groups(Marker=marker)
    assert code_of(refusal) == ("ValidationError", 400)


def test_page_over_a_thousand_is_refused(aws: EmbeddedAws, full: Any) -> None:
    with pytest.raises(ClientError) as refusal:
        full.get_account_authorization_details(MaxItems=1001)
    assert code_of(refusal) == ("ValidationError", 400)
