"""Nothing that widens a role is silent: held by an evaluator that knows nothing of how the comment is made."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from typing import Any

import pytest
from seeds import seeds

from oracle import contexts, data, judging, pairs, templates
from oracle.comparing import comparable
from oracle.counting import Count, count
from oracle.evaluator import Ask, Role
from oracle.simulate import Simulator
from oracle.worlds import worlds

PAIRS = 20_000
SLICES = 10
BATCHES = PAIRS // (2 * len(pairs.NAMES)) // SLICES


def _numbers(piece: int) -> range:
    return seeds(BATCHES * SLICES)[piece * BATCHES : (piece + 1) * BATCHES]


@pytest.mark.seeded
@pytest.mark.parametrize("piece", range(SLICES))
def test_a_change_that_lets_more_pass_is_said_to(piece: int, record_property: Callable[[str, Any], None]) -> None:
    """The same 20,000 pairs each time; `make oracle` makes other ones."""
    data.need()
    found = count(_numbers(piece))
    record_property("pairs of roles", found.pairs)
    assert found.pairs == PAIRS // SLICES
    assert not found.missed, "\n\n".join(map(str, found.missed[:2]))


def test_a_comment_that_said_nothing_would_be_found() -> None:
    """The oracle is not silent itself: of the same pairs, it finds that a third widens."""
    data.need()
    found: Count = count(range(40), lambda batch: ("", ""))
    assert len(found.missed) > found.pairs * 0.3
    one = found.missed[0]
    assert str(one).startswith(f"{one.pair.name} of pair {one.pair.number}")


def test_the_same_number_makes_the_same_pair() -> None:
    data.need()
    made = [pairs.pair(7, "Alpha") for _ in range(2)]
    assert pairs.template([made[0].before]) == pairs.template([made[1].before])
    assert pairs.template([made[0].after]) == pairs.template([made[1].after])
    assert made[0].done == made[1].done


VALIDATED = 2_000
"""Pairs on which the two evaluators are held to each other."""


@pytest.mark.parametrize("piece", range(4))
def test_both_evaluators_say_the_same(piece: int, record_property: Callable[[str, Any], None]) -> None:
    """Ours and one that others wrote, which runs as a program of its own."""
    data.need("node")
    here = VALIDATED // len(pairs.NAMES) // 4
    differing, agreed = [], 0
    with Simulator() as simulator:
        for number in range(piece * here, (piece + 1) * here):
            asked = [question for pair in pairs.batch(number) for question in _questions(pair)]
            for (role, asks), answers in zip(asked, simulator.answers(asked), strict=True):
                for ask, answer in zip(asks, answers, strict=True):
                    if isinstance(answer, bool):  # a text says why the simulator cannot tell
                        agreed += answer is role.lets(ask)
                        differing += [] if answer is role.lets(ask) else [(number, ask, answer, role)]
    record_property("answers of another simulator", agreed)
    assert not differing, f"of {agreed + len(differing)}: {differing[:3]}"
    assert agreed > here * 20


def _questions(pair: pairs.Pair) -> list[tuple[Role, list[Ask]]]:
    """Both roles of a pair in one of its worlds, and some of the requests that they would be held to."""
    world = next(worlds(pairs.template([pair.before]), pairs.template([pair.after])))
    both = judging.roles_in(pair, world)
    if len(both) < 2:
        return []
    some = list(itertools.islice(contexts.asks(both[0], both[1], random.Random(pair.seed)), 0, None, 23))
    return [(role, [ask for ask in some if comparable(role, ask)]) for role in both]


TEMPLATES = 1_200
"""Pairs of whole templates."""


@pytest.mark.parametrize("piece", range(3))
def test_whatever_deploys_something_else_is_shown(piece: int, record_property: Callable[[str, Any], None]) -> None:
    """Resources of all kinds, parameters of accounts, mappings, conditions, outputs, in every world."""
    data.need()
    here = TEMPLATES // 3
    found = [silent for number in range(piece * here, (piece + 1) * here) if (silent := templates.silent(number))]
    record_property("pairs of templates", here)
    assert not found, found[:2]


def test_a_template_that_is_passed_over_would_be_found() -> None:
    """Of the same templates, most deploy something else."""
    data.need()
    found = [silent for number in range(40) if (silent := templates.silent(number, lambda *_: ""))]
    assert len(found) > 15
