"""Which roles are as good as an administrator."""

from __future__ import annotations

import fnmatch
from pathlib import Path
from typing import Any

import pytest
from builders import TODAY, policy, template
from hypothesis import given
from hypothesis import strategies as st

import rolemodel_ci.rights as module
from rolemodel_ci.checks.subject import subject
from rolemodel_ci.danger import (
    ADMINISTRATOR,
    ASSUMING,
    IDENTITIES,
    PASSING,
    UNKNOWN,
    administrations,
    dangers,
    worse,
)
from rolemodel_ci.resolve import Resolved, Where, resolve

ACCESS = Path(__file__).parent.parent / "access" / "roles.yml"
AWS_MANAGED = "arn:aws:iam::aws:policy/"


def statement(effect: str = "Allow", **parts: Any) -> dict[str, Any]:
    """A statement about every resource unless another is given."""
    about = {} if "Resource" in parts or "NotResource" in parts else {"Resource": "*"}
    return {"Effect": effect, **about, **parts}


def allow(*actions: Any, **parts: Any) -> dict[str, Any]:
    """An Allow of these actions."""
    return statement(Action=[*actions], **parts)


def deny(*actions: Any, **parts: Any) -> dict[str, Any]:
    """A Deny of these actions."""
    return statement("Deny", Action=[*actions], **parts)


def inline(*statements: Any) -> list[dict[str, Any]]:
    """`Policies` of a role, with one policy."""
    return [{"PolicyName": "P", "PolicyDocument": {"Statement": [*statements]}}]


def role(**properties: Any) -> dict[str, Any]:
    """A role."""
    return {"Type": "AWS::IAM::Role", "Properties": properties}


def of(*statements: Any, **properties: Any) -> str | None:
    """What is dangerous about a role with these statements."""
    resources = {"R": role(Policies=inline(*statements), **properties)}
    return dangers(Resolved(resources, {})).get("R")


@pytest.mark.parametrize(
    ("action", "danger"),
    [
        ("*", ADMINISTRATOR),
        ("**", ADMINISTRATOR),
        ("*:*", ADMINISTRATOR),
        ("?*", ADMINISTRATOR),
        ("iam:*", IDENTITIES),
        ("IAM:*", IDENTITIES),
        ("iam:Put*", IDENTITIES),
        ("iam:Put*Policy", IDENTITIES),
        ("iam:putRolePOLICY", IDENTITIES),
        ("iam:PutRolePolic?", IDENTITIES),
        ("i*", IDENTITIES),
        ("*Policy", IDENTITIES),
        ("iam:CreateAccessKey", IDENTITIES),
        ("iam:PassRole", PASSING),
        ("iam:pass*", PASSING),
        ("iam:Get*", None),
        ("iam:List*", None),
        ("iam:PutRolePolic", None),
        ("iam:PutRolePolicy?", None),
        ("iam", None),
        ("", None),
        ("s3:*", None),
        ("ec2:*", None),
        ("[a-z]*", None),
        ("[!x]*", None),
    ],
)
def test_actions(action: str, danger: str | None) -> None:
    assert of(allow(action)) == danger
    assert of(statement(Action=action)) == danger


