"""Trees against the published schemas: what is wrong, in words and with its place."""

from __future__ import annotations

import pytest
from jsonschema import Draft202012Validator

from rolemodel_ci.config.json_schema import as_plain, conform, printable, published, whole
from rolemodel_ci.model.problem import Place, Problem
from rolemodel_ci.parsing.yaml_parser import read_document


def told(name: str, text: str) -> list[tuple[str, str, str, str]]:
    root = read_document(text, "f.yml").root
    assert root is not None
    return [(str(p.place), p.code, p.message, p.remedy) for p in sorted(conform(root, name, "f.yml"))]


CONFIG = "assumable_roles: r.yml\nmaster_account_id: 012345678901\nassumable_accounts:\n  - {name: a, profile: p}\n"


@pytest.mark.parametrize("name", ["config", "users"])
def test_the_schemas_are_schemas(name: str) -> None:
    Draft202012Validator.check_schema(dict(published(name)))
    assert published(name)["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("name", ["config", "users"])
def test_every_pattern_and_choice_says_in_words_what_it_wants(name: str) -> None:
    def nodes(value: object) -> list[dict[str, object]]:
        if isinstance(value, list):
            return [node for item in value for node in nodes(item)]
        if not isinstance(value, dict):
            return []
        return [value, *(node for item in value.values() for node in nodes(item))]

    limits = {"pattern", "enum", "minLength", "maxLength"}
    limited = [
        node
        for node in nodes(published(name))
        if limits & {key for key, value in node.items() if not isinstance(value, dict)}
    ]
    assert limited
    assert all(node.get("x-wanted") for node in limited)
    assert all(
        str(node["pattern"]).startswith("^") and str(node["pattern"]).endswith("$")
        for node in limited
        if "pattern" in node
    )


def test_a_good_config_and_a_good_map() -> None:
    assert told("config", CONFIG) == []
    assert told("users", "prod:\n  AdminRole: [no, null, 1e3, 2024-01-01, a@b.c, {user: x}]\ndev: {}\n") == []


def test_ids_are_read_as_they_stand() -> None:
    assert told("config", CONFIG.replace("012345678901", "'012345678901'")) == []
    assert told("config", CONFIG.replace("012345678901", "12345678901")) == [
        (
            "f.yml:2:20",
            "RM124",
            "`12345678901` does not fit as `master_account_id`",
            "Write exactly 12 digits, such as `123456789012`.",
        )
    ]


def test_missing_keys_are_told_one_by_one() -> None:
    assert [(line[0], line[2]) for line in told("config", "region: us-east-1\n")] == [
        ("f.yml:1:1", "the file lacks the key `assumable_accounts`"),
        ("f.yml:1:1", "the file lacks the key `assumable_roles`"),
        ("f.yml:1:1", "the file lacks the key `master_account_id`"),
    ]


def test_unknown_keys_offer_the_nearest_or_all() -> None:
    assert told("config", CONFIG + "gaurds: {}\n") == [
        ("f.yml:5:1", "RM121", "key `gaurds` is not known here", "Did you mean `guards`?")
    ]
    ((_, _, _, remedy),) = told("users", "a:\n  b:\n    - {user: x, zzz: 1}\n")
    assert remedy == "Known are `user`, `expires`, `reason`."


def test_a_wrong_choice_is_told_once() -> None:
    for value, code in (("", "RM123"), ("[absent]", "RM123"), ("{}", "RM123"), ("gone", "RM124")):
        text = CONFIG.replace("profile: p}", f"profile: p, state: {value}}}")
        assert [line[1] for line in told("config", text)] == [code]


def test_wrong_kinds() -> None:
    assert told("users", "a: [b]\n")[0][2:] == ("`a` is a list, but has to be a map", "Write a map there.")
    assert told("users", "a: {b: c}\n")[0][2:] == ("`b` is text, but has to be a list", "Write a list there.")
    assert told("users", "a:\n  b:\n")[0] == (
        "f.yml:2:3",
        "RM123",
        "`b` has no value",
        "Write a list there, or `[]` for an empty one.",
    )
    assert told("users", "a: {b: ['']}\n")[0][1] == "RM124"
    assert told("users", "a:\n  b:\n  - \n")[0][2] == "this entry is nothing, but has to be a user"
    assert told("config", CONFIG.replace("r.yml", ""))[0][2:] == ("`assumable_roles` has no value", "Write text there.")


def test_an_account_without_a_way_in() -> None:
    ((place, code, message, _),) = told("config", CONFIG.replace("profile: p", "state: present"))
    assert (place, code) == ("f.yml:4:5", "RM126")
    assert message == "account `a` has neither `profile` nor `account_id`"


def test_a_bad_parameter_name_is_told_at_the_name() -> None:
    text = CONFIG.replace("profile: p}", "profile: p, parameters: {ok: 1, not-ok: 2}}")
    ((place, code, message, _),) = told("config", text)
    assert text.splitlines()[3][int(place.split(":")[2]) - 1 :].startswith("not-ok")
    assert (code, message) == ("RM124", "`not-ok` does not fit as a key here")


def test_long_values_are_shortened_in_messages() -> None:
    ((_, _, message, _),) = told("users", "a: {b: [" + "x" * 5_000 + "]}\n")
    assert len(message) < 120


def test_tags_of_values_and_keys_are_told() -> None:
    assert [line[:2] for line in told("users", "!!str a: !!map\n  !x b: !!seq\n    - !!str c\n    - !y d\n")] == [
        ("f.yml:2:3", "RM112"),
        ("f.yml:4:7", "RM112"),
    ]


def test_first_of_two_equal_keys_counts() -> None:
    root = read_document("a: 1\na: 2\n", "f.yml").root
    assert root is not None
    assert as_plain(root) == {"a": "1"}


def test_a_key_without_a_value_is_nothing_and_quotes_are_text() -> None:
    root = read_document("a:\nb: ''\nc: ~\n", "f.yml").root
    assert root is not None
    assert as_plain(root) == {"a": None, "b": "", "c": "~"}


def test_whole_does_not_let_a_newline_pass() -> None:
    assert whole("^[a-z]+$").match("abc")
    assert not whole("^[a-z]+$").match("abc\n")


def test_printable_writes_control_characters_as_escapes() -> None:
    problem = Problem(Place("f"), "RM000", "a\nb\x1b[0m\u202eé `x`", "c\r\u2028d")
    assert printable(problem) == Problem(Place("f"), "RM000", "a\\nb\\x1b[0m\\u202eé `x`", "c\\r\\u2028d")
