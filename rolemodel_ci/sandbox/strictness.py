"""Makes ministack as strict as AWS where rolemodel-ci leans on AWS being strict.

ministack is laxer than AWS: no quotas, no paging, an existing role is overwritten by a stack. Entries of its handler
tables are replaced in this process. That reaches into its insides, so it is pinned to one version, and anything that
is not where it was stops the server at start rather than letting it be lax in silence.
"""

from __future__ import annotations

import importlib
import importlib.metadata

from rolemodel_ci.sandbox.strict import callers, groups, pages, parameters, roles, stacks
from rolemodel_ci.sandbox.strict.emulator import Emulator

MINISTACK = "1.5.33"
"""The version whose insides this was written against; the same as in the extra `sandbox` of pyproject.toml."""


def install(*, groups_quota: int) -> None:
    """Tighten the ministack of this process."""
    found = importlib.metadata.version("ministack")
    if found != MINISTACK:
        raise RuntimeError(f"the sandbox is written against ministack {MINISTACK}, but {found} is installed")
    emulator = Emulator(
        iam=importlib.import_module("ministack.services.iam"),
        sts=importlib.import_module("ministack.services.sts"),
        ssm=importlib.import_module("ministack.services.ssm"),
        cloudformation=importlib.import_module("ministack.services.cloudformation"),
        stack_handlers=importlib.import_module("ministack.services.cloudformation.handlers"),
        provisioners=importlib.import_module("ministack.services.cloudformation.provisioners"),
        evaluator=importlib.import_module("ministack.core.iam_evaluator"),
        actions=importlib.import_module("ministack.core.iam_actions"),
    )
    groups.install(emulator, groups_quota)
    pages.install(emulator)
    roles.install(emulator)
    stacks.install(emulator)
    callers.install(emulator)
    parameters.install(emulator)
