"""Laws of the comparison: spelling makes no difference, everything else does, and different things read differently."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rolemodel_ci.cloudformation.evaluate import EvaluatedTemplate
from rolemodel_ci.iam.canonical_policies import document as canonical
from rolemodel_ci.iam.canonical_values import Canon
from rolemodel_ci.iam.differences import TEXTS, Direction
from rolemodel_ci.iam.role_diff import differences
from rolemodel_ci.render.role_differences import atom_text, item

from .templates import Body, role

ACTIONS = st.sampled_from(["s3:GetObject", "s3:*", "iam:PassRole", "*", "sts:AssumeRole"])
TEXTS_OF = st.sampled_from(
    ["*", "a", "b", "a, b", "a b", "${aws:username}", "${X.Arn}", "on", "by", "{{resolve:ssm:x}}"]
)
REFERENCES = st.sampled_from([
    {"Ref": "X"}, {"Fn::GetAtt": ["X", "Arn"]}, {"Fn::Sub": "a${X.Arn}"}, {"Fn::ImportValue": "x"},
    {"Fn::Sub": ["${V}b", {"V": {"Ref": "Y"}}]}, {"Fn::If": ["C", "a", "b"]},
])  # fmt: skip
VALUES = st.one_of(TEXTS_OF, REFERENCES)
LISTS = st.lists(VALUES, min_size=1, max_size=3)
CONDITIONS = st.dictionaries(
    st.sampled_from(["StringEquals", "Bool", "ForAnyValue:StringLike"]),
    st.dictionaries(st.sampled_from(["aws:MultiFactorAuthPresent", "aws:x", "sts:ExternalId"]), LISTS, min_size=1),
    max_size=2,
)
PRINCIPALS = st.one_of(
    st.just("*"), st.dictionaries(st.sampled_from(["AWS", "Service", "Federated"]), LISTS, min_size=1)
)
STATEMENTS = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny"])},
    optional={
        "Action": st.lists(ACTIONS, min_size=1, max_size=3),
        "NotAction": st.lists(ACTIONS, min_size=1, max_size=2),
        "Resource": LISTS,
        "NotResource": LISTS,
        "Principal": PRINCIPALS,
        "NotPrincipal": PRINCIPALS,
        "Condition": CONDITIONS,
    },
).filter(lambda one: not any(key in one and f"Not{key}" in one for key in ("Action", "Resource", "Principal")))
DOCUMENTS = st.fixed_dictionaries(
    {"Statement": st.lists(STATEMENTS, min_size=1, max_size=3)},
    optional={"Version": st.sampled_from(["2012-10-17", "2008-10-17"])},
)


def respelled(value: Any, draw: Any, key: str = "") -> Any:
    """The same, spelled in another way: order, one for a list of one, repetitions, case of actions, Sid."""
    if isinstance(value, list):
        items = [respelled(each, draw, key) for each in draw(st.permutations(value))]
        items += items[:1] if draw(st.booleans()) else []
        return items[0] if len(items) == 1 and draw(st.booleans()) else items
    if isinstance(value, dict) and not any(name == "Ref" or name.startswith("Fn::") for name in value):
        pairs = [(name, respelled(each, draw, name)) for name, each in draw(st.permutations(list(value.items())))]
        named = {"Sid": draw(st.sampled_from("xyz"))} if "Effect" in value else {}
        return named | dict(pairs)
    return value.upper() if key in ("Action", "NotAction") and draw(st.booleans()) else value


def of(document: Any) -> EvaluatedTemplate:
    """A template whose one role has this policy."""
    return EvaluatedTemplate({"R": role(Policies=[{"PolicyName": "P", "PolicyDocument": document}])}, {})


@given(DOCUMENTS, st.data())
def test_spelling_makes_no_difference(document: Body, data: st.DataObject) -> None:
    other = respelled(document, data.draw)

    assert canonical(Canon({}, {}).value(document)) == canonical(Canon({}, {}).value(other))
    assert [d.kind for d in differences(of(document), of(other))] in ([], [TEXTS])


@given(DOCUMENTS)
def test_a_document_may_be_written_as_text(document: Body) -> None:
    literal = json.loads(json.dumps(document).replace('"Fn::', '"Fn:').replace('"Ref"', '"Rf"'))

    assert canonical(Canon({}, {}).value(json.dumps(literal))) == canonical(Canon({}, {}).value(literal))


@settings(max_examples=150)
@given(DOCUMENTS, DOCUMENTS)
def test_there_is_a_difference_exactly_where_the_forms_differ(one: Body, other: Body) -> None:
    forms = [canonical(Canon({}, {}).value(each)) for each in (one, other)]
    found = [d for d in differences(of(one), of(other)) if d.kind != TEXTS]

    assert bool(found) == (forms[0] != forms[1])
    back = [d for d in differences(of(other), of(one)) if d.kind != TEXTS]
    if found and found[0].direction is Direction.NEUTRAL:
        assert not any(d.direction is Direction.WIDENS for d in found)
    assert bool(found) == bool(back)


@settings(max_examples=150)
@given(STATEMENTS, STATEMENTS)
def test_different_statements_have_different_sentences(one: Body, other: Body) -> None:
    atoms = {
        atom
        for version in ("2012-10-17", "2008-10-17")
        for each in (one, other)
        for atom in canonical(Canon({}, {}).value({"Version": version, "Statement": each}))
    }

    assert len(set(map(atom_text, atoms))) == len(atoms)


NASTY = st.text("ab,\" ${}!.\\'\u2028\u0430:*", max_size=8)
RAW = st.recursive(
    NASTY | st.builds(lambda name: {"Ref": name}, NASTY),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(NASTY, inner, max_size=2)
        | st.builds(lambda text, value: {"Fn::Sub": [f"{text}${{V}}", {"V": value}]}, NASTY, inner)
        | st.builds(lambda pieces: {"Fn::Join": ["", pieces]}, st.lists(inner, max_size=3))
        | st.builds(lambda name, attribute: {"Fn::GetAtt": [name, attribute]}, NASTY, NASTY)
        | st.builds(lambda one, two: {"Fn::If": ["C", one, two]}, inner, inner)
        | st.builds(lambda value: {"Fn::ImportValue": value}, inner)
    ),
    max_leaves=5,
)


@settings(max_examples=200)
@given(st.lists(RAW, min_size=2, max_size=6))
def test_different_values_are_shown_differently(raw: list[Any]) -> None:
    values = {Canon({}, {}).value(each) for each in raw}

    assert len(set(map(item, values))) == len(values)


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from(["*", "iam:*", "Allow", "Deny", "{", "R"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([
                "Effect", "Action", "NotAction", "Resource", "NotResource", "Statement", "Condition", "Principal",
                "AWS", "Fn::If", "Fn::Sub", "Fn::Join", "Fn::FindInMap", "Ref", "PolicyName", "PolicyDocument",
            ])
            | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)  # fmt: skip
PROPERTIES = st.dictionaries(
    st.sampled_from([
        "AssumeRolePolicyDocument", "ManagedPolicyArns", "MaxSessionDuration", "Path", "PermissionsBoundary",
        "Policies", "PolicyDocument", "PolicyName", "RoleName", "Roles", "Tags",
    ]),
    JUNK,
    max_size=4,
)  # fmt: skip
KINDS = st.sampled_from(["AWS::IAM::Role", "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy", "X"])
RESOURCES = st.dictionaries(
    st.sampled_from(["R", "S", "P", "Q"]),
    st.fixed_dictionaries({"Type": KINDS}, optional={"Properties": PROPERTIES | JUNK, "Condition": JUNK}),
)


@given(RESOURCES, RESOURCES)
def test_junk_never_raises(old: Body, new: Body) -> None:
    found = differences(EvaluatedTemplate(old, {}), EvaluatedTemplate(new, {}))

    assert bool(found) == (old != new)
    assert [(d.name, d.kind) for d in found] == [
        (d.name, d.kind) for d in differences(EvaluatedTemplate(old, {}), EvaluatedTemplate(new, {}))
    ]
