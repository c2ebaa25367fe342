"""What surely covers what, and that a proof that takes too long is none."""

from __future__ import annotations

from typing import Any

import pytest

from rolemodel_ci.iam.canonical_policies import Statement
from rolemodel_ci.iam.canonical_policies import document as canonical
from rolemodel_ci.iam.canonical_values import Canon
from rolemodel_ci.iam.cover import Cover
from rolemodel_ci.iam.differences import Direction
from rolemodel_ci.iam.other_resources import gives_beside
from rolemodel_ci.render.role_differences import item, lines

from .templates import Body, allow, compared, deny, document, role, template, told, worst


def atoms(*statements: Any) -> list[Statement]:
    """The statements in canonical form."""
    found = canonical(Canon({}, {}).value(document(*statements)))
    return [atom for atom in found if isinstance(atom, Statement)]


def is_covered(inner: Any, *outer: Any, steps: int = 1_000_000) -> bool:
    """Whether the one statement is covered by the others."""
    cover = Cover(atoms(*outer), steps)
    return all(map(cover.statement, atoms(inner)))


S3 = "arn:aws:s3:::"
ONE_OF_MANY = [f"{S3}a{n}" for n in range(2_001)]


@pytest.mark.parametrize(
    ("inner", "outer", "covered"),
    [
        (allow("a:B"), [allow("a:B")], True),
        (allow("a:B", "a:C"), [allow("a:B")], False),
        (allow("a:B", NotResource="x"), [allow("a:*")], True),
        (allow("a:B", NotResource="x"), [allow("a:B", Resource=[f"{S3}*"])], False),
        (allow("a:B", Resource="y"), [allow("a:B", NotResource="x")], True),
        (allow("a:B", Resource="x"), [allow("a:B", NotResource="x")], False),
        (allow("a:B", Resource="xy"), [allow("a:B", NotResource="x")], True),
        (allow("a:B", Resource="x*"), [allow("a:B", NotResource="xy")], False),
        (allow("a:B", Resource="?"), [allow("a:B", NotResource="y")], False),
        (allow("a:B", Resource={"Ref": "X"}), [allow("a:B", NotResource="y")], False),
        (allow("a:B", Resource=[]), [allow("a:B")], False),
        (allow("a:B", Resource=ONE_OF_MANY), [allow("a:B")], False),  # too many to look at
        (allow("a:B", Resource=ONE_OF_MANY[:9]), [allow("a:B", Resource=f"{S3}a?")], True),
        (allow("a:B", Resource=f"{S3}?"), [allow("a:B", Resource=f"{S3}?")], True),
        (allow("a:B", Resource=f"{S3}a*b"), [allow("a:B", Resource=f"{S3}a*c")], False),
        (allow("a:B", Resource=f"{S3}ab/ab/c"), [allow("a:B", Resource=f"{S3}*ab/c")], True),
        (allow("a:B", Resource=f"{S3}a"), [allow("a:B", Resource=f"{S3}*"), deny("b:*")], True),
        (allow("a:B", Resource=f"{S3}" + "{{resolve:ssm:x}}"), [allow("a:B", Resource=f"{S3}*")], False),
        (allow("a:B", Resource=[["x"]]), [allow("a:B", NotResource="y")], False),
        (allow(["a:B"]), [{**allow(), "Action": "a:*"}], False),
        (allow("a:B", "odd:C") | {"Odd": "x"}, [allow("*")], False),
        ({"Effect": "Allow", "Action": "a:B"}, [allow("a:B")], False),
        (allow("a:B"), [allow("a:B", Condition="odd")], False),
        (allow("a:B", Condition="odd"), [allow("a:B", Condition="odd")], True),
        (allow("a:B", Condition={"Null": {"x": "true"}}),
         [allow("a:B", Condition={"Null": {"x": ["true", "false"]}})], False),
        (allow("a:B", Condition={"ForAnyValue:StringLikeIfExists": {"x": "a"}}),
         [allow("a:B", Condition={"ForAnyValue:StringLikeIfExists": {"x": ["a", "b"]}})], True),
        (allow("a:B", Condition={"StringLike": {"x": []}}),
         [allow("a:B", Condition={"StringLike": {"x": "a"}})], False),
        (allow("a:B", Principal={"AWS": "x"}), [allow("a:B", Principal="*")], True),
        (allow("a:B", Principal="*"), [allow("a:B", NotPrincipal={"AWS": "x"})], False),
        (allow("a:B", NotPrincipal={"AWS": "x"}), [allow("a:B", Principal="*")], False),
    ],
)  # fmt: skip
def test_what_covers_what(inner: Body, outer: list[Body], covered: bool) -> None:
    assert is_covered(inner, *outer) is covered
    assert is_covered(inner, *outer, steps=0) is False
    assert is_covered(inner | {"Effect": "Deny"}, *outer) is False


