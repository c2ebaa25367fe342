"""What a run prints for the runner, read as the runner reads it: commands are ours alone."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rolemodel_ci.adapters.github.workflow_commands import Commands, NeutralStream, neutral
from rolemodel_ci.model.problem import Place, Problem, Severity

from .listening_runner import KNOWN, Command, heard

# ---- the log


FORMS = ["::error::x", "::set-env name=PATH::/evil", "##[error]x", "##[set-env name=PATH]/evil", "::stop-commands::x"]


def written(*pieces: str, flush: bool = False) -> str:
    """What comes out when these pieces are written."""
    out = io.StringIO()
    stream = NeutralStream(out)
    for piece in pieces:
        assert stream.write(piece) == len(piece)
        if flush:
            stream.flush()
    stream.flush()
    return out.getvalue()


@pytest.mark.parametrize("form", FORMS)
def test_the_runner_of_these_tests_hears_commands(form: str) -> None:
    assert len(heard(form)) == 1
    assert len(heard(f"fine\r  \t{form}\nfine")) == 1


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "before",
    ["", " ", "\t", "\u00a0\u2003", "fine\n", "fine\r", "fine\r\n  ", "\x0b", "\x1b[0m", "\u200b", "\ufeff", "- "],
)
@pytest.mark.parametrize("after", ["", "\n", "\nfine"])
def test_no_command_of_a_repository_is_heard(form: str, before: str, after: str) -> None:
    for flush in (False, True):
        assert heard(written(before, form, after, flush=flush), strictly=True) == []
        assert heard(written(*before, *form, *after, flush=False), strictly=True) == []


@pytest.mark.parametrize("line", ["look: ##[error]x", "x##[error]y##[warning]z", "###[error]x", "##[##[error]x"])
def test_old_form_in_the_middle(line: str) -> None:
    assert heard(line) != [] or line.startswith("##[##[")
    assert heard(written(line), strictly=True) == []


@pytest.mark.parametrize("line", ["a::b", "std::vector", "arn:aws:iam::111111111111:role/x", "fine", "# [x]", "", ":"])
def test_what_is_no_command_stays_as_it_is(line: str) -> None:
    assert neutral(line) == line
    assert written(line + "\n") == line + "\n"


def test_commands_in_pieces() -> None:
    """What is not a whole line waits, and what is flushed is a line: no later piece can make a command of it."""
    assert heard(written(":", ":er", "ror::x"), strictly=True) == []
    assert heard(written(":", ":error::x", flush=True), strictly=True) == []
    assert heard(written("#", "#", "[error]x"), strictly=True) == []
    assert heard(written("#", "#[error]x", flush=True), strictly=True) == []
    assert heard(written("fine\r", "\n::error::x"), strictly=True) == []
    assert written("a", "b", "\nc") == "ab\nc\n"
    assert written("a", "b", flush=True) == "a\nb\n"


def test_command_of_ours_begins_a_line() -> None:
    out = io.StringIO()
    stream, commands = NeutralStream(out), Commands(out)
    stream.write("half a line")
    commands.notice("Title", "said")
    stream.write(" and its end\n")
    assert heard(out.getvalue()) == [Command("notice", {"title": "Title"}, "said")]
    assert "half a line and its end" in out.getvalue()


def test_stream_is_one_that_can_be_printed_to() -> None:
    out = io.StringIO()
    stream = NeutralStream(out)
    print("::error::x", "y", sep="\n", file=stream, flush=True)
    assert (stream.writable(), stream.isatty()) == (True, False)
    assert out.getvalue().endswith("\ny\n")
    assert heard(out.getvalue(), strictly=True) == []


TRICKY = st.lists(
    st.sampled_from([
        ":", "::", "#", "##", "[", "]", "##[", "error", "::error::", "set-env name=x", "\n", "\r", "\r\n", " ", "\t",
        "\u200b", "\u00ad", "\u2060", "\u2028", "\x85", "\x0c", "\0", "%0A", "x", "ü", ",", ";", "=",
    ])
    | st.text(max_size=3),
    max_size=14,
)  # fmt: skip


@given(TRICKY, st.booleans())
@example(["::", "error", "::x"], False)
@example([" ", ":", ":error::x"], False)
def test_no_text_is_heard_as_a_command(pieces: list[str], flush: bool) -> None:
    assert heard(written(*pieces, flush=flush), strictly=True) == []


@given(TRICKY)
def test_no_line_is_lost(pieces: list[str]) -> None:
    """Only characters that nobody sees are added, and only the ends of lines differ."""
    text = "".join(pieces)
    lines = re.split(r"\r\n|\r|\n", text)
    kept = written(text).split("\n")
    assert [line.replace("\u200b", "") for line in kept if line] == [
        line.replace("\u200b", "") for line in lines if line
    ]


# .NET compares by the culture of the machine where it is not told otherwise, and ICU passes over these as if they were
# not there. The name of the command is then taken by position, so it has to fail there as well.
PASSED_OVER = "\u200b\u00ad\u2060\ufeff\u200d\0"


@given(TRICKY)
@example(["\u200b::error::x"])
@example([":\u200b:error::x"])
@example(["#\u200b#[error]x"])
def test_no_command_for_a_runner_that_passes_over_what_is_not_seen(pieces: list[str]) -> None:
    gap = f"[{PASSED_OVER}]*"
    for line in written(*pieces).split("\n"):
        trimmed = line.lstrip()
        if re.match(f"{gap}:{gap}:", trimmed):
            end = re.compile(f":{gap}:").search(trimmed, 2)
            assert end is None or trimmed[2 : end.start()].partition(" ")[0].lower() not in KNOWN
        for old in re.finditer(f"#{gap}#{gap}\\[", line):
            assert re.split(r"[ \]]", line[old.start() + 3 :])[0].lower() not in KNOWN


# ---- annotations


def said(*problems: Problem) -> list[Command]:
    """The annotations of these problems."""
    out = io.StringIO()
    Commands(out).problems(iter(problems))
    return heard(out.getvalue(), strictly=True)


def problem(number: int, severity: Severity = Severity.ERROR) -> Problem:
    """One of many."""
    return Problem(Place("access/users.yml", number, 3), "RM301", f"problem {number}", "Mend it.", severity)


def test_problem_on_its_line() -> None:
    at = {"file": "access/users.yml", "line": "5", "col": "3", "title": "RM301"}
    assert said(problem(5)) == [Command("error", at, "problem 5. Mend it.")]


def test_problem_of_a_whole_file() -> None:
    whole = Problem(Place("access/users.yml"), "RM111", "it is empty", "Fill it.")
    assert said(whole)[0].properties == {"file": "access/users.yml", "title": "RM111"}


def test_nine_of_one_kind_are_all_shown() -> None:
    assert [one.message for one in said(*map(problem, range(1, 10)))] == [
        f"problem {number}. Mend it." for number in range(1, 10)
    ]


@pytest.mark.parametrize("many", [10, 12, 500])
def test_more_than_nine_of_one_kind_leave_room_for_why_the_run_failed(many: int) -> None:
    shown = said(*map(problem, range(1, many + 1)))
    assert len(shown) == 9
    assert shown[-1].message == f"{many - 8} more of this kind: the job summary has them all"
    assert shown[-1].name == "error"


def test_kinds_are_counted_apart() -> None:
    """Also where the problems can be gone through only once."""
    told = [problem(number, severity) for number in range(1, 12) for severity in Severity]
    names = [one.name for one in said(*told)]
    assert (names.count("error"), names.count("warning"), len(names)) == (9, 9, 18)


def test_annotations_of_the_run() -> None:
    out = io.StringIO()
    commands = Commands(out)
    for write in (commands.notice, commands.warning, commands.error):
        write("A title: with, all", "100 % of\nit")
    assert heard(out.getvalue()) == [
        Command(name, {"title": "A title: with, all"}, "100 % of\\nit") for name in ("notice", "warning", "error")
    ]


ODD = "100%: a,b::c %0A %3A%2C%25 ##[error]x ::error::y = ü"


def test_escapes_are_read_back() -> None:
    odd = Problem(Place(ODD, 1, 1), f"t{ODD}", ODD, "Mend it.")
    (found,) = said(odd)
    assert found.properties == {"file": ODD, "line": "1", "col": "1", "title": f"t{ODD}"}
    assert found.message == f"{ODD}. Mend it."


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_any_problem_is_one_annotation(file: str, code: str, message: str) -> None:
    (found,) = said(Problem(Place(f"f{file}", 1, 1), f"c{code}", message, "Mend it."))
    assert found.name == "error"
    assert found.properties.keys() == {"file", "line", "col", "title"}
    assert found.properties["line"] == "1"
    assert found.message.endswith(". Mend it.")


def test_message_beyond_the_limit_is_cut() -> None:
    (found,) = said(Problem(Place("f"), "RM", "%" * 5000, "Mend it."))
    assert found.message == "%" * 4095 + "…"
    (found,) = said(Problem(Place("f"), "RM", "x" * (4096 - len(". Mend it.")), "Mend it."))
    assert (len(found.message), found.message[-8:]) == (4096, "Mend it.")


# ---- secrets


def masked(secret: str) -> list[str]:
    """What the runner hides from now on."""
    out = io.StringIO()
    Commands(out).mask(secret)
    found = heard(out.getvalue(), strictly=True)
    assert {one.name for one in found} <= {"add-mask"}
    return [one.message for one in found]


@pytest.mark.parametrize("secret", ["ghs_x.y_z", "100%25", "a:b,c=d", "::error::x", "##[error]x", "ü"])
def test_secret_is_hidden_as_it_is(secret: str) -> None:
    assert masked(secret) == [secret]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_of_a_secret_is_hidden(end: str) -> None:
    assert masked(f"-----BEGIN{end}abc%0Adef{end}{end}  {end}END") == ["-----BEGIN", "abc%0Adef", "END"]


@pytest.mark.parametrize("nothing", ["", "\n", "  ", " \r\n "])
def test_no_secret_hides_nothing(nothing: str) -> None:
    """An empty mask would make the runner hide everything, or complain."""
    assert masked(nothing) == []
