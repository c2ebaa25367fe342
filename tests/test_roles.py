"""What roles allow, line by line, and how two templates differ."""

from __future__ import annotations

from typing import Any

import pytest
from loading import BASE, base_with, body

from rolemodel_ci.cloudformation.evaluate import EvaluatedTemplate, StackContext, resolve
from rolemodel_ci.cloudformation.policies import PolicyText, policy_document, read_policy
from rolemodel_ci.cloudformation.roles import is_replaced, role_arn, role_name, role_names, role_path
from rolemodel_ci.iam.canonical_policies import Opaque
from rolemodel_ci.iam.canonical_policies import document as canonical
from rolemodel_ci.iam.canonical_values import Canon
from rolemodel_ci.iam.differences import TEXTS, Difference
from rolemodel_ci.iam.role_diff import differences
from rolemodel_ci.render.role_differences import Line, atom_text
from rolemodel_ci.render.role_differences import lines as lines_of

WHERE = StackContext("222222222222", "us-east-1", "RoleModel")

OTHER = "arn:aws:iam::aws:policy/ReadOnlyAccess"
PROPERTY = f"        - {OTHER}\n"


def meaning(text: str) -> EvaluatedTemplate:
    return resolve(body(text), {"AssumingAccountID": "111111111111"}, WHERE)


def changed(*replacements: tuple[str, str]) -> tuple[Difference, ...]:
    """What differs between the base template and the same with some text replaced."""
    return differences(meaning(BASE["roles.yml"]), meaning(base_with("roles", *replacements)))


def lines(*replacements: tuple[str, str]) -> list[str]:
    """The lines of the one role that differs."""
    (difference,) = changed(*replacements)
    assert difference.is_role
    assert difference.what == "changed"
    return [f"{line.sign} {line.part}: {line.text}" for line in lines_of(difference)]


def test_no_difference() -> None:
    assert changed() == ()


def test_a_managed_policy_goes_and_another_comes() -> None:
    assert lines((OTHER, "arn:aws:iam::aws:policy/Job")) == [
        "+ managed policies: arn:aws:iam::aws:policy/Job",
        f"- managed policies: {OTHER}",
    ]


def test_trust() -> None:
    assert lines(("${AssumingAccountID}", "999999999999")) == [
        "+ trust: Allow sts:AssumeRole by arn:aws:iam::999999999999:root",
        "- trust: Allow sts:AssumeRole by arn:aws:iam::111111111111:root",
    ]


def test_a_condition_of_the_trust() -> None:
    assert lines(
        (
            "            Action: sts:AssumeRole\n",
            """            Action: sts:AssumeRole
            Condition: {Bool: {aws:MultiFactorAuthPresent: true}, NumericLessThan: {aws:MultiFactorAuthAge: 3600}}
""",
        )
    ) == [
        "+ trust: Allow sts:AssumeRole by arn:aws:iam::111111111111:root when aws:MultiFactorAuthAge NumericLessThan "
        "3600 and aws:MultiFactorAuthPresent Bool true",
        "- trust: Allow sts:AssumeRole by arn:aws:iam::111111111111:root",
    ]


INLINE = """      Policies:
        - PolicyName: Buckets
          PolicyDocument:
            Statement:
              - {Effect: Allow, Action: ['s3:Get*', 's3:List*'], Resource: [b, a]}
              - {Effect: Deny, NotAction: [iam:Get*, a:B], NotResource: x}
"""


def test_an_inline_policy_statement_by_statement() -> None:
    assert lines((PROPERTY, PROPERTY + INLINE)) == [
        "+ policy Buckets: Allow s3:Get* on a, b",
        "+ policy Buckets: Allow s3:List* on a, b",
        "+ policy Buckets: Deny everything but a:B, iam:Get* on everything but x",
    ]


