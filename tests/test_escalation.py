"""Which roles are as good as an administrator, or may be, and by what."""

from __future__ import annotations

import fnmatch
from pathlib import Path
from typing import Any

import pytest
from builders import TODAY, policy, template
from hypothesis import given
from hypothesis import strategies as st

from rolemodel_ci.cloudformation.desired_stacks import evaluate_stacks
from rolemodel_ci.cloudformation.evaluate import EvaluatedTemplate, StackContext, resolve
from rolemodel_ci.iam import patterns as module
from rolemodel_ci.iam.escalation import administrations, dangers, marks
from rolemodel_ci.iam.privilege import Mark, Privilege, Source

NONE, ASSUMING, BORROWING = None, Privilege.CHAINING, Privilege.BORROWING
UNKNOWN, PASSING = Privilege.UNKNOWN, Privilege.PASSING
IDENTITIES, ADMINISTRATOR = Privilege.IDENTITIES, Privilege.ADMINISTRATOR

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


def of(*statements: Any, **properties: Any) -> Privilege | None:
    """What is dangerous about a role with these statements."""
    resources = {"R": role(Policies=inline(*statements), **properties)}
    return levels(EvaluatedTemplate(resources, {})).get("R")


def levels(resolved: EvaluatedTemplate) -> dict[str, Privilege]:
    """The level of each dangerous role."""
    return {name: mark.privilege for name, mark in dangers(resolved).items()}


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
        ("ec2:*", BORROWING),
        ("[a-z]*", None),
        ("[!x]*", None),
    ],
)
def test_actions(action: str, danger: Privilege | None) -> None:
    assert of(allow(action)) == danger
    assert of(statement(Action=action)) == danger


@pytest.mark.parametrize(
    ("statements", "danger"),
    [
        ([allow("*"), deny("iam:*")], BORROWING),
        ([deny("IAM:*"), allow("*")], BORROWING),
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
        ([statement(NotAction=["iam:*", "organizations:*"])], BORROWING),
        ([statement(NotAction="iam:*"), allow("iam:PassRole")], PASSING),
        ([statement(NotAction=["IAM:CreateUser"])], ADMINISTRATOR),
        ([allow("ec2:*"), allow("iam:AttachRolePolicy")], IDENTITIES),
        ([statement("Permit", Action="*")], None),
        ([statement(Action="*"), statement("deny", Action="iam:*")], ADMINISTRATOR),  # IAM knows no `deny`
    ],
)
def test_statements_together(statements: list[Any], danger: Privilege | None) -> None:
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
        ({"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:role/${Name}"}, UNKNOWN),
        ({"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:role/${R}x"}, None),
        ("arn:aws:iam::*:mfa/*", None),
        ("arn:aws:iam::222222222222:role/ci", None),
        ("arn:aws:s3:::*", None),
        ({"Fn::GetAtt": ["Role", "Arn"]}, None),
        ([], None),
        ("", None),
    ],
)
def test_resources(resource: Any, danger: Privilege | None) -> None:
    assert of(allow("iam:*", Resource=resource)) == danger
    assert of(allow("iam:PassRole", Resource=resource)) == (PASSING if danger is IDENTITIES else danger)


def test_everything_but_a_few_is_as_good_as_everything() -> None:
    assert of(statement(Action="*", NotResource="arn:aws:s3:::x")) == ADMINISTRATOR


