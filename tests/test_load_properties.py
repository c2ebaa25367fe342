"""Whatever stands in the files: loading and checking never raise, and every problem has a place in its file."""

from __future__ import annotations

import re
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from loading import BASE, TODAY, InMemory, loaded, problems

from rolemodel_ci.checks import check
from rolemodel_ci.cloudformation.evaluate import EvaluatedTemplate, StackContext, resolve
from rolemodel_ci.cloudformation.template import read_deployed, read_template
from rolemodel_ci.config.json_schema import conform
from rolemodel_ci.config.loader import load
from rolemodel_ci.config.user_map import read_users
from rolemodel_ci.iam.escalation import dangers
from rolemodel_ci.iam.role_diff import differences
from rolemodel_ci.model.live import Identity, LiveMaster, LiveStack, LiveState
from rolemodel_ci.model.problem import Problem
from rolemodel_ci.parsing.yaml_parser import read_document
from rolemodel_ci.reconcile.diff.plan import plan_all
from rolemodel_ci.reconcile.diff.stacks import stack_diff
from rolemodel_ci.reconcile.guards.protection import last_administrator
from rolemodel_ci.reconcile.inventory import listing
from rolemodel_ci.reconcile.plan import Plan

LOADING = settings(max_examples=200)

FILES = ("config", "roles", "users")

_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # what YAML 1.1 takes for the end of a line


def assert_sound(files: dict[str, str]) -> None:
    """Load and check; the problems are sorted and stand within their files."""
    result = load(InMemory({f"{name}.yml": text for name, text in files.items()}), "config.yml")
    found = problems(result)
    assert found == sorted(found)
    assert result.policy is not None or found
    for problem in found:
        assert_placed(problem, files)


def assert_placed(problem: Problem, files: dict[str, str]) -> None:
    file, line, column = problem.place
    assert problem.message.isprintable()
    assert problem.remedy.isprintable()
    assert re.fullmatch(r"RM\d{3}", problem.code)
    text = files.get(file.removesuffix(".yml"))
    if text is None or line == 0:
        assert (line, column) == (0, 0) or text is None
        return
    lines = _BREAK.split(text)
    assert 1 <= line <= len(lines) + 1
    assert 1 <= column <= len((*lines, "")[line - 1]) + 1


def base() -> dict[str, str]:
    return {name: BASE[f"{name}.yml"] for name in FILES}


WORDS = st.sampled_from(
    [
        "prod",
        "dev",
        "AdminRole",
        "ReadOnlyRole",
        "alice",
        "bob",
        "user",
        "expires",
        "reason",
        "2027-01-31",
        "2027-02-31",
        "name",
        "account_id",
        "111111111111",
        "Resources",
        "Parameters",
        "Conditions",
        "Outputs",
        "Mappings",
        "Type",
        "AWS::IAM::Role",
        "AWS::IAM::Policy",
        "Properties",
        "Path",
        "RoleName",
        "Roles",
        "PolicyDocument",
        "Default",
        "AssumeRolePolicyDocument",
        "Statement",
        "Effect",
        "Allow",
        "Principal",
        "AWS",
        "*",
        "String",
        "CommaDelimitedList",
        "Ref",
        "Fn::Sub",
        "Fn::Join",
        "Fn::If",
        "Fn::Select",
        "Fn::Split",
        "Fn::FindInMap",
        "Fn::GetAtt",
        "Fn::Equals",
        "Condition",
        "AWS::NoValue",
        "AWS::AccountId",
        "${A}",
        "${!A}",
        "AllowedPattern",
        "MinLength",
        "MaxValue",
        "(",
        "a{99999999999}",
        "9" * 5000,
        "assumable_roles",
        "assumable_accounts",
        "users",
        "guards",
        "parameters",
        "state",
        "roles.yml",
        "users.yml",
        "<<",
        "",
        "no",
        "null",
        "1e3",
        "\u202e",
        "\n",
    ]
)
SCALARS = st.one_of(WORDS, st.text(max_size=8), st.none(), st.booleans(), st.integers(), st.dates())
TREES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.one_of(WORDS, st.text(max_size=4)), inner, max_size=4)
    ),
    max_leaves=12,
)