@pytest.mark.parametrize("owner", ["!Ref ReadOnlyRole", "[!Ref ReadOnlyRole]", "reader"])
@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("AWS::IAM::Policy", "PolicyName"),
        ("AWS::IAM::ManagedPolicy", "ManagedPolicyName"),
    ],
)
def test_a_policy_attached_by_reference_or_by_name_is_shown_with_its_role(owner: str, kind: str, name: str) -> None:
    named = base_with("roles", (PROPERTY, PROPERTY + "      RoleName: reader\n"))
    roles = owner if owner.startswith("[") else f"[{owner}]"
    attached = f"""  More:
    Type: {kind}
    Properties:
      {name}: Buckets
      Roles: {roles}
      PolicyDocument: {{Statement: {{Effect: Allow, Action: 's3:*', Resource: '*'}}}}
"""
    (difference,) = differences(meaning(named), meaning(named + attached))
    part = "policy Buckets of More" if name == "PolicyName" else "managed policy Buckets of More"
    assert (difference.name, difference.kind, difference.what) == ("ReadOnlyRole", "AWS::IAM::Role", "changed")
    assert lines_of(difference) == (Line("+", part, "Allow s3:* on *"),)


def test_a_role_policy_is_shown_with_its_role() -> None:
    attached = """  More:
    Type: AWS::IAM::RolePolicy
    Properties:
      PolicyName: Buckets
      RoleName: !Ref AdminRole
      PolicyDocument: {Statement: [{Effect: Allow, Action: 's3:*', Resource: '*'}]}
"""
    (difference,) = differences(meaning(BASE["roles.yml"]), meaning(BASE["roles.yml"] + attached))
    assert difference.name == "AdminRole"
    assert lines_of(difference) == (Line("+", "policy Buckets of More", "Allow s3:* on *"),)


@pytest.mark.parametrize("attribute", ["DeletionPolicy", "UpdateReplacePolicy"])
def test_a_policy_that_outlasts_its_removal_says_so_with_its_role(attribute: str) -> None:
    attached = f"""  More:
    Type: AWS::IAM::Policy
    {attribute}: Retain
    Properties:
      PolicyName: Buckets
      Roles: [!Ref AdminRole]
      PolicyDocument: {{Statement: []}}
"""
    (difference,) = differences(meaning(BASE["roles.yml"]), meaning(BASE["roles.yml"] + attached))
    assert difference.name == "AdminRole"
    assert lines_of(difference) == (
        Line("+", "policy Buckets of More", '{"Statement": []}'),
        Line("+", f"policy Buckets of More {attribute}", "Retain"),
    )


def test_a_policy_for_a_role_outside_the_template_stands_for_itself() -> None:
    attached = "  More:\n    Type: AWS::IAM::Policy\n    Properties: {PolicyName: x, Roles: [elsewhere]}\n"
    (difference,) = differences(meaning(BASE["roles.yml"]), meaning(BASE["roles.yml"] + attached))
    assert (difference.name, difference.kind, difference.what, difference.is_role) == (
        "More",
        "AWS::IAM::Policy",
        "added",
        False,
    )


def test_other_properties() -> None:
    assert lines((PROPERTY, PROPERTY + "      MaxSessionDuration: 7200\n      Tags: [{Key: a, Value: b}]\n")) == [
        "+ MaxSessionDuration: 7200",
        '+ Tags: [{"Key": "a", "Value": "b"}]',
    ]
    assert lines(("    Type: AWS::IAM::Role\n", "    Type: AWS::IAM::Role\n    DeletionPolicy: Retain\n")) == [
        "+ DeletionPolicy: Retain"
    ]