@pytest.mark.parametrize(
    ("managed", "statements", "danger"),
    [
        ([f"{AWS_MANAGED}AdministratorAccess"], [], ADMINISTRATOR),
        ("arn:aws-us-gov:iam::aws:policy/AdministratorAccess", [], ADMINISTRATOR),
        ([f"{AWS_MANAGED}IAMFullAccess"], [], IDENTITIES),
        ([f"{AWS_MANAGED}PowerUserAccess"], [], BORROWING),
        ([f"{AWS_MANAGED}ReadOnlyAccess", f"{AWS_MANAGED}AdministratorAccess"], [], ADMINISTRATOR),
        ([f"{AWS_MANAGED}AdministratorAccess"], [deny("iam:*")], BORROWING),
        ([f"{AWS_MANAGED}IAMFullAccess"], [statement(NotAction="iam:*")], ADMINISTRATOR),
        (["arn:aws:iam::1:policy/AdministratorAccess"], [], UNKNOWN),
        ([{"Ref": "Full"}], [], ADMINISTRATOR),
        ([{"Ref": "Nowhere"}], [], UNKNOWN),
        ([{"Fn::If": ["Unknown", f"{AWS_MANAGED}AdministratorAccess", {"Ref": "AWS::NoValue"}]}], [], ADMINISTRATOR),
    ],
)
def test_managed_policies(managed: Any, statements: list[Any], danger: Privilege | None) -> None:
    full = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": {"Statement": allow("*")}}}
    resources = {"R": role(Policies=inline(*statements), ManagedPolicyArns=managed), "Full": full}

    assert levels(EvaluatedTemplate(resources, {})) == ({"R": danger} if danger else {})


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
    found = levels(EvaluatedTemplate(resources, {}))

    assert found["R"] == IDENTITIES
    assert set(found) <= {"R", "Other"}


def test_a_document_may_be_written_as_text() -> None:
    document = '{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
    resources = {"R": role(Policies=[{"PolicyName": "P", "PolicyDocument": document}])}

    assert levels(EvaluatedTemplate(resources, {})) == {"R": ADMINISTRATOR}


def test_what_nobody_can_decide_counts_as_an_allow_and_not_as_a_deny() -> None:
    either = {"Fn::If": ["Unknown", allow("*"), {"Ref": "AWS::NoValue"}]}
    maybe = {"Fn::If": ["Unknown", deny("iam:*"), {"Ref": "AWS::NoValue"}]}

    assert of(either) == ADMINISTRATOR
    assert of(allow("*"), maybe) == ADMINISTRATOR
    assert of(allow("iam:*", "sts:AssumeRole"), deny("iam:*", "sts:*"), maybe) is None
    policies = {"Fn::If": ["Unknown", inline(allow("*"))[0], inline(deny("*"))[0]]}
    assert levels(EvaluatedTemplate({"R": role(Policies=[policies])}, {})) == {"R": ADMINISTRATOR}


