"""What is wrong with the files, as blocks and as JSON: nothing of a plan, so that `validate` starts quickly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rolemodel_ci.model.desired import Policy
from rolemodel_ci.model.problem import Problem, Severity, are_usable
from rolemodel_ci.render.blocks import Block, Heading, Row, Table, Tone, counted, sentence
from rolemodel_ci.render.json_document import document, place_json


def problem_blocks(problems: Sequence[Problem], policy: Policy | None) -> Iterator[Block]:
    """What is wrong with the files, or what good files hold."""
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    warnings = len(problems) - errors
    if problems:
        told = (counted(errors, "problem") if errors else "", counted(warnings, "warning") if warnings else "")
        yield Heading(f"The files have {sentence(told)}.", 1, Tone.BAD if errors else Tone.CHANGE)
        rows = tuple(
            Row(
                (str(p.place), p.code, ("" if p.severity is Severity.ERROR else "warning: ") + p.message, p.remedy),
                Tone.BAD if p.severity is Severity.ERROR else Tone.CHANGE,
            )
            for p in problems
        )
        yield Table(("where", "code", "problem", "what to do"), rows)
    if policy is not None and not errors:
        grants = len(policy.users.grants) if policy.users else 0
        yield Heading(
            f"The files are good: {counted(len(policy.accounts), 'account')}, "
            f"{counted(len(policy.template.roles), 'role')}, {counted(grants, 'grant')}.",
            1,
            Tone.GOOD,
        )


def problems_json(problems: tuple[Problem, ...]) -> dict[str, Any]:
    """What is wrong with the files."""
    return document(
        "problems",
        valid=are_usable(problems),
        problems=[
            {
                **place_json(p.place),
                "code": p.code,
                "severity": p.severity.value,
                "message": p.message,
                "remedy": p.remedy,
            }
            for p in problems
        ],
    )
