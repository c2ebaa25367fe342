"""Files on a person's machine that may be older than what was last applied."""

from __future__ import annotations

from pathlib import Path

from rolemodel_ci.cli.files import base_policy
from rolemodel_ci.errors import RolemodelError
from rolemodel_ci.model.applied_state import AppliedState, Identity, StateAnswer
from rolemodel_ci.model.desired import Policy
from rolemodel_ci.reconcile.approval import Guard, Refusal


def outdated(answer: StateAnswer, identity: Identity) -> tuple[Refusal, ...]:
    """Why these files may be older than what was last applied, so that applying them would undo something."""
    commit = answer.applied_commit if isinstance(answer, AppliedState) else None
    if commit is None or not identity.config:
        return ()
    from rolemodel_ci.adapters.git.checkout_identity import precedes

    older = precedes(Path.cwd(), commit)
    if older is False:
        return ()
    why = "comes after the one that is checked out here" if older else "is not in this checkout, which may be older"
    remedy = f"Get the newest commits (`git pull`). If these files are meant, run with `--allow {Guard.UNKNOWN_STATE}`."
    return (Refusal(Guard.UNKNOWN_STATE, f"commit {commit[:7]} was applied last, and {why}", remedy),)


def committed(revision: str, policy: Policy) -> Policy | None:
    """The policy of a commit, if it has one and can be had."""
    try:
        return base_policy(revision, policy.config_file)
    except RolemodelError:
        return None


def is_as_applied(answer: StateAnswer, policy: Policy) -> bool:
    """Whether these files are what was last applied, and nothing of an earlier state was left behind."""
    if not isinstance(answer, AppliedState) or answer.left:
        return False
    from rolemodel_ci.render.audit_record import policy_digest

    return answer.applied_digest == policy_digest(policy)


def applied_policy(answer: StateAnswer, identity: Identity, policy: Policy) -> Policy | None:
    """The policy of the commit that was last applied, if there is one and it can be had here."""
    commit = answer.applied_commit if isinstance(answer, AppliedState) and identity.config else None
    return committed(commit, policy) if commit else None
