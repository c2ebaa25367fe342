"""Checks of the roles template."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from rolemodel_ci.checks.rule import Rule, at, each_role, once, place_of, told_in
from rolemodel_ci.cloudformation.desired_stacks import DesiredStacks
from rolemodel_ci.cloudformation.intrinsics import PLACEHOLDER
from rolemodel_ci.cloudformation.policies import as_list
from rolemodel_ci.cloudformation.roles import role_name, role_path
from rolemodel_ci.iam.open_trust import is_open, trust_statements
from rolemodel_ci.model.desired import MASTER_PARAMETER, Role
from rolemodel_ci.model.problem import Place, Problem, Severity
from rolemodel_ci.suggestions import Hints

SWITCH_ROLE_LIMIT = 64
"""Characters of path and name together that the console's "switch role" takes:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""

_ROLE_NAME = re.compile(r"[\w+=,.@-]{1,64}\Z", re.ASCII)
_PATH = re.compile(r"/([!-#%-)+->@-~]{1,510}/)?\Z")  # IAM takes `*`, `?` and `$` too, which mean more in a policy
_LOGICAL_ID = re.compile(r"[A-Za-z0-9]{1,255}\Z")
_SECONDS = re.compile(r"[0-9]{1,9}\Z")
_SESSION = (3_600, 43_200)


def no_roles(subject: DesiredStacks) -> Iterable[Problem]:
    """A template without a single role."""
    template = subject.policy.template
    if not template.roles:
        yield Problem(
            template.places.get(("Resources",), Place(template.file)),
            "RM405",
            "the template makes no role: nobody could switch into anything",
            "Add at least one resource of type AWS::IAM::Role.",
        )


def logical_ids(subject: DesiredStacks) -> Iterable[Problem]:
    """Logical ids that CloudFormation does not take."""
    template = subject.policy.template
    for name in template.body["Resources"]:
        if not _LOGICAL_ID.match(name):
            yield Problem(
                template.places[("Resources", name)],
                "RM406",
                f"`{name}` is no logical id: letters and digits only",
                "Rename it.",
            )


def open_trust(subject: DesiredStacks) -> Iterable[Problem]:
    """Roles that everybody in AWS may assume."""
    for role, account, properties in each_role(subject):
        if any(map(is_open, trust_statements(properties.get("AssumeRolePolicyDocument")))):
            yield Problem(
                place_of(subject, role, "AssumeRolePolicyDocument"),
                "RM407",
                f"role `{role.name}` trusts everybody in AWS, or everybody with an identity of a provider"
                + told_in(account),
                f"Name who may assume it, as a rule `arn:aws:iam::${{{MASTER_PARAMETER}}}:root`. Of conditions, only "
                "one on the caller's account, organization or ARN would do; of an identity provider, one on whose "
                "identity it is.",
            )


def master_left_out(subject: DesiredStacks) -> Iterable[Problem]:
    """Roles that nobody of the master account could assume: a grant of one would grant nothing."""
    master = subject.policy.master_account_id
    for role, account, properties in each_role(subject):
        trusted = [
            str(s.get("Principal", "*") if isinstance(s, dict) and "Effect" in s else s)
            for s in trust_statements(properties.get("AssumeRolePolicyDocument"))
            if not isinstance(s, dict) or s.get("Effect", "Allow") == "Allow"
        ]
        if not any(known in who for who in trusted for known in (master, "*", "${", "Fn::", "'Ref'")):
            yield Problem(
                place_of(subject, role, "AssumeRolePolicyDocument"),
                "RM409",
                f"role `{role.name}` does not trust the master account {master}: no user of the map could switch "
                "into it" + told_in(account),
                f"Trust `arn:aws:iam::${{{MASTER_PARAMETER}}}:root`.",
                Severity.WARNING,
            )


def names(subject: DesiredStacks) -> Iterable[Problem]:
    """Role names and paths that IAM or the console do not take, or that cannot be told before AWS has made them."""
    for role, account, properties in each_role(subject):
        resolved = subject.resolved[account.name]
        path, name = role_path(resolved, role.name), role_name(resolved, role.name)
        if path is None or not _PATH.match(path):
            yield Problem(
                place_of(subject, role, "Path"),
                "RM411",
                f"the path of role `{role.name}` "
                + ("cannot be told from the template" if path is None else f"is `{path}`, which is no IAM path")
                + told_in(account),
                "Write it out, or use parameters: it starts and ends with `/`, without `*`, `?` and `$`.",
            )
            continue
        if "RoleName" not in properties or name is None:
            continue
        if not _ROLE_NAME.match(name):
            yield Problem(
                place_of(subject, role, "RoleName"),
                "RM412",
                f"`{name}` is no name for an IAM role" + told_in(account),
                "Use 1 to 64 letters, digits and `_+=,.@-`.",
            )
        elif len(path + name) > SWITCH_ROLE_LIMIT:
            yield Problem(
                place_of(subject, role, "RoleName"),
                "RM413",
                f"path and name of role `{role.name}` have {len(path + name)} characters; the console switches only "
                f"into roles with at most {SWITCH_ROLE_LIMIT}" + told_in(account),
                "Shorten the path or the name.",
            )