def test_roles_that_come_and_go_stand_first() -> None:
    old = meaning(BASE["roles.yml"] + "  Atopic: {Type: AWS::SNS::Topic}\nOutputs: {A: {Value: x}}\n")
    new = meaning(base_with("roles", ("  ReadOnlyRole:", "  ViewRole:")))
    assert [(d.name, d.what, d.kind) for d in differences(old, new)] == [
        ("ReadOnlyRole", "removed", "AWS::IAM::Role"),
        ("ViewRole", "added", "AWS::IAM::Role"),
        ("Atopic", "removed", "AWS::SNS::Topic"),
        ("Outputs", "changed", "outputs of the stack"),
    ]
    assert all(line.sign == "-" for line in lines_of(differences(old, new)[0]))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (PROPERTY, PROPERTY + "      Description: Look only\n"),
        ("          - Effect: Allow\n", "          - Sid: Trust\n            Effect: Allow\n"),
        ("        Statement:\n", "        Version: '2012-10-17'\n        Statement:\n"),
    ],
)
def test_texts_that_grant_nothing(old: str, new: str) -> None:
    assert changed((old, new)) == (Difference("Template", TEXTS, "changed"),)


def test_replaced_roles() -> None:
    old = meaning(BASE["roles.yml"])
    for added, replaced in (("RoleName: x", True), ("Path: /x/", True), ("MaxSessionDuration: 3600", False)):
        new = meaning(base_with("roles", (PROPERTY, f"{PROPERTY}      {added}\n")))
        assert is_replaced(old, new, "ReadOnlyRole") is replaced
        assert is_replaced(old, new, "AdminRole") is False


def test_names_paths_and_arns() -> None:
    text = base_with("roles", (PROPERTY, PROPERTY + "      RoleName: reader\n      Path: !Sub /${AWS::Region}/\n"))
    found = meaning(text)
    assert role_names(found) == ("AdminRole", "ReadOnlyRole")
    assert (role_name(found, "AdminRole"), role_path(found, "AdminRole")) == (None, "/")
    assert (role_name(found, "ReadOnlyRole"), role_path(found, "ReadOnlyRole")) == ("reader", "/us-east-1/")
    assert role_arn(found, "ReadOnlyRole", WHERE, "reader") == "arn:aws:iam::222222222222:role/us-east-1/reader"
    assert role_arn(found, "AdminRole", WHERE, "M-AdminRole-1X") == "arn:aws:iam::222222222222:role/M-AdminRole-1X"


def test_a_name_that_only_aws_can_tell() -> None:
    more = '      RoleName: !Sub "${AdminRole.RoleId}-x"\n      Path: !GetAtt A.B\n'
    found = meaning(base_with("roles", (PROPERTY, PROPERTY + more)))
    assert (role_name(found, "ReadOnlyRole"), role_path(found, "ReadOnlyRole")) == (None, None)
    (difference,) = differences(meaning(BASE["roles.yml"]), found)
    assert [line.text for line in lines_of(difference)] == ["${A.B}", "${AdminRole.RoleId}-x"]


