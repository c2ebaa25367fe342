"""What a change in Git asks for: who gains and loses what, what becomes of roles and accounts, what decides."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from builders import MASTER_ID, TODAY, policy, template
from hypothesis import given
from worlds import policies

import rolemodel_ci.access_request.role_changes as module
from rolemodel_ci.access_request.request import GrantChange, GrantChangeKind, Request, already_there, decides, request
from rolemodel_ci.access_request.role_changes import NewAccount
from rolemodel_ci.iam.canonical_policies import Principal
from rolemodel_ci.iam.differences import OUTPUTS, TEXTS, Difference
from rolemodel_ci.iam.privilege import Mark, Privilege
from rolemodel_ci.iam.role_diff import differences
from rolemodel_ci.iam.trust import TrustExposure, Way
from rolemodel_ci.model.desired import Grant, Policy
from rolemodel_ci.model.problem import Place, Problem
from rolemodel_ci.render.role_differences import Line, lines, way_text

YESTERDAY, TOMORROW = TODAY - timedelta(1), TODAY + timedelta(1)


def allowing(action: str | list[str], **also: Any) -> dict[str, Any]:
    """Properties of a role that may do this on everything."""
    document = {"Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}
    return {"Policies": [{"PolicyName": "Main", "PolicyDocument": document}], **also}


ROLES = {"Admin": allowing("*"), "Reader": allowing("s3:Get*")}

ADMINISTRATOR, IDENTITIES, PASSING = Privilege.ADMINISTRATOR, Privilege.IDENTITIES, Privilege.PASSING


def levels(marks: Mapping[tuple[str, str], Mark]) -> dict[tuple[str, str], Privilege]:
    """The level of each role by account and role."""
    return {key: mark.privilege for key, mark in marks.items()}


def told(found: Request) -> list[str]:
    """The grants in a few words."""
    return [f"{one.touch} {one.user} {one.account} {one.role}" for one in found.grants]


def asked(base: str | None, head: str | None, **how: Any) -> list[str]:
    """What two user maps differ in."""
    return told(request(policy(base, **how), policy(head, **how), TODAY))


def held(policy: Policy) -> dict[tuple[str, str, str], date | None]:
    """Who holds what, and until when, on TODAY."""
    there = {account.name for account in policy.present}
    grants = policy.users.grants if policy.users else ()
    return {(g.account, g.role, g.user): g.expires for g in grants if g.holds(TODAY) and g.account in there}


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ("[]", "[bob]", ["gains bob prod Admin"]),
        ("[bob]", "[]", ["loses bob prod Admin"]),
        ("[bob]", "[carol]", ["gains carol prod Admin", "loses bob prod Admin"]),
        ("[bob]", "[bob]", []),
        ("[{user: bob, reason: a}]", "[{user: bob, reason: b}]", []),
        ("[{user: bob, reason: a}]", "[bob]", []),
        ("[{user: bob, expires: 2027-01-01}]", "[{user: bob, expires: 2027-02-01}]", ["keeps longer bob prod Admin"]),
        ("[{user: bob, expires: 2027-02-01}]", "[{user: bob, expires: 2027-01-01}]", ["keeps shorter bob prod Admin"]),
        ("[{user: bob, expires: 2027-02-01}]", "[bob]", ["keeps longer bob prod Admin"]),
        ("[bob]", "[{user: bob, expires: 2027-02-01}]", ["keeps shorter bob prod Admin"]),
        ("[bob]", f"[{{user: bob, expires: {TODAY}}}]", ["keeps shorter bob prod Admin"]),
        ("[bob]", f"[{{user: bob, expires: {YESTERDAY}}}]", ["loses bob prod Admin"]),
        ("[]", f"[{{user: bob, expires: {YESTERDAY}}}]", []),
        (f"[{{user: bob, expires: {YESTERDAY}}}]", "[]", []),
        (f"[{{user: bob, expires: {YESTERDAY}}}]", f"[{{user: bob, expires: {TOMORROW}}}]", ["gains bob prod Admin"]),
    ],
)
def test_what_becomes_of_a_grant(before: str, after: str, found: list[str]) -> None:
    assert asked(f"prod: {{Admin: {before}}}", f"prod: {{Admin: {after}}}") == found


def test_a_grant_has_everything_that_a_reviewer_wants() -> None:
    base = policy("prod: {Admin: [{user: bob, expires: 2027-01-01}, carol]}", roles=ROLES)
    head = policy("prod:\n  Admin:\n    - {user: bob, expires: 2027-02-01, reason: on call}", roles=ROLES)
    found = request(base, head, TODAY).grants

    longer, loses = found
    assert longer == GrantChange(
        GrantChangeKind.LONGER, "bob", "prod", "Admin", Place("users.yml", 3, 14), date(2027, 2, 1), "on call",
        Mark(ADMINISTRATOR), date(2027, 1, 1),
    )  # fmt: skip
    assert (loses.touch, loses.place.line, loses.danger, loses.until_then) == (
        GrantChangeKind.LOSES,
        1,
        Mark(ADMINISTRATOR),
        None,
    )
    assert (longer.gives, loses.gives) == (True, False)


def test_administrators_come_first_and_of_those_who_gain() -> None:
    base = policy("prod: {Admin: [old], Reader: [leaver]}\ndev: {Reader: [x]}", roles=ROLES)
    head = policy("prod: {Admin: [new], Reader: [zoe, ann]}\ndev: {Reader: [ann]}", roles=ROLES)

    assert told(request(base, head, TODAY)) == [
        "gains new prod Admin",
        "loses old prod Admin",
        "gains ann dev Reader",
        "gains ann prod Reader",
        "gains zoe prod Reader",
        "loses x dev Reader",
        "loses leaver prod Reader",
    ]


def test_accounts_come_and_go() -> None:
    base = policy("prod: {Admin: [bob]}\ndev: {Admin: [bob]}", accounts=["prod", "dev", "test"])
    head = policy("prod: {Admin: [bob]}\ncdn: {Admin: [eve]}", accounts=["prod", "dev absent", "cdn"])
    found = request(base, head, TODAY)

    assert (found.coming, found.going) == (("cdn",), ("dev", "test"))
    assert told(found) == ["gains eve cdn Admin", "loses bob dev Admin"]
    assert found.reshaped == ()  # what comes or goes as a whole is not told role by role


def test_an_absent_account_that_was_never_there_is_nothing() -> None:
    found = request(policy("{}", accounts=["prod"]), policy("{}", accounts=["prod", "dev absent"]), TODAY)

    assert found.is_empty
    assert request(policy("{}", accounts=["prod", "dev absent"]), policy("{}", accounts=["prod"]), TODAY).is_empty


def test_roles_come_go_and_change() -> None:
    base = policy("{}", roles={"Admin": {}, "Reader": {}, "Gone": {}})
    head = policy("{}", roles={"Admin": {}, "Reader": allowing("s3:*"), "New": {}})
    (shape,) = request(base, head, TODAY).reshaped

    assert shape.accounts == ("dev", "prod")
    assert [(d.name, d.what) for d in shape.differences] == [
        ("Gone", "removed"), ("New", "added"), ("Reader", "changed")
    ]  # fmt: skip
    assert (shape.widened(), shape.trusting(), shape.beside()) == (("Reader",), (), ())


def test_a_role_that_can_do_less_is_not_widened() -> None:
    base = policy("{}", roles={"Reader": allowing("s3:*", MaxSessionDuration="7200")})
    head = policy("{}", roles={"Reader": allowing("s3:*", MaxSessionDuration="3600", Description="x")})
    (shape,) = request(base, head, TODAY).reshaped

    assert shape.widened() == ()
    assert [d.what for d in shape.differences] == ["changed"]


def test_a_trust_that_changes_is_told() -> None:
    trust = {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}]}
    (shape,) = request(
        policy("{}"), policy("{}", roles={"Admin": {"AssumeRolePolicyDocument": trust}, "Reader": {}}), TODAY
    ).reshaped

    assert (shape.trusting(), shape.widened()) == (("Admin",), ("Admin",))


OTHER = "arn:aws:iam::999999999999:root"


def trusting(*principals: Any, **also: Any) -> dict[str, Any]:
    """Properties of a role that trusts these."""
    statements = [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": who} for who in principals]
    return {"AssumeRolePolicyDocument": {"Statement": statements}, **also}


def test_a_role_that_comes_with_a_way_in_from_outside_is_told() -> None:
    backdoor = trusting({"AWS": OTHER}, {"Service": "ec2.amazonaws.com"})
    found = request(policy("{}"), policy("{}", roles={"Admin": {}, "Reader": {}, "New": backdoor}), TODAY)

    ways = (Way(Principal("AWS", OTHER)), Way(Principal("Service", "ec2.amazonaws.com")))
    assert found.ways == {("dev", "New"): TrustExposure(ways, ways), ("prod", "New"): TrustExposure(ways, ways)}
    assert found.reshaped[0].trusting() == ()


def test_ways_into_a_role_that_is_widened_are_known_and_not_new() -> None:
    base = policy("{}", roles={"R": trusting({"AWS": OTHER})}, accounts=["prod"])
    head = policy("{}", roles={"R": trusting({"AWS": OTHER}, **allowing("*"))}, accounts=["prod"])

    assert request(base, head, TODAY).ways == {("prod", "R"): TrustExposure((Way(Principal("AWS", OTHER)),), ())}
    assert request(head, head, TODAY).ways == {}


def test_an_account_that_joins_has_its_id_its_roles_and_what_stands_beside_them() -> None:
    text = json.loads(template(ROLES))
    text["Resources"]["Extra"] = {"Type": "AWS::IAM::User"}
    text["Resources"]["Reader"]["Condition"] = "InProd"
    text["Conditions"] = {"InProd": {"Fn::Equals": [{"Ref": "AWS::AccountId"}, "222222222222"]}}
    one = policy("{}", roles=json.dumps(text), accounts=["prod"])
    two = policy("{}", roles=json.dumps(text), accounts=["prod", "dev", "test absent", "other"])
    extra = (("Extra", "AWS::IAM::User"),)

    assert request(one, two, TODAY).joining == (
        NewAccount("dev", "333333333333", ("Admin",), extra), NewAccount("other", None, ("Admin", "Reader"), extra)
    )  # fmt: skip
    assert [each.account for each in request(None, two, TODAY).joining] == ["dev", "other", "prod"]
    assert request(two, one, TODAY).joining == ()


def test_an_account_that_joins_with_the_id_of_another_says_so() -> None:
    base, head = policy("{}", accounts=["prod absent"]), policy("{}", accounts=["dev"])
    head = with_account(head, account_id="222222222222")

    assert [each.holder for each in request(base, head, TODAY).joining] == ["prod"]
    assert [each.holder for each in request(base, policy("{}", accounts=["prod"]), TODAY).joining] == [None]


def test_an_account_with_another_name_is_the_same_account() -> None:
    base = policy("prod: {Admin: [bob]}", accounts=["prod"])
    head = with_account(policy("live: {Admin: [bob]}", accounts=["live"]), account_id="222222222222")
    found = request(base, head, TODAY)

    assert (found.renamed, found.coming, found.going, found.leaving) == ((("prod", "live", False),), (), (), ())
    assert (found.joining, found.newly, found.is_empty) == ((), {}, False)
    assert told(found) == ["gains bob live Admin", "loses bob prod Admin"]


def test_who_is_in_an_account_that_says_its_former_name_keeps_everything() -> None:
    base = policy("prod: {Admin: [bob, eve]}", accounts=["prod"])
    head = policy("live: {Admin: [bob]}", accounts=["live"])
    found = request(base, with_account(head, account_id="222222222222", was="prod"), TODAY)

    assert (found.renamed, told(found)) == ((("prod", "live", True),), ["loses eve prod Admin"])


def test_a_former_name_of_another_account_hides_nobody_who_gains() -> None:
    base = policy("dev: {Admin: [bob]}")
    prod, _ = base.accounts
    head = policy("prod: {Admin: [bob]}")
    for accounts in ((replace(prod, was="dev"),), (replace(prod, account_id="999999999999", was="dev"),)):
        assert "gains bob prod Admin" in told(request(base, replace(head, accounts=accounts), TODAY))
    unnumbered = request(with_account(base, account_id=None), with_account(head, account_id=None, was="dev"), TODAY)
    assert "gains bob prod Admin" in told(unnumbered)


def test_what_a_change_of_name_brings_along_is_not_hidden() -> None:
    base = policy("{}", roles={"Reader": allowing("s3:GetObject")}, accounts=["prod"])
    head = policy("live: {Reader: [bob]}", roles={"Reader": allowing("*")}, accounts=["live"])
    found = request(base, with_account(head, account_id="222222222222", parameters=(("Level", "9"),)), TODAY)

    assert [(shape.accounts, shape.widened()) for shape in found.reshaped] == [(("live",), ("Reader",))]
    assert list(found.newly) == [("live", "Reader")]
    assert found.held == {("live", "Reader"): frozenset({"bob"})}
    assert ("parameters: Level", None, "9", "live") in [(s.key, s.before, s.after, s.account) for s in found.settings]


def test_names_that_are_exchanged_are_told_as_ids_and_the_accounts_by_id() -> None:
    base = policy("{}")
    prod, dev = base.accounts
    head = replace(base, accounts=(replace(prod, name="dev"), replace(dev, name="prod")))
    found = request(base, head, TODAY)

    assert (found.renamed, found.coming, found.going, found.reshaped) == ((), (), (), ())
    assert {setting.key for setting in found.settings} >= {"account_id"}


def test_an_id_that_moves_to_another_name_leaves_the_old_account() -> None:
    base = policy("{}")
    prod, dev = base.accounts
    head = replace(base, accounts=(replace(prod, account_id=dev.account_id),))
    found = request(base, head, TODAY)

    assert (found.going, found.leaving, found.coming) == (("prod",), ("prod",), ())


def test_what_comes_with_an_account_is_shown_where_no_other_has_it() -> None:
    declared = {
        "AssumingAccountID": {"Type": "String"},
        "Level": {"Type": "String", "Default": "1"},
        "Secret": {"Type": "String", "NoEcho": "true", "Default": "x"},
    }
    text = template({"R": {"RoleName": {"Fn::Sub": "r${Level}"}}}, Parameters=declared)
    base, head = policy("{}", roles=text, accounts=["prod"]), policy("{}", roles=text)
    prod, dev = head.accounts
    given = replace(dev, parameters=(("Level", "2"), ("Secret", "y")))
    other = replace(head, accounts=(prod, given))

    assert request(base, head, TODAY).arriving == ()
    (shape,) = request(base, other, TODAY).arriving
    assert (shape.accounts, [(d.name, d.what) for d in shape.differences]) == (("dev",), [("R", "added")])
    assert request(base, other, TODAY).joining[0].parameters == (("Level", "2"), ("Secret", "****"))


def test_an_account_that_joins_and_a_first_request_have_every_way_in() -> None:
    roles = {"R": trusting({"AWS": {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:root"}}), "S": {}}
    one, two = policy("{}", roles=roles, accounts=["prod"]), policy("{}", roles=roles)
    found = request(one, two, TODAY).ways

    assert {key: [*map(way_text, way.coming)] for key, way in found.items()} == {
        ("dev", "R"): ["arn:aws:iam::${AWS::AccountId}:root"]
    }
    assert found["dev", "R"].coming == found["dev", "R"].outsiders
    assert request(None, two, TODAY).ways.keys() == {("dev", "R"), ("prod", "R")}


def test_the_id_of_another_account_stays_in_sight() -> None:
    literal = {"AWS": "arn:aws:iam::222222222222:root"}  # prod's
    base = policy("{}", roles={"R": {}})
    head = policy("{}", roles={"R": trusting(literal, Tags=[{"Key": "x", "Value": "92222222222220"}])})
    dev, prod = request(base, head, TODAY).reshaped

    assert (dev.accounts, prod.accounts) == (("dev",), ("prod",))
    texts = [[line.text for line in lines(shape.differences[0]) if line.sign == "+"] for shape in (dev, prod)]
    assert [text[-1] for text in texts] == [
        "Allow sts:AssumeRole by arn:aws:iam::222222222222:root",
        "Allow sts:AssumeRole by arn:aws:iam::${AWS::AccountId}:root",
    ]
    assert texts[0][0] == texts[1][0]  # digits within a longer number are no id
    (way,) = request(base, head, TODAY).ways["dev", "R"].coming
    assert way_text(way) == "arn:aws:iam::222222222222:root"


HARMLESS = ("AWS::SNS::Topic", "AWS::Logs::LogGroup")
KEEPING_NOBODY_OUT = (
    *HARMLESS,
    *("AWS::IAM::User", "AWS::IAM::OIDCProvider", "AWS::Lambda::Function", "AWS::S3::Bucket", "AWS::KMS::Key"),
    *("AWS::EC2::Instance", "AWS::CloudWatch::Alarm"),
)


def test_a_new_role_that_trusts_users_of_the_master_by_name_needs_no_group() -> None:
    eve, ops = f"arn:aws:iam::{MASTER_ID}:user/eve", f"arn:aws:iam::{MASTER_ID}:role/ops"
    session = f"arn:aws:sts::{MASTER_ID}:assumed-role/ops/x"
    root = f"arn:aws:iam::{MASTER_ID}:root"
    base = policy("{}", roles={"Old": trusting({"AWS": [root, eve]})}, accounts=["prod"])
    roles = {"Old": trusting({"AWS": [root, eve, ops]}), "New": trusting({"AWS": [root, eve, session]})}
    head = policy("{}", roles=roles, accounts=["prod"])
    ways = request(base, head, TODAY).ways
    named = {role: [way_text(way) for way in ways["prod", role].named] for role in ("Old", "New")}

    assert named == {"Old": [ops], "New": sorted([eve, session])}
    assert ways["prod", "New"].outsiders == ()
    assert request(head, head, TODAY).ways == {}


@pytest.mark.parametrize(
    ("kind", "properties", "is_told"),
    [
        ("AWS::IAM::User", {}, True),
        ("AWS::IAM::ManagedPolicy", {}, True),
        ("AWS::IAM::OIDCProvider", {}, True),
        ("AWS::SSO::Assignment", {}, True),
        ("AWS::CloudFormation::Stack", {"TemplateURL": "https://s3.example/x"}, True),
        ("AWS::CloudFormation::StackSet", {}, True),
        ("AWS::CloudFormation::CustomResource", {"ServiceToken": "x"}, True),
        ("AWS::CloudFormation::Macro", {}, True),
        ("Custom::Anything", {"ServiceToken": "x"}, True),
        ("Own::Company::Thing::MODULE", {}, True),
        ("AWS::Lambda::Function", {}, True),
        ("AWS::Lambda::Permission", {}, True),
        ("AWS::S3::Bucket", {}, True),
        ("AWS::S3::BucketPolicy", {}, True),
        ("AWS::SQS::QueuePolicy", {}, True),
        ("AWS::SNS::TopicPolicy", {}, True),
        ("AWS::KMS::Key", {}, True),
        ("AWS::SecretsManager::ResourcePolicy", {}, True),
        ("AWS::EC2::Instance", {}, True),
        ("AWS::SNS::Topic", {"TopicName": "alarms"}, False),
        ("AWS::SNS::Topic", {"Subscription": [{"Endpoint": {"Fn::GetAtt": ["Function", "Arn"]}}]}, True),
        ("AWS::CloudWatch::Alarm", {"Period": "60"}, False),
        ("AWS::Logs::LogGroup", {"RetentionInDays": "7"}, False),
        ("AWS::Logs::LogGroup", {"ResourcePolicyDocument": {}}, True),
    ],
)
def test_what_may_give_access_beside_the_roles_is_told(kind: str, properties: Any, is_told: bool) -> None:
    text = json.loads(template())
    text["Resources"]["Extra"] = {"Type": kind, "Properties": properties}
    bare, full = policy("{}"), policy("{}", roles=json.dumps(text))
    text["Resources"]["Extra"]["Properties"] = {**properties, "Tags": []}
    other = policy("{}", roles=json.dumps(text))
    ways = [(bare, full), (full, other), (full, bare)]
    comes, changes, goes = (one for base, head in ways for one in request(base, head, TODAY).reshaped)

    assert tuple(d.name for d in comes.beside()) == (("Extra",) if is_told else ())
    assert tuple(d.name for d in changes.beside()) == (("Extra",) if is_told and kind not in HARMLESS else ())
    assert tuple(d.name for d in goes.beside()) == (() if kind in KEEPING_NOBODY_OUT else ("Extra",))
    assert comes.widened() == ()


def test_outputs_and_texts_are_nothing_beside_the_roles() -> None:
    text = json.loads(template())
    text["Outputs"] = {"A": {"Value": "policy of a role"}}
    head = policy("{}", roles=json.dumps(text))
    text["Resources"]["Admin"]["Properties"]["Description"] = "A role."
    shapes = [*request(policy("{}"), head, TODAY).reshaped]
    shapes += request(head, policy("{}", roles=json.dumps(text)), TODAY).reshaped

    assert [(d.kind, shape.beside()) for shape in shapes for d in shape.differences] == [(OUTPUTS, ()), (TEXTS, ())]


def test_accounts_share_a_difference_that_names_them() -> None:
    def with_own(action: str) -> dict[str, Any]:
        resource = {"Fn::Sub": "arn:aws:s3:::logs-${AWS::AccountId}/*"}
        document = {"Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}]}
        return {"Policies": [{"PolicyName": "Main", "PolicyDocument": document}]}

    names = ["prod", "dev", "other"]  # `other` has no id in the config
    base = policy("{}", roles={"Reader": with_own("s3:GetObject")}, accounts=names)
    head = policy("{}", roles={"Reader": with_own("s3:PutObject")}, accounts=names)
    (shape,) = request(base, head, TODAY).reshaped

    assert shape.accounts == ("dev", "other", "prod")
    own = "on arn:aws:s3:::logs-${AWS::AccountId}/*"
    assert lines(shape.differences[0]) == (
        Line("+", "policy Main", f"Allow s3:PutObject {own}"),
        Line("-", "policy Main", f"Allow s3:GetObject {own}"),
    )


def test_an_account_id_that_changes_is_told_as_it_is() -> None:
    resource = {"Fn::Sub": "arn:aws:s3:::logs-${AWS::AccountId}"}
    document = {"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource}]}
    roles = template({"Reader": {"Policies": [{"PolicyName": "Main", "PolicyDocument": document}]}})
    base, head = policy("{}", roles=roles, accounts=["prod"]), policy("{}", roles=roles, accounts=["prod"])
    head = with_account(head, account_id="999999999999")
    (shape,) = request(base, head, TODAY).reshaped

    assert [line.text.rpartition("-")[2] for line in lines(shape.differences[0])] == ["999999999999", "222222222222"]


def with_account(head: Policy, **account: Any) -> Policy:
    """The policy with something else in its only account."""
    return replace(head, accounts=(replace(head.accounts[0], **account),))


def test_accounts_that_differ_differently_are_told_apart() -> None:
    text = json.loads(template({"Reader": {"RoleName": {"Ref": "Name"}}}))
    text["Parameters"]["Name"] = {"Type": "String", "Default": "a"}
    base = policy("{}", roles=json.dumps(text), accounts=["prod", "dev"])
    text["Parameters"]["Name"]["Default"] = "b"
    head = policy("{}", roles=json.dumps(text), accounts=["prod", "dev"])
    (shape,) = request(base, head, TODAY).reshaped

    assert shape.accounts == ("dev", "prod")
    assert request(base, base, TODAY).reshaped == ()


def test_without_a_base_everything_is_asked_for() -> None:
    found = request(None, policy("prod: {Admin: [bob]}", roles=ROLES), TODAY)

    assert told(found) == ["gains bob prod Admin"]
    assert (found.coming, found.going, found.reshaped, found.whole) == (("dev", "prod"), (), (), False)
    assert levels(found.dangers) == {("prod", "Admin"): ADMINISTRATOR, ("dev", "Admin"): ADMINISTRATOR}
    assert found.newly == found.dangers
    assert request(policy(None), policy(None), TODAY).whole


def test_a_user_map_that_is_given_up_takes_nothing_away() -> None:
    base = policy("prod: {Admin: [bob]}\ndev: {Admin: [eve]}", roles=ROLES)
    found = request(base, policy(None, roles=ROLES), TODAY)

    assert (told(found), found.unmanaged, found.is_empty) == ([], True, False)
    gone = request(base, policy(None, roles={"Reader": {}}, accounts=["prod"]), TODAY)
    assert told(gone) == ["loses eve dev Admin", "loses bob prod Admin"]


def test_a_user_map_that_is_begun_gives_what_it_names() -> None:
    found = request(policy(None), policy("prod: {Admin: [bob]}"), TODAY)

    assert (told(found), found.unmanaged) == (["gains bob prod Admin"], False)
    assert request(policy(None), policy(None), TODAY).is_empty


@pytest.mark.parametrize(
    ("path", "decides_it"),
    [
        (".github/workflows/access.yml", True),
        (".github/CODEOWNERS", True),
        ("CODEOWNERS", True),
        ("docs/CODEOWNERS", True),
        (".github/actions/x/action.yml", True),
        ("bootstrap/account.yml", True),
        ("bootstrap/via/master.yml", True),
        ("docs/bootstrap/account.yml", False),
        ("users.yml", False),
        ("roles.yml", False),
        ("README.md", False),
        ("old/config.yml", False),
        ("github/workflows/x.yml", False),
        ("CODEOWNERS.md", False),
    ],
)
def test_files_that_decide(path: str, decides_it: bool) -> None:
    same = policy()

    assert decides(path, same) is decides_it
    found = request(same, same, TODAY, ("z", path, "a"))
    assert (found.files, found.is_empty) == ((path,) if decides_it else (), not decides_it)


def test_the_config_decides_where_it_says_something_else() -> None:
    same, other = policy(), policy(config="stack_deadline: 20")

    assert request(same, same, TODAY, ("config.yml",)).files == ()
    assert request(other, same, TODAY, ("config.yml",)).files == ("config.yml",)
    assert request(None, same, TODAY, ("config.yml",)).files == ("config.yml",)


def test_problems_that_were_there_are_told_apart_wherever_they_stand() -> None:
    def problem(line: int, message: str = "two (first in line 3)", code: str = "RM1", file: str = "a") -> Problem:
        return Problem(Place(file, line), code, message, "")

    before = [problem(4), problem(9, "other")]
    moved, second = problem(7, "two (first in line 5)"), problem(4)

    assert already_there([moved], before) == {moved}
    assert already_there([moved, second], before) == {second}
    assert already_there([problem(4, code="RM2"), problem(4, file="b")], before) == frozenset()


def test_what_is_dangerous_before_and_after_and_who_holds_it() -> None:
    users = "prod: {Admin: [bob], Reader: [carol, dave]}\ndev: {Reader: [erin]}"
    base = policy(users, roles={"Admin": allowing("*"), "Reader": allowing("s3:Get*")})
    head = policy(users, roles={"Admin": allowing("ec2:*"), "Reader": allowing("iam:*")})
    found = request(base, head, TODAY)

    assert levels(found.dangers) == {
        ("prod", "Admin"): ADMINISTRATOR,
        ("dev", "Admin"): ADMINISTRATOR,
        ("prod", "Reader"): IDENTITIES,
        ("dev", "Reader"): IDENTITIES,
    }
    assert levels(found.newly) == {("prod", "Reader"): IDENTITIES, ("dev", "Reader"): IDENTITIES}
    assert found.held == {
        ("prod", "Admin"): frozenset({"bob"}),
        ("prod", "Reader"): frozenset({"carol", "dave"}),
        ("dev", "Reader"): frozenset({"erin"}),
    }


@pytest.mark.parametrize(
    ("before", "after", "newly"),
    [
        ("s3:*", "*", ADMINISTRATOR),
        ("iam:PassRole", "iam:*", IDENTITIES),
        ("iam:*", "*", ADMINISTRATOR),
        ("*", "iam:*", None),
        ("iam:*", "iam:PassRole", None),
        ("*", "*", None),
        ("*", "s3:*", None),
        ("s3:*", "iam:PassRole", PASSING),
    ],
)
def test_newly_dangerous_is_what_was_not_so_bad_before(before: str, after: str, newly: Privilege | None) -> None:
    found = request(
        policy("{}", roles={"R": allowing(before)}, accounts=["prod"]),
        policy("{}", roles={"R": allowing(after)}, accounts=["prod"]),
        TODAY,
    )

    assert levels(found.newly) == ({("prod", "R"): newly} if newly else {})


def test_an_account_that_joins_has_new_roles() -> None:
    found = request(policy("{}", roles=ROLES, accounts=["prod"]), policy("{}", roles=ROLES), TODAY)

    assert levels(found.newly) == {("dev", "Admin"): ADMINISTRATOR}
    assert ("dev", "Admin") in found.dangers


def test_what_a_role_gains_is_told_though_its_level_stays() -> None:
    before = allowing("iam:PutRolePolicy")
    after = allowing(["iam:PutRolePolicy", "lambda:UpdateFunctionCode", "s3:Get*"])
    found = request(policy("{}", roles={"R": before}), policy("{}", roles={"R": after, "S": after}), TODAY)

    assert found.gained == {(name, "R"): ("lambda:UpdateFunctionCode",) for name in ("dev", "prod")}
    assert levels(found.newly) == {(name, "S"): IDENTITIES for name in ("dev", "prod")}


@pytest.mark.parametrize(("own_id", "times"), [(False, 1), (True, 500)])
def test_what_accounts_share_is_compared_once(own_id: bool, times: int, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[None] = []

    def counting(*sides: Any) -> tuple[Difference, ...]:
        calls.append(None)
        return differences(*sides)

    monkeypatch.setattr(module, "differences", counting)
    named = {"Tags": [{"Key": "a", "Value": {"Ref": "AWS::AccountId"}}]} if own_id else {}
    found = request(with_accounts("s3:*", named), with_accounts("ec2:*", named), TODAY)

    assert len(calls) == times
    assert [len(shape.accounts) for shape in found.reshaped] == [500]


def with_accounts(action: str, also: Any, number: int = 500) -> Policy:
    """A policy of many accounts with ids."""
    small = policy("{}", roles={"R": allowing(action, **also)}, accounts=["prod"])
    (one,) = small.accounts
    many = tuple(replace(one, name=f"a{n}", account_id=str(300_000_000_000 + n)) for n in range(number))
    return replace(small, accounts=many)


@given(policies(), policies())
def test_what_is_asked_for_leads_from_base_to_head(base: Policy, head: Policy) -> None:
    state, wanted = held(base), held(head)
    found = request(base, head, TODAY)
    for one in found.grants:
        key = (one.account, one.role, one.user)
        match one.touch:
            case GrantChangeKind.GAINS:
                assert key not in state
                state[key] = one.expires
            case GrantChangeKind.LOSES:
                del state[key]
            case _:
                assert state[key] == one.until_then != one.expires
                longer = (one.expires or date.max) > (state[key] or date.max)
                assert longer is (one.touch is GrantChangeKind.LONGER)
                state[key] = one.expires
    if head.users is not None:
        assert state == wanted
    assert len({(one.account, one.role, one.user) for one in found.grants}) == len(found.grants)
    assert set(found.coming) == {a.name for a in head.present} - {a.name for a in base.present}
    assert set(found.going) == {a.name for a in base.present} - {a.name for a in head.present}


@given(policies())
def test_no_change_asks_for_nothing(same: Policy) -> None:
    found = request(same, same, TODAY)

    assert found.is_empty
    assert found == Request(dangers=found.dangers)


def test_the_order_of_the_user_map_does_not_matter() -> None:
    one = policy("prod: {Admin: [a, b], Reader: [c]}\ndev: {Admin: [a]}")
    other = policy("dev: {Admin: [a]}\nprod: {Reader: [c], Admin: [b, a]}")

    assert request(one, other, TODAY).is_empty
    assert request(policy("{}"), one, TODAY).grants[0].place != request(policy("{}"), other, TODAY).grants[0].place
    assert Grant("prod", "Admin", "a", Place("users.yml")).holds(TODAY)
