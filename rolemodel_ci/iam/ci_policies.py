"""The IAM policies of the four roles that CI works with: least privilege, part of the product.

`plan-master` and `apply-master` belong to the roles in the master account, `plan-account` and `apply-account` to
those in every assumable account. The documents are JSON files beside this one; `STACK` stands for the stack's name,
`OWNER` for the config's `owner`.

What the sandbox does not prove: ministack does not ask for the IAM rights that CloudFormation needs in the caller's
name, and knows no `aws:CalledVia`. Those statements of `apply-account` follow AWS's documentation only.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

NAMES = ("plan-master", "plan-account", "apply-master", "apply-account")
"""The documents there are."""


def document(name: str, *, stack_name: str, owner: str = "default") -> dict[str, Any]:
    """The policy document `name`, for a stack of that name and the owner that the config names."""
    if name not in NAMES:
        raise ValueError(f"no policy document {name!r}; there are {', '.join(NAMES)}")
    text = files("rolemodel_ci.iam").joinpath(f"{name}.json").read_text(encoding="utf-8")
    text = text.replace("stack/STACK/", f"stack/{stack_name}/")
    found: dict[str, Any] = json.loads(text.replace("rolemodel-ci/OWNER/", f"rolemodel-ci/{owner}/"))
    return found