def same_name(subject: DesiredStacks) -> Iterable[Problem]:
    """Two roles of one name in one account, or of names that IAM cannot tell apart, or ids that groups cannot."""
    first: dict[tuple[str, str], Role] = {}
    for role, account, _ in each_role(subject):
        name = role_name(subject.resolved[account.name], role.name)
        for kind, key in (("RoleName", name), ("logical id", role.name)):
            if key is None:
                continue
            other = first.setdefault((f"{account.name} {kind}", key.lower()), role)
            if other.name != role.name:
                yield Problem(
                    role.place,
                    "RM414",
                    f"roles `{other.name}` and `{role.name}` have the same {kind}, or one that differs only in case"
                    + told_in(account),
                    "Rename one of the two.",
                )


def session_length(subject: DesiredStacks) -> Iterable[Problem]:
    """Session lengths outside what IAM takes: 3,600 to 43,200 seconds."""
    low, high = _SESSION
    for role, account, properties in each_role(subject):
        seconds = properties.get("MaxSessionDuration")
        if isinstance(seconds, str) and not (_SECONDS.match(seconds) and low <= int(seconds) <= high):
            yield Problem(
                place_of(subject, role, "MaxSessionDuration"),
                "RM415",
                f"MaxSessionDuration of role `{role.name}` is `{seconds}`" + told_in(account),
                f"Write seconds from {low} to {high}.",
            )


def dangling_references(subject: DesiredStacks) -> Iterable[Problem]:
    """References to what the template does not declare."""
    template = subject.policy.template
    body = template.body
    things = {*body["Resources"], *(p.name for p in template.parameters)}
    known = {"resource": things, "condition": body.get("Conditions", {}), "mapping": body.get("Mappings", {})}
    hints = {kind: Hints(names) for kind, names in known.items()}
    for path, place in sorted(template.places.items(), key=lambda item: item[1]):
        for kind, name in dict.fromkeys(_references(body, path)):
            if name in known[kind] or name.startswith("AWS::"):
                continue
            yield Problem(
                place,
                "RM416",
                f"`{name}` is neither a parameter nor a resource of the template"
                if kind == "resource"
                else f"the template has no {kind} `{name}`",
                hints[kind].slip_of(name) or "Correct the name, or declare it.",
            )


def _references(body: Mapping[str, Any], path: tuple[str | int, ...]) -> Iterable[tuple[str, str]]:
    """What the function or attribute at `path` names: kind and name."""
    if len(path) < 3 or path[0] not in ("Resources", "Outputs", "Conditions"):
        return
    last, value = path[-1], at(body, path)
    parts = as_list(value)
    first = parts[0] if parts and isinstance(parts[0], str) else ""
    if last == "Fn::Sub":
        own = parts[1] if len(parts) == 2 and isinstance(parts[1], dict) else {}
        names = (match.group(1).strip() for match in PLACEHOLDER.finditer(first))
        yield from (("resource", name.split(".")[0]) for name in names if name not in own)
    elif last in ("Ref", "Fn::GetAtt") and first:
        yield "resource", first.split(".")[0]
    elif last == "DependsOn" and len(path) == 3:
        yield from (("resource", name) for name in parts if isinstance(name, str))
    elif first and (last == "Fn::If" or (last == "Condition" and (len(path) == 3 or path[0] == "Conditions"))):
        yield "condition", first
    elif last == "Fn::FindInMap" and first:
        yield "mapping", first


TEMPLATE_CHECKS = (
    Rule("RM405", "The template makes at least one role.", no_roles),
    Rule("RM406", "CloudFormation takes the logical ids.", logical_ids),
    Rule("RM407", "No role trusts everybody.", once(open_trust)),
    Rule("RM409", "Every role trusts the master account.", once(master_left_out)),
    Rule("RM411", "IAM and the console take the roles' names and paths.", once(names)),
    Rule("RM414", "Roles differ by more than case.", once(same_name)),
    Rule("RM415", "IAM takes the session lengths.", once(session_length)),
    Rule("RM416", "Every reference leads somewhere.", dangling_references),
)
