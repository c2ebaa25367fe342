"""Rules for files that are well formed: one table of named checks, each a function and one sentence.

Here belongs what needs the config, the user map and the template together, or AWS's limits.
Not here: keys and types (`config`), syntax (`parsing`).
"""

from __future__ import annotations

from datetime import date

from rolemodel_ci.checks.account_ids import APART_CHECKS
from rolemodel_ci.checks.config import CONFIG_CHECKS
from rolemodel_ci.checks.limits import LIMIT_CHECKS
from rolemodel_ci.checks.managed_policies import MANAGED_CHECKS
from rolemodel_ci.checks.retained_resources import LASTING_CHECKS
from rolemodel_ci.checks.rule import Rule
from rolemodel_ci.checks.template import TEMPLATE_CHECKS
from rolemodel_ci.checks.template_text import TEXT_CHECKS
from rolemodel_ci.checks.user_map import USER_CHECKS
from rolemodel_ci.cloudformation.desired_stacks import DesiredStacks, evaluate_stacks
from rolemodel_ci.config.json_schema import printable
from rolemodel_ci.model.desired import Policy
from rolemodel_ci.model.problem import Problem

CHECKS: tuple[Rule, ...] = (
    *CONFIG_CHECKS,
    *APART_CHECKS,
    *USER_CHECKS,
    *TEMPLATE_CHECKS,
    *TEXT_CHECKS,
    *LASTING_CHECKS,
    *MANAGED_CHECKS,
    *LIMIT_CHECKS,
)

__all__ = ["CHECKS", "DesiredStacks", "Rule", "check"]


def check(policy: Policy, today: date) -> tuple[Problem, ...]:
    """Everything the checks find in `policy` on `today` (UTC), sorted by place and code."""
    looked_at = evaluate_stacks(policy, today)
    return tuple(sorted(printable(problem) for each in CHECKS for problem in each.find(looked_at)))