def test_a_proof_that_takes_too_long_is_none() -> None:
    inner, outer = allow("a:B", Resource=f"{S3}{'a' * 2_000}b"), allow("a:B", Resource=f"{S3}{'*a' * 500}*b")

    assert is_covered(inner, outer, steps=10_000_000)
    assert not is_covered(inner, outer, steps=10_000)


@pytest.mark.parametrize(
    ("gone", "given"),
    [
        ({"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "x"}}, False),
        (
            {"Type": "AWS::S3::Bucket", "Properties": {"Tags": [{"Key": "a", "Value": {"Fn::GetAtt": ["X", "Y"]}}]}},
            False,
        ),
        ({"Type": "AWS::S3::Bucket", "Properties": {"Odd": {"Fn::ImportValue": "Deny"}}}, True),
        ({"Type": "AWS::SQS::Queue", "Properties": {"PolicyDocument": document(deny("a:B"))}}, True),
        ({"Type": "AWS::SQS::Queue", "Properties": {"PolicyDocument": "odd Deny"}}, True),
        ({"Type": "AWS::IAM::GroupPolicy"}, True),
        ({"Type": "AWS::EC2::SecurityGroup"}, True),
    ],
)
def test_what_may_have_kept_somebody_out_is_told_when_it_goes(gone: Body, given: bool) -> None:
    (difference,) = compared(template(role(), {"Q": gone}), template(role()))

    assert difference.what == "removed"
    assert gives_beside(difference) is given


def test_what_is_told_of_other_resources_and_of_boundaries() -> None:
    bounded = role(PermissionsBoundary={"Ref": "B"})
    before, after = (
        template(bounded, {"B": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document(each)}}})
        for each in (allow("a:B"), allow("a:C"))
    )
    first, second = compared(before, after)

    assert [f"{line.sign} {line.part}: {line.text}" for line in lines(first)] == [
        "+ boundary: Allow a:C on *", "- boundary: Allow a:B on *",
    ]  # fmt: skip
    assert [f"{line.sign} {line.part}: {line.text}" for line in lines(second)] == [
        "+ PolicyDocument: Allow a:C on *", "- PolicyDocument: Allow a:B on *",
    ]  # fmt: skip
    assert told(template(role()), template(role(Policies=["odd"]))) == ['EITHER + policy "": odd']


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ({"Fn::GetAtt": ["X", {"Ref": "Y"}]}, '{"Fn::GetAtt": ["X", {"Ref": "Y"}]}'),
        ({"Fn::Join": [",", {"Ref": "L"}]}, '{"Fn::Join": [",", {"Ref": "L"}]}'),
        ({"Fn::Join": "x"}, '{"Fn::Join": "x"}'),
        ({"Fn::Sub": [{"Ref": "X"}]}, '{"Fn::Sub": [{"Ref": "X"}]}'),
        ([{"Fn::Sub": "a ${X.Arn} ${!b}"}], '[{"Fn::Sub": "a ${X.Arn} ${!b}"}]'),
        ({"Fn::Sub": "a ${X.Arn} ${!b}"}, '"a ${X.Arn} \\u0024{b}"'),
        ([{"Fn::Sub": ["${V}x", {"V": {"Fn::ImportValue": "y"}}]}],
         '[{"Fn::Sub": {"parts": [{"Fn::ImportValue": "y"}, "x"]}}]'),
        ({"Fn::Sub": ["${V}x", {"V": ["y"]}]}, '${{"Fn::Sub": ["y"]}}x'),
        ({"Ref": "a b"}, '${{"Ref": "a b"}}'),
        ("on", '"on"'),
        ("\u0430", '"\\u0430"'),
        (None, "null"),
    ],
)  # fmt: skip
def test_how_values_are_shown(raw: Any, shown: str) -> None:
    assert item(Canon({}, {}).value(raw)) == shown


X = "ForAllValues:StringEquals"


@pytest.mark.parametrize(
    ("operator", "before", "after", "direction"),
    [
        ("StringEquals", [["a"], ["b"]], ["a", "b"], Direction.NARROWS),
        ("StringEqualsIfExists", [["a", "c"], ["b"]], ["a", "b"], Direction.NARROWS),
        ("ForAnyValue:StringLike", [["a*"], ["b"]], ["a*", "b"], Direction.NARROWS),
        ("StringEquals", [["a"], ["b"]], ["a", "b", "c"], Direction.WIDENS),
        (X, [["a"], ["b"]], ["a", "b"], Direction.WIDENS),  # a request with both values meets neither
        ("StringNotEquals", [["a", "c"], ["b", "c"]], ["a", "b"], Direction.WIDENS),
        ("Bool", [["true"], ["false"]], ["true", "false"], Direction.WIDENS),
    ],
)
def test_two_statements_that_cover_a_third_by_the_values_of_a_test(
    operator: str, before: list[list[str]], after: list[str], direction: Direction
) -> None:
    def of(values: list[str], *more: str) -> Body:
        return allow("s3:Get*", *more, Condition={operator: {"aws:x": values}})

    was = template(role(*(of(values, "s3:Put*") for values in before)))

    assert worst(was, template(role(of(after)))) is direction
