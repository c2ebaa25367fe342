"""What a policy that reads well may still get wrong: one table of named checks, each a function and one sentence."""

from __future__ import annotations

from datetime import date

from rolemodel_ci.checks.apart import APART_CHECKS
from rolemodel_ci.checks.config import CONFIG_CHECKS
from rolemodel_ci.checks.lasting import LASTING_CHECKS
from rolemodel_ci.checks.limits import LIMIT_CHECKS
from rolemodel_ci.checks.managed import MANAGED_CHECKS
from rolemodel_ci.checks.subject import Check, Subject, subject
from rolemodel_ci.checks.template import TEMPLATE_CHECKS
from rolemodel_ci.checks.texts import TEXT_CHECKS
from rolemodel_ci.checks.users import USER_CHECKS
from rolemodel_ci.model import Policy, Problem
from rolemodel_ci.schema import printable

CHECKS: tuple[Check, ...] = (
    *CONFIG_CHECKS,
    *APART_CHECKS,
    *USER_CHECKS,
    *TEMPLATE_CHECKS,
    *TEXT_CHECKS,
    *LASTING_CHECKS,
    *MANAGED_CHECKS,
    *LIMIT_CHECKS,
)

__all__ = ["CHECKS", "Check", "Subject", "check"]


def check(policy: Policy, today: date) -> tuple[Problem, ...]:
    """Everything the checks find in `policy` on `today` (UTC), sorted by place and code."""
    looked_at = subject(policy, today)
    return tuple(sorted(printable(problem) for each in CHECKS for problem in each.find(looked_at)))
