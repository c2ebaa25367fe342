"""Hints: what a misspelt word was meant to be, also beside thousands of names, and never at any price."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolemodel_ci.suggestions import ALIKE, LOOKUPS, Hints, Offers, did_you_mean, slip_of


@pytest.mark.parametrize(
    ("word", "known", "answer"),
    [
        ("devel", ["prod", "dev"], "Did you mean `dev`?"),
        ("PROD", ["prod", "dev"], "Did you mean `prod`?"),
        ("adminrole", ["AdminRole", "ReadOnlyRole"], "Did you mean `AdminRole`?"),
        ("qa", ["prod", "dev"], ""),
        ("x", [], ""),
    ],
)
def test_did_you_mean(word: str, known: list[str], answer: str) -> None:
    assert did_you_mean(word, known) == answer


ROLES = ["AdminRole", "ReadOnlyRole", "QARole"]


@pytest.mark.parametrize(
    ("word", "known", "answer"),
    [
        ("AdmnRole", ROLES, "AdminRole"),
        ("adminrole", ROLES, "AdminRole"),
        ("AdmimRolle", ROLES, "AdminRole"),
        ("AdimnRole", ROLES, "AdminRole"),
        ("ReadonyRole", ROLES, "ReadOnlyRole"),
        ("AuditRole", ROLES, ""),
        ("AdministratorRole", ROLES, ""),
        ("DomainRole", ROLES, ""),
        ("ReadRole", ROLES, ""),
        ("HRRole", ROLES, ""),
        ("QARoles", ROLES, "QARole"),
        ("Role", ROLES, ""),
        ("", ROLES, ""),
        ("Admin1Role", ["Admin2Role", "Admin3Role"], ""),  # one as near as the other
        ("Admin1Role", ["Admin2Role", "AdminRole", "Other"], ""),
        ("Admin22Role", ["Admin2Role", "Admin3Role"], "Admin2Role"),
        ("x", [], ""),
    ],
)
def test_slip_of(word: str, known: list[str], answer: str) -> None:
    assert slip_of(word, known) == (f"Did you mean `{answer}`?" if answer else "")


@given(st.text("abAB", max_size=12), st.text("abAB", max_size=12))
def test_a_slip_is_a_matter_of_two_characters_at_most(word: str, other: str) -> None:
    if slip_of(word, [other]):
        rest = Counter(word.lower()) - Counter(other.lower()), Counter(other.lower()) - Counter(word.lower())
        assert max(part.total() for part in rest) <= (1 if len(word) < 8 else 2)
    assert slip_of(other, [other]) == f"Did you mean `{other}`?"


def test_long_names_are_compared_fast() -> None:
    known = [f"{n:04}" + "a" * 251 for n in range(2_000)]

    assert slip_of("b" * 255, known) == ""


def _names(count: int) -> list[str]:
    """Names of people as they are: no two of them alike by accident."""
    letters = Random(5)
    words = ["".join(letters.choices("abcdefghijklmnoprstuvwyz", k=letters.randint(4, 9))) for _ in range(600)]
    return [f"{words[n % 300]}.{words[300 + n * 7 // 300]}@example.com" for n in range(count)]


NAMES = _names(5_000)


def test_hardly_any_of_five_thousand_names_is_compared_in_full() -> None:
    hints = Hints(NAMES)
    for name in NAMES[:: len(NAMES) // LOOKUPS][:LOOKUPS]:
        assert hints.slip_of(name.replace(".", "zz.", 1)) == f"Did you mean `{name}`?"

    assert len(NAMES) == 5_000
    assert hints.compared < 20 * LOOKUPS


@pytest.mark.parametrize("pattern", ["user{:04}", "person-{}@example.com", "{:04}" + "a" * 251])
def test_names_that_are_all_alike_are_not_all_compared(pattern: str) -> None:
    hints = Hints(pattern.format(n) for n in range(5_000))
    for n in range(LOOKUPS):
        hints.slip_of(pattern.format(n)[:-1] + "x" + str(n))

    assert hints.compared <= 2 * ALIKE * LOOKUPS


def test_no_more_words_are_looked_up_than_a_run_can_afford() -> None:
    hints = Hints(NAMES)
    words = [f"{chr(97 + n)}-{NAMES[n]}" for n in range(LOOKUPS + 1)]
    found = [hints.slip_of(word) for word in words]

    assert all(found[:LOOKUPS])
    assert found[LOOKUPS] == ""
    assert hints.slip_of(words[0]) == found[0]  # a word that was looked up already costs nothing


@given(st.text("abAB", max_size=9), st.lists(st.text("abcAB", max_size=9), max_size=6, unique_by=str.lower))
def test_looking_up_finds_what_comparing_everything_finds(word: str, known: list[str]) -> None:
    most = 1 if len(word) < 8 else 2
    near = sorted((edits(word.lower(), name.lower()), name) for name in known)
    alone = near and near[0][0] <= most and (len(near) == 1 or near[0][0] < near[1][0])

    assert slip_of(word, known) == (f"Did you mean `{near[0][1]}`?" if alone else "")


def edits(one: str, other: str) -> int:
    """The distance of two words, straight from its definition: put in, leave out, replace, swap neighbours."""
    rows = [[i + j if not i * j else 0 for j in range(len(other) + 1)] for i in range(len(one) + 1)]
    for i, a in enumerate(one, 1):
        for j, b in enumerate(other, 1):
            ways = [rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (a != b)]
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                ways.append(rows[i - 2][j - 2] + 1)
            rows[i][j] = min(ways)
    return rows[-1][-1]


def test_only_the_first_words_are_looked_up_and_no_long_one() -> None:
    offers, known = Offers(lookups=2), [f"Parameter{n}" for n in range(200)]
    assert [offers.nearest(word, known) for word in ("Paramter1", "Paramter1", "Paramter2", "Paramter3")] == [
        "Did you mean `Parameter1`?", "Did you mean `Parameter1`?", "Did you mean `Parameter2`?", "",
    ]  # fmt: skip
    assert did_you_mean("P" * 1_000_000, known) == ""