@pytest.mark.parametrize(
    ("action", "resource", "danger"),
    [
        ("sts:AssumeRole", "*", ASSUMING),
        ("sts:*", "arn:aws:iam::*:role/*", BORROWING),
        ("sts:assumer?le", {"Fn::Join": [":", ["arn:aws:iam:", {"Ref": "AWS::AccountId"}, "role/*"]]}, ASSUMING),
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
def test_going_on_and_what_only_aws_knows(action: Any, resource: Any, danger: Privilege | None) -> None:
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
def test_policies_that_the_template_does_not_tell(properties: dict[str, Any], danger: Privilege | None) -> None:
    named = {"ManagedPolicyName": "Named", "Path": "/team/"}
    ours = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": {"Statement": allow("iam:*")}, **named}}

    assert levels(EvaluatedTemplate({"R": role(**properties), "Ours": ours}, {})).get("R") == danger


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
def test_a_role_that_may_change_itself(resource: Any, danger: Privilege | None) -> None:
    resources = {"R": role(Policies=inline(allow("iam:PutRolePolicy", Resource=resource)))}

    assert levels(EvaluatedTemplate(resources, {}, stack="Ops")).get("R") == danger
    denied = {**inline(deny("iam:*", Resource="arn:aws:iam::*:role/Ops-R-*"))[0], "PolicyName": "Q"}
    resources["R"]["Properties"]["Policies"].append(denied)
    assert levels(EvaluatedTemplate(resources, {}, stack="Ops")) == {}


def test_a_role_of_a_given_name_and_path_that_may_change_itself() -> None:
    statements = inline(allow("iam:AttachRolePolicy", Resource="arn:aws:iam::*:role/team/ops*"))
    resources = {
        "R": role(Policies=statements, RoleName="OpsPeople", Path="/team/"),
        "S": role(Policies=statements, RoleName="OpsPeople"),
    }

    assert levels(EvaluatedTemplate(resources, {})) == {"R": IDENTITIES}


@pytest.mark.parametrize("attached", ["ManagedPolicyArns", "Roles"])
def test_a_role_that_may_change_a_policy_that_it_has(attached: str) -> None:
    change = allow("iam:CreatePolicyVersion", Resource="arn:aws:iam::222222222222:policy/Ops-Own-*")
    own: dict[str, Any] = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": {"Statement": change}}}
    resources = {"R": role(), "S": role(Policies=inline(change)), "Own": own}
    if attached == "Roles":
        own["Properties"]["Roles"] = [{"Ref": "R"}]
    else:
        resources["R"] = role(ManagedPolicyArns=[{"Ref": "Own"}])

    assert levels(EvaluatedTemplate(resources, {}, stack="Ops")) == {"R": IDENTITIES}


def test_who_surely_is_an_administrator() -> None:
    resources = {
        "A": role(Policies=inline(allow("*"))),
        "B": role(Policies=inline(allow("iam:*"))),
        "C": role(Policies=inline(allow("iam:PassRole"))),
        "D": role(Policies=inline(allow("sts:*"))),
        "E": role(ManagedPolicyArns=[{"Fn::ImportValue": "x"}]),
        "F": role(),
    }

    assert sorted(levels(EvaluatedTemplate(resources, {}))) == ["A", "B", "C", "D", "E"]
    assert administrations(EvaluatedTemplate(resources, {})) == {"A", "B", "C"}


def test_the_roles_of_this_repository() -> None:
    own = policy("{}", roles=ACCESS.read_text(encoding="utf-8"))
    resolved = evaluate_stacks(own, TODAY).resolved["prod"]

    assert levels(resolved) == {"AdminRole": ADMINISTRATOR, "PowerRole": BORROWING}


def test_which_danger_is_worse() -> None:
    order = [ADMINISTRATOR, IDENTITIES, PASSING, UNKNOWN, BORROWING, ASSUMING, None]

    for i, now in enumerate(order[:-1]):
        assert now is not None
        befores = [None if before is None else Mark(before) for before in order]
        assert [Mark(now).worse_than(before) for before in befores] == [i < j for j in range(7)]


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
    assert sum(compared) < 200_000  # each is at most one pass over the text for every part of the pattern


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
    found = levels(EvaluatedTemplate(resources, {}))

    assert set(found.values()) <= {ADMINISTRATOR, IDENTITIES, PASSING, UNKNOWN, BORROWING, ASSUMING}
    assert set(found) <= {name for name, resource in resources.items() if resource["Type"] == "AWS::IAM::Role"}


@given(st.lists(st.sampled_from(["*", "iam:*", "iam:Put*", "iam:PassRole", "s3:*", "ec2:Run*"]), max_size=4), st.data())
def test_more_is_never_less_dangerous(actions: list[str], data: st.DataObject) -> None:
    order = [None, ASSUMING, BORROWING, PASSING, IDENTITIES, ADMINISTRATOR]
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

    assert levels(resolve(body, {}, StackContext("222222222222", "us-east-1", "S"))) == {}


ON_ALL = {"Action": "s3:GetObject", "Resource": "*"}
IMPORTED = {"Fn::ImportValue": "x"}
TEXT = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "%s"}]}'


def document(*statements: Any, **parts: Any) -> dict[str, Any]:
    """`Policies` with one document that has these statements and parts."""
    return {"Policies": [{"PolicyName": "P", "PolicyDocument": {"Statement": [*statements], **parts}}]}