@pytest.mark.parametrize(
    ("statements", "danger"),
    [
        ([allow("*"), deny("iam:*")], ASSUMING),
        ([deny("IAM:*"), allow("*")], ASSUMING),
        ([allow("*"), deny("*")], None),
        ([allow("iam:*"), deny("iam:Put*")], IDENTITIES),
        ([allow("*"), deny("iam:CreateAccessKey")], IDENTITIES),
        ([allow("*"), deny("organizations:*")], ADMINISTRATOR),
        ([allow("iam:PassRole"), deny("iam:PassRole")], None),
        ([allow("*"), deny("iam:*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "false"}})], ADMINISTRATOR),
        ([allow("*"), deny("iam:*", Resource="arn:aws:iam::*:role/ci")], ADMINISTRATOR),
        ([allow("*"), deny("iam:*", NotResource="arn:aws:iam::*:role/ci")], ADMINISTRATOR),
        ([allow("*"), statement("Deny", NotAction=["s3:*"])], None),
        ([allow("*"), statement("Deny", NotAction="iam:*")], IDENTITIES),
        ([allow("*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})], ADMINISTRATOR),
        ([statement(NotAction="s3:*")], ADMINISTRATOR),
        ([statement(NotAction=["iam:*", "organizations:*"])], ASSUMING),
        ([statement(NotAction="iam:*"), allow("iam:PassRole")], PASSING),
        ([statement(NotAction=["IAM:CreateUser"])], ADMINISTRATOR),
        ([allow("ec2:*"), allow("iam:AttachRolePolicy")], IDENTITIES),
        ([statement("Permit", Action="*")], None),
        ([statement(Action="*"), statement("deny", Action="iam:*")], ADMINISTRATOR),  # IAM knows no `deny`
    ],
)
def test_statements_together(statements: list[Any], danger: str | None) -> None:
    assert of(*statements) == danger


@pytest.mark.parametrize(
    ("resource", "danger"),
    [
        ("*", IDENTITIES),
        ("**", IDENTITIES),
        ("arn:*", IDENTITIES),
        ("arn:aws:iam::*", IDENTITIES),
        ("arn:aws:iam::*:*", IDENTITIES),
        ("arn:aws:*:*:*:*", IDENTITIES),
        ("arn:aws:iam::*:role/*", IDENTITIES),
        ("arn:aws:iam::222222222222:role/*", IDENTITIES),
        ("arn:aws:iam::222222222222:*", IDENTITIES),
        ("arn:aws-cn:iam::222222222222:user/*", IDENTITIES),
        ("arn:aws:iam::222222222222:policy/*", IDENTITIES),
        ("arn:aws:iam::222222222222:*/*", IDENTITIES),
        ({"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:role/*"}, IDENTITIES),
        ({"Fn::Sub": ["arn:aws:iam::${AWS::AccountId}:role/*", {}]}, IDENTITIES),
        (["arn:aws:s3:::x", "arn:aws:iam::1:group/*"], IDENTITIES),
        ("arn:aws:iam::*:role/team/*", None),
        ("arn:aws:iam::*:user/${aws:username}", None),
        ({"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:role/${Name}"}, None),
        ("arn:aws:iam::*:mfa/*", None),
        ("arn:aws:iam::222222222222:role/ci", None),
        ("arn:aws:s3:::*", None),
        ({"Fn::GetAtt": ["Role", "Arn"]}, None),
        ([], None),
        ("", None),
    ],
)
def test_resources(resource: Any, danger: str | None) -> None:
    assert of(allow("iam:*", Resource=resource)) == danger
    assert of(allow("iam:PassRole", Resource=resource)) == (PASSING if danger else None)


def test_everything_but_a_few_is_as_good_as_everything() -> None:
    assert of(statement(Action="*", NotResource="arn:aws:s3:::x")) == ADMINISTRATOR


@pytest.mark.parametrize(
    ("managed", "statements", "danger"),
    [
        ([f"{AWS_MANAGED}AdministratorAccess"], [], ADMINISTRATOR),
        ("arn:aws-us-gov:iam::aws:policy/AdministratorAccess", [], ADMINISTRATOR),
        ([f"{AWS_MANAGED}IAMFullAccess"], [], IDENTITIES),
        ([f"{AWS_MANAGED}PowerUserAccess"], [], ASSUMING),
        ([f"{AWS_MANAGED}ReadOnlyAccess", f"{AWS_MANAGED}AdministratorAccess"], [], ADMINISTRATOR),
        ([f"{AWS_MANAGED}AdministratorAccess"], [deny("iam:*")], ASSUMING),
        ([f"{AWS_MANAGED}IAMFullAccess"], [statement(NotAction="iam:*")], ADMINISTRATOR),
        (["arn:aws:iam::1:policy/AdministratorAccess"], [], UNKNOWN),
        ([{"Ref": "Full"}], [], ADMINISTRATOR),
        ([{"Ref": "Nowhere"}], [], UNKNOWN),
        ([{"Fn::If": ["Unknown", f"{AWS_MANAGED}AdministratorAccess", {"Ref": "AWS::NoValue"}]}], [], ADMINISTRATOR),
    ],
)
def test_managed_policies(managed: Any, statements: list[Any], danger: str | None) -> None:
    full = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": {"Statement": allow("*")}}}
    resources = {"R": role(Policies=inline(*statements), ManagedPolicyArns=managed), "Full": full}

    assert dangers(Resolved(resources, {})) == ({"R": danger} if danger else {})


@pytest.mark.parametrize(
    ("kind", "key", "owners"),
    [
        ("AWS::IAM::Policy", "Roles", [{"Ref": "R"}]),
        ("AWS::IAM::Policy", "Roles", ["named"]),
        ("AWS::IAM::ManagedPolicy", "Roles", [{"Ref": "R"}, {"Ref": "Other"}]),
        ("AWS::IAM::RolePolicy", "RoleName", {"Ref": "R"}),
        ("AWS::IAM::RolePolicy", "RoleName", "named"),
    ],
)
def test_policies_of_their_own(kind: str, key: str, owners: Any) -> None:
    attached = {"Type": kind, "Properties": {key: owners, "PolicyDocument": {"Statement": [allow("iam:*")]}}}
    resources = {"R": role(RoleName="named"), "Other": role(), "P": attached}
    found = dangers(Resolved(resources, {}))

    assert found["R"] == IDENTITIES
    assert set(found) <= {"R", "Other"}


def test_a_document_may_be_written_as_text() -> None:
    document = '{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
    resources = {"R": role(Policies=[{"PolicyName": "P", "PolicyDocument": document}])}

    assert dangers(Resolved(resources, {})) == {"R": ADMINISTRATOR}


def test_what_nobody_can_decide_counts_as_an_allow_and_not_as_a_deny() -> None:
    either = {"Fn::If": ["Unknown", allow("*"), {"Ref": "AWS::NoValue"}]}
    maybe = {"Fn::If": ["Unknown", deny("iam:*"), {"Ref": "AWS::NoValue"}]}

    assert of(either) == ADMINISTRATOR
    assert of(allow("*"), maybe) == ADMINISTRATOR
    assert of(allow("*"), deny("iam:*", "sts:*"), maybe) is None
    policies = {"Fn::If": ["Unknown", inline(allow("*"))[0], inline(deny("*"))[0]]}
    assert dangers(Resolved({"R": role(Policies=[policies])}, {})) == {"R": ADMINISTRATOR}


@pytest.mark.parametrize(
    ("action", "resource", "danger"),
    [
        ("sts:AssumeRole", "*", ASSUMING),
        ("sts:*", "arn:aws:iam::*:role/*", ASSUMING),
        ("sts:assume*", {"Fn::Join": [":", ["arn:aws:iam:", {"Ref": "AWS::AccountId"}, "role/*"]]}, ASSUMING),
        ("sts:AssumeRole", "arn:aws:iam::*:role/deployer", None),
        ("sts:AssumeRoleWithSAML", "*", None),
        ("sts:AssumeRole", {"Fn::GetAtt": ["Other", "Arn"]}, None),
        ("sts:AssumeRole", {"Fn::ImportValue": "x"}, UNKNOWN),
        ("sts:AssumeRole", {"Fn::Select": ["0", {"Fn::ImportValue": "x"}]}, UNKNOWN),
        ("iam:PassRole", "{{resolve:ssm:/x}}", UNKNOWN),
        ("iam:PassRole", {"Fn::Sub": ["${A}", {"A": {"Fn::ImportValue": "x"}}]}, UNKNOWN),
        ("iam:PassRole", {"Fn::Sub": ["arn:aws:iam::${A}:role/x", {"A": {"Ref": "AWS::AccountId"}}]}, None),
        ("iam:PassRole", {"Fn::Join": ["", [{"Fn::ImportValue": "x"}]]}, UNKNOWN),
        ("s3:Get*", {"Fn::ImportValue": "x"}, None),
        ({"Fn::ImportValue": "x"}, "*", UNKNOWN),
        ({"Fn::If": ["Unknown", "iam:PassRole", {"Ref": "AWS::NoValue"}]}, "*", PASSING),
        ("{{resolve:ssm:/x}}", "*", UNKNOWN),
        ({"Fn::ImportValue": "x"}, "arn:aws:s3:::x", None),
    ],
)
def test_going_on_and_what_only_aws_knows(action: Any, resource: Any, danger: str | None) -> None:
    assert of(allow(action, Resource=resource)) == danger
    assert of(allow(action, Resource=resource), deny("*")) is None


def test_what_only_aws_knows_is_denied_by_nothing_that_only_aws_knows() -> None:
    assert of(allow("*"), deny({"Fn::ImportValue": "x"})) == ADMINISTRATOR
    assert of(allow("*"), statement("Deny", NotAction={"Fn::ImportValue": "x"})) == ADMINISTRATOR
    assert of(allow("*"), deny("*", Resource={"Fn::ImportValue": "x"})) == ADMINISTRATOR
    assert of(statement(NotAction=[{"Fn::ImportValue": "x"}])) == UNKNOWN
    assert of(allow("iam:PassRole"), allow({"Fn::ImportValue": "x"})) == PASSING


@pytest.mark.parametrize(
    ("properties", "danger"),
    [
        ({"Policies": [{"Fn::ImportValue": "x"}]}, UNKNOWN),
        ({"Policies": [{"PolicyName": "P", "PolicyDocument": "{{resolve:ssm:/x}}"}]}, UNKNOWN),
        ({"Policies": [{"PolicyName": "P", "PolicyDocument": '{"Statement": [], "Statement": []}'}]}, UNKNOWN),
        ({"Policies": [{"PolicyName": "P", "PolicyDocument": {"Fn::GetAtt": ["A", "B"]}}]}, UNKNOWN),
        ({"Policies": inline({"Fn::ImportValue": "x"})}, UNKNOWN),
        ({"Policies": [{"PolicyName": "P", "PolicyDocument": {"Statement": {"Fn::ImportValue": "x"}}}]}, UNKNOWN),
        ({"Policies": [{"PolicyName": "P"}, {"Ref": "AWS::NoValue"}, None]}, None),
        ({"ManagedPolicyArns": {"Fn::ImportValue": "x"}}, UNKNOWN),
        ({"ManagedPolicyArns": ["{{resolve:ssm:/x}}"]}, UNKNOWN),
        ({"ManagedPolicyArns": ["arn:aws:iam::222222222222:policy/Theirs"]}, UNKNOWN),
        ({"ManagedPolicyArns": ["arn:aws:iam::222222222222:policy/team/Named"]}, IDENTITIES),
        ({"ManagedPolicyArns": [{"Fn::Sub": "${Ours}"}]}, IDENTITIES),
        ({"ManagedPolicyArns": [{"Fn::GetAtt": ["Ours", "PolicyArn"]}]}, IDENTITIES),
        ({"ManagedPolicyArns": [f"{AWS_MANAGED}ReadOnlyAccess", f"{AWS_MANAGED}job-function/Billing"]}, None),
        ({"ManagedPolicyArns": [{"Ref": "AWS::NoValue"}]}, None),
    ],
)
def test_policies_that_the_template_does_not_tell(properties: dict[str, Any], danger: str | None) -> None:
    named = {"ManagedPolicyName": "Named", "Path": "/team/"}
    ours = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": {"Statement": allow("iam:*")}, **named}}

    assert dangers(Resolved({"R": role(**properties), "Ours": ours}, {})).get("R") == danger


@pytest.mark.parametrize(
    ("resource", "danger"),
    [
        ("arn:aws:iam::222222222222:role/Ops*", IDENTITIES),
        ("arn:aws:iam::222222222222:role/team/Ops-R-*", None),
        ("arn:aws:iam::*:role/*-R-*", IDENTITIES),
        ({"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:role/Ops-*"}, IDENTITIES),
        ({"Fn::GetAtt": ["R", "Arn"]}, IDENTITIES),
        ({"Fn::Sub": "${R.Arn}"}, IDENTITIES),
        ({"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:role/${R}"}, IDENTITIES),
        ({"Fn::GetAtt": ["Other", "Arn"]}, None),
        ("arn:aws:iam::222222222222:role/Ops-S-*", None),
        ("arn:aws:s3:::role/Ops*", None),
    ],
)
def test_a_role_that_may_change_itself(resource: Any, danger: str | None) -> None:
    resources = {"R": role(Policies=inline(allow("iam:PutRolePolicy", Resource=resource)))}

    assert dangers(Resolved(resources, {}, stack="Ops")).get("R") == danger
    resources["R"]["Properties"]["Policies"] += inline(deny("iam:*", Resource="arn:aws:iam::*:role/Ops-R-*"))
    assert dangers(Resolved(resources, {}, stack="Ops")) == {}


def test_a_role_of_a_given_name_and_path_that_may_change_itself() -> None:
    statements = inline(allow("iam:AttachRolePolicy", Resource="arn:aws:iam::*:role/team/ops*"))
    resources = {
        "R": role(Policies=statements, RoleName="OpsPeople", Path="/team/"),
        "S": role(Policies=statements, RoleName="OpsPeople"),
    }

    assert dangers(Resolved(resources, {})) == {"R": IDENTITIES}


@pytest.mark.parametrize("attached", ["ManagedPolicyArns", "Roles"])
def test_a_role_that_may_change_a_policy_that_it_has(attached: str) -> None:
    change = allow("iam:CreatePolicyVersion", Resource="arn:aws:iam::222222222222:policy/Ops-Own-*")
    own: dict[str, Any] = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": {"Statement": change}}}
    resources = {"R": role(), "S": role(Policies=inline(change)), "Own": own}
    if attached == "Roles":
        own["Properties"]["Roles"] = [{"Ref": "R"}]
    else:
        resources["R"] = role(ManagedPolicyArns=[{"Ref": "Own"}])

    assert dangers(Resolved(resources, {}, stack="Ops")) == {"R": IDENTITIES}


def test_who_surely_is_an_administrator() -> None:
    resources = {
        "A": role(Policies=inline(allow("*"))),
        "B": role(Policies=inline(allow("iam:*"))),
        "C": role(Policies=inline(allow("iam:PassRole"))),
        "D": role(Policies=inline(allow("sts:*"))),
        "E": role(ManagedPolicyArns=[{"Fn::ImportValue": "x"}]),
        "F": role(),
    }

    assert sorted(dangers(Resolved(resources, {}))) == ["A", "B", "C", "D", "E"]
    assert administrations(Resolved(resources, {})) == {"A", "B", "C"}


def test_the_roles_of_this_repository() -> None:
    own = policy("{}", roles=ACCESS.read_text(encoding="utf-8"))
    resolved = subject(own, TODAY).resolved["prod"]

    assert dangers(resolved) == {"AdminRole": ADMINISTRATOR}


def test_which_danger_is_worse() -> None:
    order = [ADMINISTRATOR, IDENTITIES, PASSING, UNKNOWN, ASSUMING, None]

    for i, now in enumerate(order[:-1]):
        assert now is not None
        assert [worse(now, before) for before in order] == [i < j for j in range(6)]


@pytest.mark.parametrize(
    "pattern", ["*a" * 2_000 + "b", "*?" * 2_000, "iam:" + "*" * 60_000 + "x", "[" * 5_000, "?" * 60_000]
)
def test_patterns_made_to_take_long_do_not(pattern: str, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[int] = []

    def counting(text: str, wanted: str) -> bool:
        compared.append(len(text) * len(wanted))
        return fnmatch.fnmatchcase(text, wanted)

    monkeypatch.setattr(module, "fnmatchcase", counting)

    assert of(allow(pattern)) is None
    assert of(allow("iam:*", Resource=pattern)) is None
    assert len(compared) < 100  # each is at most one pass over the text for every part of the pattern


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from(["*", "iam:*", "Allow", "Deny", "{", "R"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "Effect",
                    "Action",
                    "NotAction",
                    "Resource",
                    "NotResource",
                    "Statement",
                    "Condition",
                    "Fn::If",
                    "Fn::Sub",
                    "Ref",
                ]
            )
            | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
PROPERTIES = st.dictionaries(
    st.sampled_from(["Policies", "ManagedPolicyArns", "PolicyDocument", "Roles", "RoleName", "PolicyName"]),
    JUNK,
    max_size=4,
)
KINDS = st.sampled_from(["AWS::IAM::Role", "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy", "X"])
RESOURCES = st.dictionaries(
    st.sampled_from(["R", "S", "P", "Q"]),
    st.fixed_dictionaries({"Type": KINDS}, optional={"Properties": PROPERTIES | JUNK}),
)


@given(RESOURCES)
def test_junk_never_raises(resources: dict[str, Any]) -> None:
    found = dangers(Resolved(resources, {}))

    assert set(found.values()) <= {ADMINISTRATOR, IDENTITIES, PASSING, UNKNOWN, ASSUMING}
    assert set(found) <= {name for name, resource in resources.items() if resource["Type"] == "AWS::IAM::Role"}


@given(st.lists(st.sampled_from(["*", "iam:*", "iam:Put*", "iam:PassRole", "s3:*", "ec2:Run*"]), max_size=4), st.data())
def test_more_is_never_less_dangerous(actions: list[str], data: st.DataObject) -> None:
    order = [None, ASSUMING, PASSING, IDENTITIES, ADMINISTRATOR]
    some = data.draw(st.lists(st.sampled_from(actions), max_size=4)) if actions else []
    denied = data.draw(st.lists(st.sampled_from(["iam:*", "iam:Put*", "*", "s3:*"]), max_size=2))

    assert order.index(of(allow(*some))) <= order.index(of(allow(*actions)))
    assert order.index(of(allow(*actions), deny(*denied))) <= order.index(of(allow(*actions)))


def test_a_template_s_own_conditions_are_followed() -> None:
    text = template(
        {"R": {"Policies": inline(allow("*")), "Condition": "Never"}, "S": {}},
        Conditions={"Never": {"Fn::Equals": ["a", "b"]}},
    )
    body = policy("{}", roles=text).template.body

    assert dangers(resolve(body, {}, Where("222222222222", "us-east-1", "S"))) == {}
