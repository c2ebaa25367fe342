"""Guards for what has to stay: what the config protects, the last administrator, the role that the run works with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from rolemodel_ci.cloudformation.evaluate import desired
from rolemodel_ci.model.live import LiveStack, LiveState
from rolemodel_ci.reconcile.approval import Guard, Refusal
from rolemodel_ci.reconcile.changes import AddMember, DeleteStack, RemoveMember, RenameGroup, StackChange
from rolemodel_ci.reconcile.diff.plan import named_for
from rolemodel_ci.reconcile.diff.stacks import deployed

if TYPE_CHECKING:
    from rolemodel_ci.iam.differences import Difference
    from rolemodel_ci.model.desired import Account, Policy, Protection
    from rolemodel_ci.reconcile.guards.administrators import Administering, Admitted
    from rolemodel_ci.reconcile.plan import Plan

_SHOWN = 5  # names in one sentence


def protected(plan: Plan, policy: Policy, live: LiveState) -> Iterator[Refusal]:
    """What the config protects, whatever the map and the template say."""
    for entry in policy.protected:
        found = sorted(_memberships(plan, policy, entry) if entry.user else _roles(plan, entry))
        if found:
            yield Refusal(
                Guard.PROTECTED,
                f"{entry} is protected ({entry.place}), and {_few(found)} would go",
                f"Put it back, or take the entry out of `protected:` in {policy.config_file} in a change of its own. "
                f"If this is meant, run once with `--allow {Guard.PROTECTED}`.",
            )


def _memberships(plan: Plan, policy: Policy, entry: Protection) -> Iterator[str]:
    for change in plan.changes:
        if isinstance(change, RemoveMember) and change.user == entry.user and _is_about(entry, policy, change):
            yield f"the membership of `{change.group}`"


def _is_about(entry: Protection, policy: Policy, change: RemoveMember) -> bool:
    """Groups of an account that is out of the config, or has another name now, say by their names whose they were."""
    return entry.covers(change.account, change.role) or entry.covers(*named_for(policy, change.group))


def _roles(plan: Plan, entry: Protection) -> Iterator[str]:
    for change in plan.changes:
        if isinstance(change, StackChange):
            for difference in change.differences:
                gone = difference.is_role and difference.what == "removed"
                if gone and entry.covers(change.account, difference.name):
                    yield f"role `{difference.name}` of `{change.account}`"


def last_administrator(plan: Plan, policy: Policy, live: LiveState) -> Iterator[Refusal]:
    """Accounts in which nobody would be as good as an administrator any more.

    Who is in a dangerous role before the run is held against who is in one after it, by what the roles may do then and
    whom they let in: a template that drops, tames or closes the role takes the administrator away as well. Grants that
    ran out were to end, so that their users count as gone before.
    """
    live = _under_new_names(plan, live)
    touched = {c.account for c in plan.changes if isinstance(c, StackChange)}
    touched |= {c.account for c in plan.changes if isinstance(c, RemoveMember) and c.ended is None}
    touched |= {one.account for one in plan.shortened}
    lost: dict[str, list[str]] = {}
    why: list[str] = []
    open_groups: list[str] = []
    for account in policy.present:
        if account.name in touched:
            found = _administering(policy, account, live)
            before, after = _by_group(policy, account, found.before), _by_group(policy, account, found.after)
            users = {user for _, user in _members(live, before) - _leaving(plan, ended=True)}
            staying = _members(live, after) - _leaving(plan) - _ending(plan, policy, account)
            if users and not _coming(plan, after) and not staying:
                lost[account.name] = sorted(users)
                open_groups += sorted(after)
                why += [f"role `{role}` of `{account.name}`: {said}" for role, said in found.why.items()]
    if lost:
        told = [f"`{name}` ({len(users)} now: {_few([f'`{u}`' for u in users])})" for name, users in lost.items()]
        yield Refusal(
            Guard.LAST_ADMINISTRATOR,
            f"nobody would be administrator any more of {_few(told)}" + (f"; {_few(why)}" if why else ""),
            (
                f"Grant {_few([f'`{group}`' for group in open_groups], 'or')} to somebody in the same change."
                if open_groups
                else f"Keep a role of an administrator in {policy.template.file}."
            )
            + f" If this is meant, run once with `--allow {Guard.LAST_ADMINISTRATOR}`.",
        )


def _administering(policy: Policy, account: Account, live: LiveState) -> Administering:
    """The roles that make administrators of an account, before and after the run.

    What cannot be read, or is not there, counts as being what is wanted.
    """
    from rolemodel_ci.reconcile.guards.administrators import administering

    stack = live.stacks.get(account.name)
    account_id = stack.identity.account_id if isinstance(stack, LiveStack) else account.account_id
    now = deployed(policy, account, stack) if isinstance(stack, LiveStack) else None
    wanted = desired(policy, account, account_id)
    return administering(now if now and now.whole else None, wanted, policy.master_account_id)


def _by_group(policy: Policy, account: Account, roles: Mapping[str, Admitted]) -> dict[str, Admitted]:
    return {policy.group_name(account.name, role): admitted for role, admitted in roles.items()}


def _members(live: LiveState, groups: Mapping[str, Admitted]) -> set[tuple[str, str]]:
    """Who is in these groups now, and let in by their roles: group and user."""
    there = (live.master.groups[name] for name in groups.keys() & live.master.groups.keys())
    return {(group.name, user) for group in there for user in group.members if groups[group.name].has(user)}


def _coming(plan: Plan, groups: Mapping[str, Admitted]) -> bool:
    """Whether the same change puts somebody into one of these groups."""
    joins = (change for change in plan.changes if isinstance(change, AddMember))
    return any(change.group in groups and groups[change.group].has(change.user) for change in joins)


def _ending(plan: Plan, policy: Policy, account: Account) -> set[tuple[str, str]]:
    """Who, of an account in which the change cuts grants short, has none any more when the last of these has ended."""
    cut = [one.expires for one in plan.shortened if one.account == account.name]
    if not cut or policy.users is None:
        return set()
    mine = (grant for grant in policy.users.grants if grant.account == account.name)
    day = max(cut) + timedelta(days=1)
    return {(policy.group_name(g.account, g.role), g.user) for g in mine if not g.holds(day)}


def _leaving(plan: Plan, *, ended: bool = False) -> set[tuple[str, str]]:
    """Who leaves which group; with `ended` only those whose last day is over."""
    renamed = {c.old: c.group for c in plan.changes if isinstance(c, RenameGroup)}
    leaving = [c for c in plan.changes if isinstance(c, RemoveMember) and (c.ended is not None or not ended)]
    return {(name, c.user) for c in leaving for name in (c.group, renamed.get(c.group, c.group))}


def _under_new_names(plan: Plan, live: LiveState) -> LiveState:
    """AWS as it is, with the members of groups that are renamed under their new names as well."""
    groups = dict(live.master.groups)
    for change in plan.changes:
        if isinstance(change, RenameGroup):
            old, new = groups[change.old], groups.get(change.group)
            members = old.members | (new.members if new else frozenset())
            groups[change.group] = replace(old, name=change.group, members=members)
    return replace(live, master=replace(live.master, groups=groups))


def own_lockout(plan: Plan, policy: Policy, live: LiveState) -> Iterator[Refusal]:
    """Stacks that hold the roles by which the tool gets in: a change of them may lock it out."""
    touched = [
        f"role `{name}` of `{change.account}`"
        for change in plan.changes
        if isinstance(change, StackChange)
        for name in _own_roles(change, policy, live)
    ]
    if touched:
        yield Refusal(
            Guard.OWN_LOCKOUT,
            f"{len(touched)} of the roles by which rolemodel-ci gets in would be changed or deleted by it: "
            f"{_few(touched)}",
            "Keep these roles in a stack of their own, as bootstrap/ does. If this is meant, run once with "
            f"`--allow {Guard.OWN_LOCKOUT}`.",
        )


def _own_roles(change: StackChange, policy: Policy, live: LiveState) -> list[str]:
    """The names of the tool's own roles that the change of a stack touches."""
    stack = live.stacks.get(change.account or "")
    if not isinstance(stack, LiveStack):
        return []
    own = {policy.github_oidc.plan_role, policy.github_oidc.apply_role} if policy.github_oidc else set()
    own.add(_role_in(stack.identity.arn))
    held = {logical: name for logical, name in stack.physical.items() if name in own}
    if isinstance(change, DeleteStack):
        return sorted(held.values())
    touched = {held[difference.name] for difference in change.differences if difference.name in held}
    beside = (d for d in change.differences if not d.is_role and d.kind.startswith("AWS::IAM::"))
    return sorted(touched.union(*(_named(difference, own) for difference in beside)))


def _named(difference: Difference, own: set[str]) -> set[str]:
    """Those of the roles that something else in the stack names: a policy may belong to a role of another stack."""
    from rolemodel_ci.iam.other_resources import texts_of

    texts = {text.rpartition("/")[2] for change in difference.changes for text in texts_of(change)}
    return own & texts - {""}


def _role_in(arn: str) -> str:
    """The name of the role in an ARN: `…:role/path/NAME` or `…:assumed-role/NAME/SESSION`."""
    kind, _, rest = arn.rpartition(":")[2].partition("/")
    return rest.partition("/")[0] if kind == "assumed-role" else rest.rpartition("/")[2] if kind == "role" else ""


def _few(names: list[str], word: str = "and") -> str:
    more = f" {word} {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
