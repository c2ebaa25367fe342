"""Groups refuse what AWS refuses, with AWS's error codes."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from rolemodel_ci.sandbox.embedded import EmbeddedAws

from .conftest import code_of, new_account, policy


def test_groups_quota_is_kept_and_reported() -> None:
    with EmbeddedAws(groups_quota=2) as small:
        iam = small.client("iam", new_account())
        iam.create_group(GroupName="a")
        iam.create_group(GroupName="b")
        with pytest.raises(ClientError) as refusal:
            iam.create_group(GroupName="c")
        summary = iam.get_account_summary()["SummaryMap"]
    assert code_of(refusal) == ("LimitExceeded", 409)
    assert (summary["Groups"], summary["GroupsQuota"], summary["GroupsPerUserQuota"]) == (2, 2, 10)


def test_default_quota_is_awss(iam: Any) -> None:
    assert iam.get_account_summary()["SummaryMap"]["GroupsQuota"] == 300


def test_names_differ_by_more_than_case(iam: Any) -> None:
    iam.create_group(GroupName="RM.prod.Admin", Path="/RoleModel/")
    with pytest.raises(ClientError) as refusal:
        iam.create_group(GroupName="RM.Prod.admin", Path="/Other/")
    assert code_of(refusal) == ("EntityAlreadyExists", 409)


@pytest.mark.parametrize("name", ["x" * 129, "a b", "a/b", "ä"])
def test_names_outside_the_alphabet_are_refused(iam: Any, name: str) -> None:
    with pytest.raises(ClientError) as refusal:
        iam.create_group(GroupName=name)
    assert code_of(refusal) == ("ValidationError", 400)


def test_longest_name_is_taken(iam: Any) -> None:
    assert iam.create_group(GroupName="x" * 128)["Group"]["GroupName"] == "x" * 128


@pytest.mark.parametrize("path", ["RoleModel", "/RoleModel", "/Role Model/"])
def test_paths_begin_and_end_with_a_slash(iam: Any, path: str) -> None:
    with pytest.raises(ClientError) as refusal:
        iam.create_group(GroupName="a", Path=path)
    assert code_of(refusal) == ("ValidationError", 400)


def test_user_is_in_ten_groups_at_most(iam: Any) -> None:
    iam.create_user(UserName="carol")
    for number in range(11):
        iam.create_group(GroupName=f"g{number}")
    for number in range(10):
        iam.add_user_to_group(GroupName=f"g{number}", UserName="carol")
    iam.add_user_to_group(GroupName="g0", UserName="carol")  # once more into the same group is no change
    with pytest.raises(ClientError) as refusal:
        iam.add_user_to_group(GroupName="g10", UserName="carol")
    assert code_of(refusal) == ("LimitExceeded", 409)
    assert len(iam.list_groups_for_user(UserName="carol")["Groups"]) == 10


def test_policies_of_a_group_have_a_size_in_sum(iam: Any) -> None:
    iam.create_group(GroupName="g")
    roles = [f"arn:aws:iam::2000000{number:05d}:role/Admin" for number in range(80)]
    half = policy(Effect="Allow", Action="sts:AssumeRole", Resource=roles)
    assert 2560 < len("".join(half.split())) < 5120
    iam.put_group_policy(GroupName="g", PolicyName="one", PolicyDocument=half + " " * 4000)
    with pytest.raises(ClientError) as refusal:
        iam.put_group_policy(GroupName="g", PolicyName="two", PolicyDocument=half)
    iam.put_group_policy(GroupName="g", PolicyName="one", PolicyDocument=half)  # in place of itself it fits
    assert code_of(refusal) == ("LimitExceeded", 409)
    assert iam.list_group_policies(GroupName="g")["PolicyNames"] == ["one"]


@pytest.mark.parametrize(
    "document",
    [
        "not json",
        "{}",
        '{"Version": "2012-10-17", "Statement": []}',
        '{"Version": "2020-01-01", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}',
        policy(Action="sts:AssumeRole", Resource="*"),
        policy(Effect="allow", Action="sts:AssumeRole", Resource="*"),
        policy(Effect="Allow", Resource="*"),
        policy(Effect="Allow", Action="AssumeRole", Resource="*"),
        policy(Effect="Allow", Action="sts:AssumeRole"),
        policy(Effect="Allow", Action="sts:AssumeRole", Resource="role/Admin"),
        policy(Effect="Allow", Action="sts:AssumeRole", Resource=["*", "None"]),
        policy(Effect="Allow", Action="sts:AssumeRole", Resource={"Ref": "Role"}),
        policy(Effect="Allow", Action="sts:AssumeRole", Resource="*", Principal="*"),
        policy(Effect="Allow", Action="sts:AssumeRole", Resource="*", Extra="x"),
    ],
)
def test_malformed_policies_are_refused(iam: Any, document: str) -> None:
    iam.create_group(GroupName="g")
    with pytest.raises(ClientError) as refusal:
        iam.put_group_policy(GroupName="g", PolicyName="p", PolicyDocument=document)
    assert code_of(refusal) == ("MalformedPolicyDocument", 400)
    assert iam.list_group_policies(GroupName="g")["PolicyNames"] == []


def test_group_in_use_cannot_be_deleted(iam: Any) -> None:
    iam.create_user(UserName="carol")
    arn = iam.create_policy(PolicyName="p", PolicyDocument=policy())["Policy"]["Arn"]
    iam.create_group(GroupName="g")
    uses: list[tuple[str, str, dict[str, str]]] = [
        ("add_user_to_group", "remove_user_from_group", {"UserName": "carol"}),
        ("put_group_policy", "delete_group_policy", {"PolicyName": "inline", "PolicyDocument": policy()}),
        ("attach_group_policy", "detach_group_policy", {"PolicyArn": arn}),
    ]
    for use, release, what in uses:
        getattr(iam, use)(GroupName="g", **what)
        with pytest.raises(ClientError) as refusal:
            iam.delete_group(GroupName="g")
        assert code_of(refusal) == ("DeleteConflict", 409)
        getattr(iam, release)(GroupName="g", **{k: v for k, v in what.items() if k != "PolicyDocument"})
    iam.delete_group(GroupName="g")
    assert iam.list_groups()["Groups"] == []


def test_user_in_a_group_cannot_be_deleted(iam: Any) -> None:
    iam.create_user(UserName="carol")
    iam.create_group(GroupName="g")
    iam.add_user_to_group(GroupName="g", UserName="carol")
    with pytest.raises(ClientError) as refusal:
        iam.delete_user(UserName="carol")
    assert code_of(refusal) == ("DeleteConflict", 409)


@pytest.mark.parametrize("call", ["delete_group", "get_group"])
def test_absent_group_is_no_such_entity(iam: Any, call: str) -> None:
    with pytest.raises(ClientError) as refusal:
        getattr(iam, call)(GroupName="nobody")
    assert code_of(refusal) == ("NoSuchEntity", 404)