@pytest.mark.parametrize(
    "properties",
    [
        document({"Effect": IMPORTED, **ON_ALL}),
        document({"Effect": {"Fn::If": ["Unknown", "Allow", "Deny"]}, **ON_ALL}),
        document({"Effect": {"Fn::Sub": "${Param}"}, **ON_ALL}),
        document({"Effect": {"Ref": "Param"}, **ON_ALL}),
        document({"Effect": "{{resolve:ssm:/x}}", **ON_ALL}),
        document({"Effect": ["Allow"], **ON_ALL}),
        document({"Effect": "allow", **ON_ALL}),
        document({"effect": "Allow", **ON_ALL}),
        document({"Effect": "Allow", "action": "s3:GetObject", "Resource": "*"}),
        document({"Effect": "Allow", "Actions": "*", **ON_ALL}),
        document({"Effect": "Allow", "Action": "s3:Get*", "NotAction": "s3:Put*", "Resource": "*"}),
        document({"Effect": "Allow", "Effect ": "Deny", **ON_ALL}),
        document({"Effect": "Allow", "Action": {"Fn::Split": [",", {"Ref": "Param"}]}, "Resource": "*"}),
        document({"Effect": "Allow", "NotAction": {"Ref": "Param"}, "Resource": "*"}),
        document({"Effect": "Allow", "Action": "iam:PassRole", "Resource": {"Ref": "Param"}}),
        document(
            {"Effect": "Allow", "Action": "iam:PassRole", "Resource": {"Fn::Sub": "arn:aws:iam::1:role/${Param}"}}
        ),
        document({"Effect": "Allow", "Action": "ssm:SendCommand", "Resource": {"Fn::GetAtt": ["Custom", "Arn"]}}),
        document({"Effect": "Allow", "Action": "ssm:SendCommand", "Resource": {"Fn::GetAtt": ["Value", "Value"]}}),
        document({"Effect": "Allow", "Action": "ssm:SendCommand", "Resource": [None]}),
        document(allow("s3:GetObject"), Version="2012-10-18"),
        document(allow("s3:GetObject"), Version=IMPORTED),
        document(allow("s3:GetObject"), version="2012-10-17"),
        document(allow("s3:GetObject"), statement=[allow("*")]),
        document([allow("*")]),
        document("Allow"),
        {"Policies": [["P"]]},
        {"Policies": "P"},
        {"Policies": IMPORTED},
        {"Policies": {"Fn::If": ["Unknown", {"Ref": "AWS::NoValue"}, IMPORTED]}},
        {"Policies": [{"PolicyName": "P", "PolicyDocument": {"Fn::Sub": TEXT % "${Param}"}}]},
        {"Policies": [{"PolicyName": "P", "PolicyDocument": {"Fn::Sub": TEXT % "${Value.Value}"}}]},
        {"Policies": [{"PolicyName": "P", "PolicyDocument": {"Fn::Sub": TEXT % "${Custom}"}}]},
        {"Policies": [{"PolicyName": "P", "PolicyDocument": {"Fn::Sub": [TEXT % "${X}", {"X": IMPORTED}]}}]},
        {"Policies": [{"PolicyName": "P", "PolicyDocument": TEXT % "{{resolve:ssm:/x}}"}]},
        {"Policies": [{"PolicyName": "P", "PolicyDocument": {"Fn::Join": ["", [TEXT, {"Ref": "Param"}]]}}]},
        {"Policies": [{"PolicyName": "P", "PolicyDocument": [allow("*")]}]},
        {"ManagedPolicyArns": IMPORTED},
        {"ManagedPolicyArns": {"Fn::Split": [",", {"Ref": "Param"}]}},
        {"ManagedPolicyArns": [[f"{AWS_MANAGED}AdministratorAccess"]]},
        {"ManagedPolicyArns": {"Fn::If": ["Unknown", {"Ref": "Param"}, {"Ref": "AWS::NoValue"}]}},
        {"ManagedPolicyArns": [{"Fn::Sub": f"{AWS_MANAGED}${{Param}}"}]},
        {"ManagedPolicyArns": [f"{AWS_MANAGED}{{{{resolve:ssm:/x}}}}"]},
        {"ManagedPolicyArns": [{"Fn::Sub": "arn:${Param}:iam::aws:policy/ReadOnlyAccess"}]},
        {"ManagedPolicyArns": [{"Ref": "Custom"}]},
    ],
)
def test_what_text_cannot_decide_is_unknown(properties: dict[str, Any]) -> None:
    others = {"Custom": {"Type": "Custom::Any"}, "Value": {"Type": "AWS::SSM::Parameter"}}
    found = marks(EvaluatedTemplate({"R": role(**properties), **others}, {}))["R"]

    assert found.privilege is UNKNOWN
    assert found.untold