STATEMENT = {"Effect": "Allow", "Action": "a:B"}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"Statement": STATEMENT | {"Resource": "*"}}, ["Allow a:B on *"]),
        (
            {"Statement": [{"Effect": "Allow", "Action": ["a:B", "c:D"], "Principal": "*"}]},
            ["Allow a:B by *", "Allow c:D by *"],
        ),
        (
            {"Statement": [STATEMENT | {"NotPrincipal": {"AWS": ["y", "x"], "Service": "z"}}]},
            ["Allow a:B by everybody but service z, x, y"],
        ),
        ({"Statement": [STATEMENT | {"Principal": {"Ref": "X"}}]}, ["Allow a:B by principal ${X}"]),
        ({"Statement": [STATEMENT | {"Condition": "odd"}]}, ["Allow a:B when odd"]),
        (
            {"Statement": ["odd", {"Action": {"Fn::GetAtt": ["A", "B"]}}]},
            ['effect "" ${A.B} with Effect: ${AWS::NoValue}', "odd"],
        ),
        ({"Fn::GetAtt": ["A", "B"]}, ["${A.B}"]),
        ({"Ref": "X"}, ["${X}"]),
        ("text", ["text"]),
        ('{"Statement": [{"Effect": "Allow", "Action": "a:B", "Resource": "*"}]}', ["Allow a:B on *"]),
        (
            {"Fn::Sub": '{"Statement": [{"Effect": "Allow", "Action": "a:B", "Resource": "${A.Arn}"}]}'},
            ["Allow a:B on ${A.Arn}"],
        ),
        ({"Fn::Sub": ['{"Statement": []}', {"x": "y"}]}, ['{"Statement": []}']),
        ({"Statement": [], "Id": "x", "Version": "2008-10-17"}, ['{"Statement": []}']),
        (
            {"Statement": STATEMENT, "Statements": [{"Effect": "Allow"}]},
            ["Allow a:B", '{"Statements": [{"Effect": "Allow"}]}'],
        ),
        (
            {"Statement": STATEMENT | {"Sid": "x", "action": "*", "Foo": {"Ref": "X"}}},
            ["Allow a:B with Foo: ${X} with action: *"],
        ),
        (
            {"Statement": {"Effect": "Allow", "NotAction": "a:B", "Action": "c:D"}},
            ["Allow c:D with NotAction: a:B"],
        ),
        ({"Statement": STATEMENT | {"Resource": "${saml:sub}"}}, ['Allow a:B on the text "${saml:sub}"']),
        (
            {"Version": "2012-10-17", "Statement": STATEMENT | {"Resource": "${saml:sub}"}},
            ["Allow a:B on ${saml:sub}"],
        ),
        (
            '{"Statement": {"Effect": "Allow", "Action": "a:B", "Condition": {"Bool": {"x": true, "y": 1.50}}}}',
            ["Allow a:B when x Bool true and y Bool 1.50"],
        ),
    ],
)
def test_statements(document: Any, expected: list[str]) -> None:
    assert statements(document) == expected


def statements(document: Any) -> list[str]:
    """What a policy document says, in words."""
    return sorted(map(atom_text, canonical(Canon({}, {}).value(document))))


def test_a_statement_of_many_actions_and_resources_is_one_line() -> None:
    actions, resources = ([f"{kind}:{i}" for i in range(2_000)] for kind in ("s3", "arn"))
    told = statements({"Statement": [{"Effect": "Allow", "Action": actions, "Resource": resources}]})
    assert len(told) == 1
    assert told[0].startswith("Allow s3:0, s3:1, ")
    assert len(told[0]) < 50_000


def test_a_document_that_is_no_json_stays_as_it_is() -> None:
    values: list[Any] = [None, "", "[]", "{", ["x"], {"Fn::Sub": {}}, {"Fn::Sub": []}]
    for value in values:
        assert policy_document(value) == value


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{", "is no JSON"),
        ("Statement: []", "is no JSON"),
        ("{'Statement': []}", "is no JSON"),
        ('{"Statement": "\\ud83d"}', "is no JSON"),
        ("[" * 100_000 + "]" * 100_000, "is no JSON"),
        ('{"a":' + "[" * 100 + "]" * 100 + "}", "is no JSON"),
        ("[]", "is no JSON object"),
        ('"x"', "is no JSON object"),
        ('{"a": NaN}', "has NaN, which is no JSON"),
        ('{"Statement": [], "Statement": []}', "has the key `Statement` twice in one object"),
        ('{"Statement": [{"Action": "a:B", "Action": "*"}]}', "has the key `Action` twice in one object"),
        ('{"A": 1, "\\u0041": 2}', "has the key `A` twice in one object"),
    ],
)
def test_a_text_that_iam_may_read_in_another_way(text: str, fault: str) -> None:
    assert read_policy(text) == PolicyText(None, fault)
    assert policy_document(text) == text
    (atom,) = canonical(Canon({}, {}).value(text))
    assert atom == Opaque(text)


def test_a_text_that_iam_reads() -> None:
    long = "x" * 2_000
    text = '{"Statement": [{"Effect": "Allow", "Action": "*", "\\ud83d\\ude00": "' + long + '", "' + long + '": []}]}'
    document, fault = read_policy(text)
    assert fault == ""
    assert document == {"Statement": [{"Effect": "Allow", "Action": "*", "😀": long, long: []}]}