def dumped(tree: Any) -> str:
    text: str = yaml.dump(tree, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), allow_unicode=True)
    return text


@LOADING
@given(st.sampled_from(FILES), st.text())
def test_any_text(name: str, text: str) -> None:
    assert_sound(base() | {name: text.encode("utf-8", "replace").decode("utf-8")})


@LOADING
@given(st.sampled_from(FILES), st.text(alphabet=":-[]{}&*!|>'\"%@#,? \n\tab<=0\x07"))
def test_text_of_yaml_characters(name: str, text: str) -> None:
    assert_sound(base() | {name: text})


@LOADING
@given(st.binary(max_size=80), st.sampled_from(FILES))
def test_any_bytes(content: bytes, name: str) -> None:
    result = loaded(**{name: content})
    assert result.policy is not None or result.problems


@LOADING
@given(st.sampled_from(FILES), TREES)
def test_any_tree(name: str, tree: Any) -> None:
    assert_sound(base() | {name: dumped(tree)})


CONFIGS = st.fixed_dictionaries(
    {
        "assumable_roles": st.just("roles.yml"),
        "master_account_id": st.just("111111111111"),
        "assumable_accounts": st.lists(
            st.fixed_dictionaries(
                {"name": WORDS, "account_id": st.sampled_from(["222222222222", "333333333333"])},
                optional={"parameters": st.dictionaries(WORDS, WORDS, max_size=3), "state": WORDS},
            ),
            min_size=1,
            max_size=4,
        ),
    },
    optional={"users": WORDS, "guards": TREES, "region": WORDS, "group_prefix": WORDS, "github_oidc": TREES},
)
MAPS = st.dictionaries(
    WORDS,
    st.dictionaries(
        WORDS,
        st.lists(
            st.one_of(
                WORDS, st.fixed_dictionaries({"user": WORDS}, optional={"expires": WORDS, "reason": WORDS}), TREES
            ),
            max_size=12,
        ),
        max_size=3,
    ),
    max_size=4,
)
PARAMETERS = st.dictionaries(
    WORDS,
    st.fixed_dictionaries(
        {"Type": WORDS},
        optional={
            "Default": TREES,
            "AllowedValues": TREES,
            "AllowedPattern": WORDS,
            "MinLength": WORDS,
            "MaxValue": WORDS,
        },
    ),
    max_size=3,
)
RESOURCES = st.dictionaries(
    WORDS,
    st.fixed_dictionaries(
        {"Type": st.sampled_from(["AWS::IAM::Role", "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::SNS::Topic"])},
        optional={"Properties": st.dictionaries(WORDS, TREES, max_size=4), "Condition": WORDS, "DependsOn": TREES},
    ),
    min_size=1,
    max_size=4,
)
TEMPLATES = st.fixed_dictionaries(
    {"Resources": RESOURCES},
    optional={
        "Parameters": PARAMETERS,
        "Conditions": st.dictionaries(WORDS, TREES, max_size=4),
        "Mappings": st.dictionaries(WORDS, TREES, max_size=3),
        "Outputs": st.dictionaries(WORDS, TREES, max_size=3),
    },
)


@LOADING
@given(CONFIGS, MAPS, TEMPLATES)
def test_trees_that_look_right(config: Any, users: Any, roles: Any) -> None:
    assert_sound({"config": dumped(config), "users": dumped(users), "roles": dumped(roles)})


@st.composite
def mutated(draw: st.DrawFn, text: str) -> str:
    """Text with a few characters or lines deleted, inserted, replaced or swapped."""
    for _ in range(draw(st.integers(1, 4))):
        parts: list[str] = text.splitlines(keepends=True) if draw(st.booleans()) else list(text)
        if not parts:
            break
        at, other = (draw(st.integers(0, len(parts) - 1)) for _ in range(2))
        match draw(st.sampled_from(["delete", "insert", "replace", "swap", "repeat"])):
            case "delete":
                del parts[at]
            case "insert":
                parts.insert(at, draw(st.sampled_from(list("\t:-[]{}&*!\"'#\n ~<\ufeff\r\u2028\x85|>,"))))
            case "replace":
                parts[at] = draw(st.sampled_from(["\n", "x", "é", ": ", "- ", "  ", "&a ", "*a", "!Ref ", "<<: *a\n"]))
            case "swap":
                parts[at], parts[other] = parts[other], parts[at]
            case _:
                parts.insert(other, parts[at])
        text = "".join(parts)
    return text