@pytest.mark.parametrize(
    "denial",
    [
        {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {}},
        {"Effect": "Deny", "Action": "*", "resource": "*"},
        {"effect": "Deny", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "*", "Resource": "*", "Extra": "x"},
        {"Effect": "Deny", "Action": "*", "Resource": {"Ref": "Param"}},
        {"Effect": {"Fn::If": ["Unknown", "Deny", "Deny"]}, "Action": "*", "Resource": "*"},
        {"Effect": "DENY", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": {"Ref": "Param"}, "Resource": "*"},
        {"Effect": "Deny", "NotAction": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "*", "NotResource": "arn:aws:s3:::x"},
        {"Effect": "Deny", "Action": "*", "Resource": "*", "NotResource": "*"},
    ],
)
def test_a_denial_that_may_not_hold_denies_nothing(denial: dict[str, Any]) -> None:
    assert of(allow("*"), denial) == ADMINISTRATOR


@pytest.mark.parametrize(
    ("named", "who"),
    [
        ([{"Fn::Sub": "${R}"}], {"R": IDENTITIES}),
        ([{"Fn::Join": ["", [{"Ref": "R"}]]}], {"R": IDENTITIES}),
        ([{"Fn::If": ["Unknown", {"Ref": "R"}, {"Ref": "S"}]}], {"R": IDENTITIES, "S": IDENTITIES}),
        (["NAMED"], {"N": IDENTITIES}),
        (["elsewhere"], {}),
        (["Ops-R-1ABCDEFGHIJKL"], {"R": UNKNOWN}),
        (["ops-s-1abcdefghijkl"], {"S": UNKNOWN}),
        (["Ops-T-1ABCDEFGHIJKL"], {}),
        (IMPORTED, {"R": UNKNOWN, "S": UNKNOWN, "N": UNKNOWN}),
        ({"Ref": "Param"}, {"R": UNKNOWN, "S": UNKNOWN, "N": UNKNOWN}),
        ([{"Fn::Select": ["0", {"Ref": "Param"}]}], {"R": UNKNOWN, "S": UNKNOWN, "N": UNKNOWN}),
        ([{"Fn::GetAtt": ["R", "RoleId"]}], {"R": UNKNOWN, "S": UNKNOWN, "N": UNKNOWN}),
        ([{"Ref": "Value"}], {"R": UNKNOWN, "S": UNKNOWN, "N": UNKNOWN}),
        (["{{resolve:ssm:/x}}"], {"R": UNKNOWN, "S": UNKNOWN, "N": UNKNOWN}),
        ([["R"]], {"R": UNKNOWN, "S": UNKNOWN, "N": UNKNOWN}),
        ([], {}),
    ],
)
@pytest.mark.parametrize("kind", ["AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy"])
def test_a_policy_attached_by_what_only_aws_knows(kind: str, named: Any, who: dict[str, Privilege]) -> None:
    key = "RoleName" if kind.endswith("RolePolicy") else "Roles"
    attached = {"Type": kind, "Properties": {key: named, "PolicyDocument": {"Statement": [allow("iam:*")]}}}
    resources = {
        "R": role(), "S": role(), "N": role(RoleName="named"), "P": attached, "Value": {"Type": "AWS::SSM::Parameter"}
    }  # fmt: skip

    assert levels(EvaluatedTemplate(resources, {}, stack="Ops")) == who


def test_what_is_known_and_what_is_not_stand_together() -> None:
    statements = [
        allow("iam:PutRolePolicy", "lambda:*"),
        allow("ssm:SendCommand", Resource="arn:aws:ec2:*:*:instance/i-1"),
    ]
    properties = {"Policies": inline(*statements), "ManagedPolicyArns": [IMPORTED]}
    found = marks(EvaluatedTemplate({"R": role(**properties)}, {}))["R"]

    assert found.privilege is IDENTITIES
    assert found.actions == ("iam:PutRolePolicy", "lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration")
    assert found.limited == ("ssm:SendCommand",)
    assert [one.source for one in found.untold] == [Source.MANAGED_POLICY]


@pytest.mark.parametrize(
    ("resource", "level"),
    [
        ("arn:aws:lambda:*:*:function:*", BORROWING),
        ("arn:aws:lambda:eu-west-1:222222222222:*", BORROWING),
        ("arn:aws:*:*:*:*", BORROWING),
        ("arn:*", BORROWING),
        ("arn:aws:lambda:*:*:function:ours-*", Privilege.LIMITED),
        ("arn:aws:lambda:*:*:function:ours", Privilege.LIMITED),
        ({"Fn::GetAtt": ["F", "Arn"]}, Privilege.LIMITED),
        ("arn:aws:s3:::*", Privilege.NONE),
    ],
)
def test_how_much_of_a_service_is_reached(resource: Any, level: Privilege) -> None:
    resources = {
        "R": role(Policies=inline(allow("lambda:UpdateFunctionCode", Resource=resource))),
        "F": {"Type": "AWS::Lambda::Function"},
    }

    assert marks(EvaluatedTemplate(resources, {})).get("R", Mark(Privilege.NONE)).privilege is level


def changing(resource: Any, *denials: Any, **parts: Any) -> dict[str, Any]:
    """A role that may change the policies of what is named."""
    return role(Policies=inline(allow("iam:PutRolePolicy", Resource=resource), *denials), **parts)


@pytest.mark.parametrize(
    ("denied", "level"),
    [
        ("arn:aws:iam::*:role/Ops-R-*", Privilege.LIMITED),
        ({"Fn::GetAtt": ["R", "Arn"]}, Privilege.LIMITED),
        ({"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:role/${R}"}, Privilege.LIMITED),
        ("arn:aws:iam::999999999999:role/Ops-R-*", IDENTITIES),  # it may be another account
        ("arn:aws-cn:iam::*:role/Ops-R-*", IDENTITIES),
        ("arn:aws:iam:eu-west-1:*:role/Ops-R-*", IDENTITIES),
        ("arn:aws:iam::*:role/*xxxxxxxxxxxx", IDENTITIES),
        ("arn:aws:iam::*:role/Ops-R-????????????", IDENTITIES),  # it may be longer
        ("arn:aws:iam::*:role/Ops-R-????????????*", Privilege.LIMITED),
    ],
)
def test_a_denial_about_something_else_does_not_keep_a_role_from_changing_itself(denied: Any, level: Privilege) -> None:
    resources = {"R": changing("arn:aws:iam::222222222222:role/Ops-R-*", deny("iam:*", Resource=denied))}

    assert marks(EvaluatedTemplate(resources, {}, stack="Ops"))["R"].privilege is level


@pytest.mark.parametrize(
    ("resource", "level"),
    [
        ("arn:aws:iam::222222222222:role/Ops-R-1A2B3C4D5E6F", IDENTITIES),
        ("arn:aws:iam::222222222222:role/Ops-R-1A2B*", IDENTITIES),
        ("arn:aws:iam::222222222222:role/Ops-S-1A2B3C4D5E6F", Privilege.LIMITED),
        ("arn:aws:iam::222222222222:role/Ops", Privilege.LIMITED),
    ],
)
def test_a_role_may_change_itself_by_the_name_that_aws_has_made_up(resource: str, level: Privilege) -> None:
    assert marks(EvaluatedTemplate({"R": changing(resource)}, {}, stack="Ops"))["R"].privilege is level


def test_a_name_that_is_cut_off_is_known_by_how_the_stack_begins() -> None:
    long = "R" * 60
    resources = {long: changing("arn:aws:iam::222222222222:role/OperationsOfA-RRRRRRRRRR-1A2B3C4D5E6F")}

    assert marks(EvaluatedTemplate(resources, {}, stack="OperationsOfAll"))[long].privilege is IDENTITIES


def test_who_can_make_a_dangerous_role_its_own_is_dangerous() -> None:
    def taking(resource: Any) -> dict[str, Any]:
        return role(Policies=inline(allow("iam:UpdateAssumeRolePolicy", Resource=resource)))

    resources = {
        "Admin": role(Policies=inline(allow("*"))),
        "Harmless": role(Policies=inline(allow("s3:Get*"))),
        "Near": taking({"Fn::GetAtt": ["Admin", "Arn"]}),
        "Far": taking({"Fn::GetAtt": ["Near", "Arn"]}),
        "None": taking({"Fn::GetAtt": ["Harmless", "Arn"]}),
    }
    found = marks(EvaluatedTemplate(resources, {}, stack="Ops"))

    assert {name: mark.privilege for name, mark in found.items()} == {
        "Admin": ADMINISTRATOR, "Near": BORROWING, "Far": BORROWING, "None": Privilege.LIMITED
    }  # fmt: skip
    assert found["Far"].actions == ("iam:UpdateAssumeRolePolicy",)


KNOWN = st.sampled_from(["iam:*", "*", "iam:PassRole", "lambda:UpdateFunctionCode", "s3:Get*", "sts:AssumeRole"])
PLACES = st.sampled_from(["Effect", "Action", "Resource", "Statement", "PolicyDocument", "Policies"])


@given(
    st.lists(KNOWN, min_size=1, max_size=3), PLACES, st.sampled_from([IMPORTED, {"Ref": "Param"}, "{{resolve:ssm:/x}}"])
)
def test_what_becomes_undecided_never_counts_as_less_than_unknown(actions: list[str], place: str, unknown: Any) -> None:
    def built(hidden: str) -> dict[str, Any]:
        def put(key: str, value: Any) -> Any:
            return unknown if key == hidden else value

        written = {key: put(key, value) for key, value in allow(*actions).items()}
        whole = put("PolicyDocument", {"Statement": put("Statement", [written])})
        return role(Policies=put("Policies", [{"PolicyName": "P", "PolicyDocument": whole}]))

    def level(properties: dict[str, Any]) -> Privilege:
        return marks(EvaluatedTemplate({"R": properties}, {})).get("R", Mark(Privilege.NONE)).privilege

    assert level(built(place)) >= min(level(built("")), UNKNOWN)


@given(st.lists(KNOWN, max_size=3), st.lists(KNOWN, max_size=2))
def test_rights_that_are_unknown_take_nothing_away(actions: list[str], denied: list[str]) -> None:
    policies = inline(allow(*actions), deny(*denied))
    before = marks(EvaluatedTemplate({"R": role(Policies=policies)}, {})).get("R", Mark(Privilege.NONE))
    after = marks(EvaluatedTemplate({"R": role(Policies=policies, ManagedPolicyArns=[IMPORTED])}, {}))["R"]

    assert after.privilege >= max(before.privilege, UNKNOWN)
    assert after.actions == before.actions
