"""How a run in GitHub Actions ends: a value that `tell` puts into the log, annotations, the summary and outputs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from rolemodel_ci.access_request.request import GrantChangeKind, Request
from rolemodel_ci.adapters.github.api import GithubError
from rolemodel_ci.model.problem import Problem, Severity
from rolemodel_ci.reconcile.changes import AddMember, Origin, RemoveMember
from rolemodel_ci.reconcile.plan import Plan
from rolemodel_ci.render.blocks import Block
from rolemodel_ci.render.comment.markup import alert, words
from rolemodel_ci.render.comment.truncate import Part


class Result(StrEnum):
    """The output `result`: what came of the run."""

    NOTHING = "nothing"
    PROBLEMS = "problems"
    VALID = "valid"
    PLANNED = "planned"
    APPLIED = "applied"
    INCOMPLETE = "incomplete"
    REFUSED = "refused"
    STALE = "stale"
    DRIFT = "drift"
    NO_DRIFT = "no-drift"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Message:
    """The comment a run has for a pull request. `make` False: only kept up to date where it is there already.

    `once`: one that is there already says more than this run has to say, and stays. `former` is the marker that the
    comment may have from before comments named their config; empty where it cannot be ours. `first`: no run can have
    made one before this run. `held`: why nothing may be written, although one that is there may be wrong by now.
    `unwritable`: what to do where the token may not write, if that is not what it usually is.
    `parts` is what it says, if not the same as the job summary. `commit`: it is on a commit, not on a pull request.
    """

    number: int
    marker: str
    make: bool = True
    once: bool = False
    former: str = ""
    first: bool = False
    held: GithubError | None = None
    unwritable: str = ""
    parts: tuple[Part, ...] = ()
    commit: str = ""


@dataclass(frozen=True, slots=True)
class RunResult:
    """Everything a run has to say, before it is said. `parts` are the job summary and, where there is one, the comment.

    `failure` is the sentence of an annotation about why the run failed, `remark` that of one about something to know.
    `addresses` are those of the comments, once they are made; None before.
    """

    result: Result
    code: int
    blocks: tuple[Block, ...] = ()
    parts: tuple[Part, ...] = ()
    problems: tuple[Problem, ...] = ()
    plan: Plan | None = None
    request: Request | None = None
    document: dict[str, Any] | None = None
    messages: tuple[Message, ...] = ()
    failure: str = ""
    remark: str = ""
    bugs: tuple[Exception, ...] = ()
    addresses: tuple[str, ...] | None = None

    def left_standing(self, older: str) -> RunResult:
        """The ending of a run that left a comment standing which says what is no longer so: no success.

        `older` says which comment that is, and why it stands there.
        """
        warning = Part(f"{alert('CAUTION')}\n> {words(older)}")
        quiet = self.result in (Result.VALID, Result.PLANNED)
        return replace(
            self,
            result=Result.FAILED if quiet else self.result,
            code=self.code or GithubError.exit_code,
            parts=(*self.parts[:1], warning, *self.parts[1:]),
            failure=" ".join(filter(None, (self.failure and f"{self.failure.rstrip('.')}.", older))),
        )

    def outputs(self) -> dict[str, str]:
        """The outputs but for those that telling makes: where the plan and the comment are."""
        changes = self.plan.changes if self.plan else ()
        asked = self.request.grants if self.request else ()
        grants = sum(isinstance(change, AddMember) for change in changes)
        grants += len(self.plan.regained) if self.plan else 0
        losses = sum(isinstance(change, RemoveMember) for change in changes)
        if self.plan is None:
            grants = sum(one.touch is GrantChangeKind.GAINS for one in asked)
            losses = sum(one.touch is GrantChangeKind.LOSES for one in asked)
        counts = {
            "changes": len(changes) if self.plan else len(asked),
            "grants": grants,
            "revocations": losses,
            "drift": sum(change.origin is Origin.DRIFT for change in changes),
            "problems": sum(problem.severity is Severity.ERROR for problem in self.problems),
        }
        return {name: str(count) for name, count in counts.items()} | {"result": str(self.result)}