@LOADING
@given(
    st.fixed_dictionaries(
        {name: st.one_of(st.just(BASE[f"{name}.yml"]), mutated(BASE[f"{name}.yml"])) for name in FILES}
    )
)
def test_mutations_of_good_files(files: dict[str, str]) -> None:
    assert_sound(files)


@LOADING
@given(st.one_of(mutated(BASE["users.yml"]), MAPS.map(dumped), TREES.map(dumped)))
def test_pruning_loses_nothing(text: str) -> None:
    document = read_document(text, "users.yml")
    root = document.root
    if root is None:
        assert loaded(users=text).problems
        return
    whole = conform(root, "users", "users.yml")
    pruned = [problem for problem in read_users(root, "users.yml")[1] if problem.code != "RM309"]
    if any(problem.code == "RM106" for problem in document.problems):
        # Of two equal keys the first counts. Where it is pruned, the second is held to the schema as well.
        assert set(whole) <= set(pruned)
    else:
        assert sorted(pruned) == sorted(whole)


@LOADING
@given(TEMPLATES, TEMPLATES, st.dictionaries(WORDS, WORDS, max_size=3))
def test_meanings_and_differences_of_any_templates(old: Any, new: Any, parameters: dict[str, str]) -> None:
    where = StackContext("222222222222", "us-east-1", "RoleModel")
    before, after = (read_deployed(dumped(tree)) for tree in (old, new))
    if before is None or after is None:
        assert any(read_template(dumped(tree), "roles.yml")[1] for tree in (old, new))
        return
    first, second = resolve(before, parameters, where), resolve(after, parameters, where)
    assert differences(first, first) == ()
    assert bool(differences(first, second)) == (first != second)
    assert differences(first, second) == differences(first, second)


JSON: st.SearchStrategy[Any] = st.recursive(
    st.one_of(WORDS, st.text(max_size=8), st.none(), st.booleans(), st.integers(), st.floats()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(WORDS, inner, max_size=4)),
    max_leaves=12,
)


@LOADING
@given(st.one_of(JSON, TREES.map(dumped), st.text(), TEMPLATES.map(dumped), mutated(BASE["roles.yml"])))
def test_whatever_a_stack_holds_it_can_be_compared(deployed: Any) -> None:
    wanted = loaded().policy
    assert wanted is not None
    account = wanted.accounts[0]
    identity = Identity("222222222222", "arn:aws:iam::222222222222:user/ci")
    stack = LiveStack(account.name, identity, "CREATE_COMPLETE", read_deployed(deployed), {}, {"AdminRole": "admin"})
    found = stack_diff(wanted, account, stack)
    master = LiveMaster(Identity("111111111111", "arn:aws:iam::111111111111:user/ci"), frozenset(), {})
    only = frozenset({account.name})
    assert found.roles is not None
    assert plan_all(wanted, LiveState(master, {account.name: stack}), TODAY, only).changes
    assert listing(wanted, LiveState(master, {account.name: stack}), only).unreadable == ()
    assert [
        *last_administrator(
            Plan((found.change,) if found.change else ()), wanted, LiveState(master, {account.name: stack})
        )
    ] == []


@LOADING
@given(st.dictionaries(WORDS, JSON, max_size=4))
def test_any_content_has_a_meaning(content: Any) -> None:
    meaning = resolve(content, {"prod": "x"}, StackContext("222222222222", "us-east-1", "RoleModel"))
    assert all(isinstance(resource, dict) for resource in meaning.resources.values())
    assert differences(meaning, EvaluatedTemplate({}, {})) == differences(meaning, EvaluatedTemplate({}, {}))
    assert dangers(meaning).keys() <= meaning.resources.keys()


@LOADING
@given(mutated(BASE["roles.yml"]))
def test_checking_twice_gives_the_same(text: str) -> None:
    result = loaded(roles=text)
    if result.policy:
        assert check(result.policy, TODAY) == check(result.policy, TODAY)
    assert result == loaded(roles=text)
