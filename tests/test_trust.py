"""Who may take on a role beside the users of the map, and of whom it asks for MFA."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolemodel_ci.iam.canonical_policies import document as canonical
from rolemodel_ci.iam.canonical_values import Canon
from rolemodel_ci.iam.open_trust import is_open, trust_statements
from rolemodel_ci.iam.trust import Trust, Way, outsiders, ways
from rolemodel_ci.render.role_differences import way_text

MASTER = "111111111111"
OWN = f"arn:aws:iam::{MASTER}:root"
OTHER = "arn:aws:iam::999999999999:root"


def allow(principal: Any, **parts: Any) -> dict[str, Any]:
    """A statement that lets somebody in."""
    return {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **parts}


def document(*statements: Any) -> dict[str, Any]:
    """A trust policy."""
    return {"Statement": [*statements]}


def outside(*statements: Any) -> tuple[str, ...]:
    """Who of others than the master account is let in."""
    return told(outsiders(trusted(document(*statements))))


def trusted(written: Any, master: str = MASTER) -> Trust:
    """A trust policy as a template has it, in canonical form."""
    return Trust(canonical(Canon({}, {}).value(written)), master)


def told(found: Iterable[Way]) -> tuple[str, ...]:
    """Ways in, in words."""
    return tuple(sorted(map(way_text, found)))


MFA_KEY = "aws:MultiFactorAuthPresent"
MFA = {"Bool": {MFA_KEY: "true"}}


@pytest.mark.parametrize(
    ("principal", "found"),
    [
        ({"AWS": OWN}, ()),
        ({"AWS": MASTER}, ()),
        ({"AWS": f"arn:aws-cn:iam::{MASTER}:user/bob"}, ()),
        ({"AWS": f"arn:aws:sts::{MASTER}:assumed-role/ci/x"}, ()),
        ({"AWS": [OWN, OTHER]}, (OTHER,)),
        ({"AWS": "999999999999"}, (OTHER,)),
        ({"AWS": f"arn:aws:s3::{MASTER}:x"}, (f"arn:aws:s3::{MASTER}:x",)),
        ({"AWS": f"arn:aws:iam::999999999999:role/{MASTER}"}, (f"arn:aws:iam::999999999999:role/{MASTER}",)),
        ({"AWS": OWN, "Service": ["ec2.amazonaws.com", "a.b"]}, ("service a.b", "service ec2.amazonaws.com")),
        ({"Federated": "cognito-identity.amazonaws.com"}, ("federated cognito-identity.amazonaws.com",)),
        ({"CanonicalUser": MASTER}, (f"canonical user {MASTER}",)),
        ("*", ("*",)),
        ({"AWS": "*"}, ("*",)),
        ({"AWS": {"Fn::GetAtt": ["Other", "Arn"]}}, ("${Other.Arn}",)),
        ({"AWS": {"Fn::If": ["C", OWN, OTHER]}}, (OTHER,)),
        ({"Fn::If": ["C", {"AWS": OWN}, {"Ref": "AWS::NoValue"}]}, ()),
        ({"Fn::If": ["C", {"AWS": OWN}, "*"]}, ("*",)),
        ({"AWS": {"Fn::ImportValue": "x"}}, ('{"Fn::ImportValue": "x"}',)),
    ],
)
def test_who_is_from_outside(principal: Any, found: tuple[str, ...]) -> None:
    assert outside(allow(principal)) == found


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        (allow({"AWS": OTHER}, Condition={"StringEquals": {"sts:ExternalId": "x"}}),
         (f"{OTHER} when sts:ExternalId StringEquals x",)),
        (allow({"AWS": OTHER}, Condition={}), (OTHER,)),
        (allow({"AWS": OTHER}, Effect="Deny"), ()),
        (allow({"AWS": OTHER}, Action="sts:TagSession"), ()),
        (allow({"AWS": OTHER}, Action=["sts:tagSession", "sts:SetSourceIdentity"]), ()),
        (allow({"AWS": OTHER}, Action=["sts:TagSession", "sts:*"]), (OTHER,)),
        ({"Effect": "Allow", "NotPrincipal": {"AWS": OTHER}, "Action": "*"}, (f"everybody but {OTHER}",)),
        ({"Effect": "Allow", "Principal": {"AWS": OTHER}, "NotAction": "sts:TagSession"}, (OTHER,)),
        ({"Fn::If": ["C", allow({"AWS": OWN}), allow({"Service": "a.b"})]}, ("service a.b",)),
        ({"Fn::ImportValue": "x"}, ('{"Fn::ImportValue": "x"}',)),
        ("what", ("what",)),
    ],
)  # fmt: skip
def test_statements(statement: Any, found: tuple[str, ...]) -> None:
    assert outside(allow({"AWS": OWN}), statement) == found


@pytest.mark.parametrize("document", [None, {}, {"Statement": []}])
def test_a_document_without_statements_lets_nobody_in(document: Any) -> None:
    assert [who for who in told(outsiders(trusted(document))) if who not in ("{}", "null", '{"Statement": []}')] == []


def test_documents_as_text_and_as_one_statement_are_read() -> None:
    text = {"Fn::Sub": json.dumps(document(allow({"AWS": OTHER})))}

    assert told(outsiders(trusted(text))) == (OTHER,)
    assert told(outsiders(trusted({"Statement": allow({"AWS": OTHER})}))) == (OTHER,)


def test_who_comes_by_a_change() -> None:
    before = trusted(document(allow({"AWS": [OWN, OTHER]})))
    after = trusted(document(allow({"AWS": OTHER, "Service": "a.b"})))

    assert [told(each) for each in (ways(before, after).outsiders, ways(before, after).coming)] == [
        (OTHER, "service a.b"), ("service a.b",)
    ]  # fmt: skip
    assert told(ways(None, after).coming) == (OTHER, "service a.b")
    assert (told(ways(after, before).outsiders), ways(after, before).coming) == ((OTHER,), ())


def test_another_master_account_makes_the_old_one_an_outsider() -> None:
    same = document(allow({"AWS": OWN}))

    assert told(ways(trusted(same), trusted(same, "222222222222")).coming) == (OWN,)


BOB = f"arn:aws:iam::{MASTER}:user/bob"
AGE = {"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}}
REFUSING = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}


def refusing(condition: Any, **parts: Any) -> dict[str, Any]:
    """A statement that keeps everybody out on a condition."""
    return {"Effect": "Deny", "Principal": "*", "Action": "sts:*", "Condition": condition, **parts}


@pytest.mark.parametrize(
    ("before", "after", "unasked"),
    [
        ([allow({"AWS": OWN}, Condition=MFA)], [allow({"AWS": OWN})], (OWN,)),
        ([allow({"AWS": MASTER}, Condition=MFA)], [allow({"AWS": OWN})], (OWN,)),
        ([allow({"AWS": OWN})], [allow({"AWS": OWN}, Condition=MFA)], ()),
        ([allow({"AWS": OWN})], [allow({"AWS": [OWN, OTHER]})], ()),
        ([allow({"AWS": OWN}, Condition=MFA)], [allow({"AWS": OWN}, Condition=AGE)], ()),
        ([allow({"AWS": OWN}, Condition=AGE)], [allow({"AWS": OWN})], (OWN,)),
        ([allow({"AWS": OWN}, Condition=MFA)], [allow({"AWS": OWN}, Condition={"Bool": {MFA_KEY: "false"}})], (OWN,)),
        ([allow({"AWS": OWN}, Condition=MFA)],
         [allow({"AWS": OWN}, Condition={"BoolIfExists": {MFA_KEY: "true"}})], (OWN,)),
        ([allow({"AWS": OWN}, Condition={"Bool": {MFA_KEY.upper(): ["True"]}})], [allow({"AWS": OWN})], (OWN,)),
        ([allow({"AWS": OWN}, Condition={"Null": {"aws:MultiFactorAuthAge": "false"}})], [allow({"AWS": OWN})], (OWN,)),
        ([allow({"AWS": OWN}, Condition=MFA)],
         [allow({"AWS": OWN}, Condition=MFA), allow({"AWS": OWN})], (OWN,)),  # a second way, without
        ([allow({"AWS": OWN}, Condition=MFA)],
         [allow({"AWS": OWN}, Condition=MFA), allow({"AWS": BOB})], (BOB,)),
        ([allow({"AWS": OWN}, Condition=MFA)], [allow({"AWS": OWN}, Condition=MFA), allow("*")], ("*",)),
        ([allow({"AWS": OWN}, Condition=MFA)], [allow({"AWS": OWN}, Condition=MFA), allow({"AWS": OTHER})], ()),
        ([allow({"AWS": OWN}, Condition=MFA)], [allow({"AWS": OTHER})], (OTHER,)),  # nobody is asked any more
        ([allow({"AWS": OWN}, Condition=MFA)], [allow({"Service": "a.b"})], ()),  # a service has none
        ([allow({"AWS": OWN}), refusing(REFUSING)], [allow({"AWS": OWN})], (OWN,)),
        ([allow({"AWS": OWN}), refusing(REFUSING)], [allow({"AWS": OWN}, Condition=MFA)], ()),
        ([allow({"AWS": OWN}), refusing(REFUSING, Principal={"AWS": OWN})], [allow({"AWS": OWN})], (OWN,)),
        ([allow({"AWS": OWN}), refusing(REFUSING, Action="sts:TagSession")], [allow({"AWS": OWN})], ()),
        ([allow({"AWS": OWN}), refusing({"Bool": {MFA_KEY: "false"}})], [allow({"AWS": OWN})], ()),  # keys passed
        ([allow({"AWS": OWN}), refusing(REFUSING | {"StringEquals": {"aws:username": "bob"}})],
         [allow({"AWS": OWN})], ()),
        ([], [allow({"AWS": OWN})], ()),
    ],
)  # fmt: skip
def test_who_is_no_longer_asked_for_mfa(before: list[Any], after: list[Any], unasked: tuple[str, ...]) -> None:
    assert told(ways(trusted(document(*before)), trusted(document(*after))).unasked) == unasked
    assert ways(None, trusted(document(*after))).unasked == ()


@pytest.mark.parametrize(
    ("condition", "is_it_open"),
    [
        (None, True),
        ({}, True),
        ("what", True),
        ({"Fn::If": ["C", {}, {}]}, True),
        ({"StringEquals": {"aws:PrincipalOrgID": "o-a1"}}, False),
        ({"StringEquals": {"aws:PrincipalOrgID": []}}, True),
        ({"StringEquals": {"aws:PrincipalOrgID": "*"}}, True),
        ({"StringLike": {"aws:PrincipalOrgID": "o-a?"}}, True),
        ({"StringEquals": {"aws:PrincipalOrgID": {"Fn::If": ["C", "o-a1", "o-b2"]}}}, False),
        ({"StringEquals": {"aws:PrincipalOrgID": {"Fn::If": ["C", "o-a1", "*"]}}}, True),
        ({"StringLike": {"aws:PrincipalOrgID": {"Fn::ImportValue": "x"}}}, True),
        ({"StringEquals": {"aws:PrincipalOrgID": {"Fn::Sub": "${!aws:PrincipalOrgID}${X.A}"}}}, True),
        ({"StringEquals": {"aws:PrincipalOrgID": "${aws:PrincipalOrgID}"}}, True),
        ({"ForAnyValue:StringEquals": {"aws:PrincipalOrgPaths": "o-a1/r-1/"}}, False),
        ({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "*/r-1/*"}}, True),
        ({"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{MASTER}:role/*"}}, False),
        ({"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::*:role/x"}}, True),
        ({"ArnEquals": {"aws:PrincipalArn": "arn:*:*"}}, True),
        ({"ArnNotEquals": {"aws:PrincipalArn": f"arn:aws:iam::{MASTER}:role/*"}}, True),
        ({"StringLikeIfExists": {"aws:PrincipalAccount": MASTER}}, True),
        ({"StringEquals": {"aws:username": "bob"}}, True),
        ({"StringEquals": {"sts:ExternalId": "x"}, "StringLike": {"aws:PrincipalAccount": MASTER}}, False),
    ],
)
def test_conditions_that_leave_the_world_out(condition: Any, is_it_open: bool) -> None:
    assert is_open(allow({"AWS": [OWN, "*"]}, Condition=condition)) is is_it_open
    assert is_open(allow("*", Condition=condition)) is is_it_open
    assert not is_open(allow({"AWS": OWN}, Condition=condition))
    assert not is_open(allow("*", Effect="Deny", Condition=condition))
    assert is_open({"Effect": "Allow", "NotPrincipal": {"AWS": OWN}, "Condition": condition})


def test_both_branches_of_a_principal_count() -> None:
    assert is_open(allow({"AWS": {"Fn::If": ["C", OWN, "*"]}}))
    assert not is_open(allow({"Service": "*"}))


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.sampled_from(["*", "Allow", "Deny", OWN, "{"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["Effect", "Action", "Principal", "NotPrincipal", "AWS", "Statement", "Condition", "Bool", "Fn::If"]
            )
            | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JUNK, JUNK)
def test_junk_never_raises(before: Any, after: Any) -> None:
    found = ways(trusted(before), trusted(after))

    assert set(found.coming) <= set(found.outsiders)
    assert {is_open(statement) for statement in trust_statements(after)} <= {True, False}


GITHUB = "token.actions.githubusercontent.com"
EKS = "oidc.eks.eu-west-1.amazonaws.com/id/A"
OIDC = f"arn:aws:iam::{MASTER}:oidc-provider/"


def equal(**keys: Any) -> dict[str, Any]:
    """A condition on claims of GitHub by StringEquals."""
    return {"StringEquals": {f"{GITHUB}:{key}": value for key, value in keys.items()}}


def like(host: str, claim: str, *values: Any) -> dict[str, Any]:
    """A condition by StringLike."""
    return {"StringLike": {f"{host}:{claim}": [*values]}}


@pytest.mark.parametrize(
    ("provider", "condition", "is_it_open"),
    [
        (OIDC + GITHUB, None, True),
        (OIDC + GITHUB, {}, True),
        (OIDC + GITHUB, equal(aud="sts.amazonaws.com"), True),
        (OIDC + GITHUB, equal(sub="repo:acme/access:ref:refs/heads/main"), False),
        (OIDC + GITHUB, equal(sub="repo:acme@1/access@2:ref:refs/heads/main"), False),
        (OIDC + GITHUB, equal(sub="environment:prod"), True),
        (OIDC + GITHUB, equal(sub=["repo:acme/access:pull_request", "environment:prod"]), True),
        (OIDC + GITHUB, equal(repository_owner="acme"), False),
        (OIDC + GITHUB, equal(repository_id="42"), False),
        (OIDC + GITHUB, equal(repository="acme/access"), False),
        (OIDC + GITHUB, equal(environment="prod"), True),
        (OIDC + GITHUB, equal(sub={"Ref": "Subject"}), False),
        (OIDC + GITHUB, equal(sub={"Fn::Split": [",", {"Ref": "Subjects"}]}), True),
        (OIDC + GITHUB, equal(sub=[]), True),
        (OIDC + GITHUB, like(GITHUB, "sub", "repo:acme/*"), False),
        (OIDC + GITHUB, like(GITHUB, "sub", "repo:acme/access:*"), False),
        (OIDC + GITHUB, like(GITHUB, "sub", "repo:acme*"), True),
        (OIDC + GITHUB, like(GITHUB, "sub", "repo:*/access:ref:refs/heads/main"), True),
        (OIDC + GITHUB, like(GITHUB, "sub", "repo:?cme/access:*"), True),
        (OIDC + GITHUB, like(GITHUB, "sub", "*"), True),
        (OIDC + GITHUB, like(GITHUB, "sub", "repo:acme/*", "repo:*"), True),
        (OIDC + GITHUB, like(GITHUB, "sub", "repo:${Org}/*"), True),
        (OIDC + GITHUB, like(GITHUB, "repository_owner", "acm*"), True),
        (OIDC + GITHUB, like(GITHUB, "sub", "*:repository_owner:acme"), True),
        (OIDC + GITHUB, like(GITHUB.upper(), "SUB", "repo:acme/*"), False),
        (OIDC + GITHUB, like("other.example", "sub", "repo:acme/*"), True),
        (OIDC + GITHUB, {"StringLikeIfExists": {f"{GITHUB}:sub": "repo:acme/*"}}, True),
        (OIDC + GITHUB, {"StringNotLike": {f"{GITHUB}:sub": "repo:acme/*"}}, True),
        (OIDC + GITHUB, {"ForAllValues:StringLike": {f"{GITHUB}:sub": "repo:acme/*"}}, True),
        (OIDC + GITHUB, {"ForAnyValue:StringLike": {f"{GITHUB}:sub": "repo:acme/*"}}, False),
        (OIDC + GITHUB, {"Bool": {"aws:MultiFactorAuthPresent": "true"}}, True),
        (OIDC + "gitlab.com", like("gitlab.com", "sub", "project_path:acme/*:ref_type:branch:ref:main"), False),
        (OIDC + "gitlab.com", like("gitlab.com", "sub", "project_path:*"), True),
        (OIDC + "gitlab.com", like("gitlab.com", "aud", "https://gitlab.com"), True),
        (OIDC + "app.terraform.io", like("app.terraform.io", "sub", "organization:acme:project:*"), False),
        (OIDC + "app.terraform.io", like("app.terraform.io", "sub", "organization:*:project:x"), True),
        (OIDC + EKS, None, True),
        (OIDC + EKS, like(EKS.lower(), "sub", "s*"), False),
        (OIDC + "login.acme.example", like("login.acme.example", "aud", "us"), False),
        (OIDC + "login.acme.example", like("login.acme.example", "amr", "us"), True),
        ({"Fn::GetAtt": ["Provider", "Arn"]}, like(GITHUB, "sub", "repo:acme/*"), False),
        ({"Fn::GetAtt": ["Provider", "Arn"]}, like(GITHUB, "sub", "repo:*"), True),
        ({"Fn::GetAtt": ["Provider", "Arn"]}, equal(aud="sts.amazonaws.com"), True),
        ({"Ref": "Provider"}, {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}}, False),
        ({"Ref": "Provider"}, None, True),
        (f"arn:aws:iam::{MASTER}:saml-provider/Okta", None, True),
        (f"arn:aws:iam::{MASTER}:saml-provider/Okta", {"StringEquals": {"SAML:aud": "https://x"}}, False),
        (f"arn:aws:iam::{MASTER}:saml-provider/Okta", {"StringLike": {"SAML:aud": "*"}}, True),
        ("cognito-identity.amazonaws.com", None, True),
        ("cognito-identity.amazonaws.com", {"StringEquals": {"cognito-identity.amazonaws.com:aud": "r:1"}}, False),
        ("cognito-identity.amazonaws.com", {"StringLike": {"cognito-identity.amazonaws.com:aud": "r:*"}}, True),
        ("cognito-identity.amazonaws.com", {"StringEquals": {"cognito-identity.amazonaws.com:amr": "x"}}, True),
        ("accounts.google.com", None, True),
        ("accounts.google.com", {"StringEquals": {"accounts.google.com:aud": "app"}}, False),
        ("www.amazon.com", {"StringEquals": {"www.amazon.com:app_id": "amzn1"}}, False),
        ("graph.facebook.com", {"StringEquals": {"graph.facebook.com:aud": "x"}}, True),
        ("*", like(GITHUB, "sub", "repo:acme/*"), True),
        ({"Fn::If": ["Unknown", OIDC + GITHUB, "accounts.google.com"]}, like(GITHUB, "sub", "repo:acme/*"), True),
    ],
)  # fmt: skip
def test_an_identity_provider_must_not_let_everybody_in(provider: Any, condition: Any, is_it_open: bool) -> None:
    parts = {} if condition is None else {"Condition": condition}
    statement = {**allow({"Federated": provider}, **parts), "Action": "sts:AssumeRoleWithWebIdentity"}

    assert is_open(statement) is is_it_open
    assert is_open({**statement, "Effect": {"Fn::If": ["Unknown", "Allow", "Deny"]}}) is is_it_open
    assert not is_open({**statement, "Effect": "Deny"})


@pytest.mark.parametrize("who", ["arn:aws:iam::*:root", "arn:aws:iam::?11111111111:root", "arn:aws:iam::*:role/admin"])
def test_an_account_that_is_a_pattern_is_everybody(who: str) -> None:
    assert is_open(allow({"AWS": who}))
    assert is_open(allow({"AWS": [OWN, who]}))
    assert not is_open(allow({"AWS": who}, Condition={"StringEquals": {"aws:PrincipalAccount": MASTER}}))


def test_keys_in_another_case_and_effects_that_only_aws_knows_may_open_a_role() -> None:
    assert is_open({"effect": "Allow", "principal": "*", "action": "sts:AssumeRole"})
    assert is_open({"Effect": "{{resolve:ssm:/x}}", "Principal": "*", "Action": "sts:AssumeRole"})
    assert is_open({"Effect": {"Ref": "Effect"}, "NotPrincipal": {"AWS": OWN}})
    assert not is_open("text")
