"""The payloads made in code have the shape of GitHub's, and the derived ones say what they are to say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from . import data
from . import payloads as made

SHA = "1234567890abcdef1234567890abcdef12345678"
ACTIONS = ["opened", "synchronize", "reopened", "closed"]
FACTS: dict[str, Any] = {"repository": "octo/rights", "repository_id": 12, "owner_id": 34, "number": 56}
FACTS |= {"head_sha": SHA, "author": "erin", "sender": "frank", "default_branch": "trunk", "private": False}

PAIRS: list[tuple[Callable[..., made.Payload], Callable[..., made.Payload]]] = [
    (made.minimal_push, made.real_push),
    (made.minimal_merge_group, made.real_merge_group),
    (made.minimal_workflow_dispatch, made.real_workflow_dispatch),
]


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a payload that is no dict, with its path."""
    if not isinstance(value, dict):
        yield path, value
        return
    for key, below in value.items():
        yield from leaves(below, f"{path}.{key}".lstrip("."))


def assert_shape(minimal: made.Payload, example: made.Payload, may_be_null: set[str]) -> None:
    """Each key of the payload is in GitHub's example too, with a value of the same type."""
    theirs = dict(leaves(example))
    for path, value in leaves(minimal):
        assert path in theirs
        if not (value is theirs[path] is None or path in may_be_null):
            assert type(value) is type(theirs[path]), path


@pytest.mark.parametrize("action", ACTIONS)
def test_minimal_pull_request_has_the_shape_of_github(action: str) -> None:
    examples = [one for one in data.webhooks()["pull_request"] if one["action"] == action]
    assert examples
    for example in examples:
        assert_shape(made.minimal_pull_request(action), example, {"pull_request.merge_commit_sha"})


@pytest.mark.parametrize(("event", "minimal"), [("push", PAIRS[0][0]), ("merge_group", PAIRS[1][0])])
def test_minimal_others_have_the_shape_of_github(event: str, minimal: Callable[..., made.Payload]) -> None:
    examples = data.webhooks()[event]
    assert examples
    for example in examples:
        assert_shape(minimal(), example, set())


def test_minimal_dispatch_has_the_shape_of_github() -> None:
    example = next(one for one in data.webhooks()["workflow_dispatch"] if one["inputs"] == {})
    assert_shape(made.minimal_workflow_dispatch(), example | {"inputs": None}, {"inputs"})


@pytest.mark.parametrize("action", ACTIONS)
def test_real_pull_request_says_what_the_minimal_one_says(action: str) -> None:
    minimal, real = (form(action, **FACTS) for form in (made.minimal_pull_request, made.real_pull_request))
    assert made.merge(real, minimal) == real
    assert len(dict(leaves(real))) > 300
    assert real["pull_request"]["url"] == "https://api.github.com/repos/octo/rights/pulls/2"
    assert "Codertocat/Hello-World" not in str(real)


@pytest.mark.parametrize(("minimal", "real"), PAIRS)
def test_real_others_say_what_the_minimal_ones_say(
    minimal: Callable[..., made.Payload], real: Callable[..., made.Payload]
) -> None:
    assert made.merge(real(**FACTS), minimal(**FACTS)) == real(**FACTS)
    assert real(**FACTS)["repository"]["full_name"] == "octo/rights"
    assert real(**FACTS)["repository"]["name"] == "rights"


def test_facts_are_where_github_has_them() -> None:
    payload = made.minimal_pull_request("synchronize", **FACTS)
    pull, repository = payload["pull_request"], payload["repository"]
    assert (payload["action"], payload["number"], pull["number"]) == ("synchronize", 56, 56)
    assert (pull["head"]["sha"], pull["user"]["login"], payload["sender"]["login"]) == (SHA, "erin", "frank")
    assert (repository["id"], repository["owner"]["id"], repository["owner"]["login"]) == (12, 34, "octo")
    assert (repository["default_branch"], repository["private"]) == ("trunk", False)
    assert pull["head"]["repo"]["full_name"] == pull["base"]["repo"]["full_name"] == "octo/rights"


def test_unknown_fact_is_a_mistake_of_the_test() -> None:
    with pytest.raises(TypeError, match="colour"):
        made.minimal_push(colour="green")


def bases() -> list[Callable[..., made.Payload]]:
    """What the derived pull requests are derived from."""
    return [made.minimal_pull_request, made.real_pull_request]


@pytest.mark.parametrize("base", bases())
def test_merged_and_closed(base: Callable[..., made.Payload]) -> None:
    merged, closed = made.merged(base(), SHA), made.closed_unmerged(base(), SHA)
    assert (merged["action"], merged["pull_request"]["merged"]) == ("closed", True)
    assert (closed["action"], closed["pull_request"]["merged"]) == ("closed", False)
    assert merged["pull_request"]["merge_commit_sha"] == closed["pull_request"]["merge_commit_sha"] == SHA
    assert base()["pull_request"]["merged"] is False


@pytest.mark.parametrize("base", bases())
def test_from_a_fork(base: Callable[..., made.Payload]) -> None:
    payload = made.from_fork(base())
    pull = payload["pull_request"]
    assert (pull["head"]["repo"]["full_name"], pull["head"]["repo"]["fork"]) == ("mallory/access", True)
    assert (pull["base"]["repo"]["full_name"], payload["repository"]["full_name"]) == ("acme/access", "acme/access")
    assert pull["user"]["login"] == payload["sender"]["login"] == "mallory"
    gone = made.head_repository_deleted(payload)["pull_request"]["head"]
    assert gone["repo"] is None
    assert gone["sha"] == pull["head"]["sha"]


@pytest.mark.parametrize("base", bases())
def test_by_dependabot(base: Callable[..., made.Payload]) -> None:
    payload = made.by_dependabot(base())
    pull = payload["pull_request"]
    assert pull["head"]["repo"]["full_name"] == "acme/access"
    assert pull["user"] | {"login": "dependabot[bot]", "type": "Bot"} == pull["user"]
    assert payload["sender"]["login"] == "dependabot[bot]"


@pytest.mark.parametrize("base", [made.minimal_push, made.real_push])
def test_pushes(base: Callable[..., made.Payload]) -> None:
    branch, first, tag = base(ref="refs/heads/x"), made.pushed_first(base()), made.tag_pushed(base(), "v2")
    gone, forced = made.ref_deleted(base()), made.pushed_by_force(base())
    assert (branch["ref"], branch["before"], branch["after"]) == ("refs/heads/x", "b" * 40, "c" * 40)
    assert (branch["created"], branch["deleted"], branch["forced"]) == (False, False, False)
    assert (first["ref"], first["before"], first["created"]) == ("refs/heads/main", made.NO_COMMIT, True)
    assert (tag["ref"], tag["before"], tag["created"]) == ("refs/tags/v2", made.NO_COMMIT, True)
    assert (gone["after"], gone["deleted"], forced["forced"]) == (made.NO_COMMIT, True, True)


def test_schedule_has_a_repository_and_no_sender() -> None:
    payload = made.minimal_schedule(repository="octo/rights")
    assert payload["schedule"] == "17 3 * * *"
    assert payload["repository"]["full_name"] == "octo/rights"
    assert "sender" not in payload


def test_every_example_of_github_is_there() -> None:
    events = data.webhooks()
    assert (len(events), sum(map(len, events.values()))) == (58, 329)
    assert (len(events["pull_request"]), len(events["push"])) == (29, 7)
