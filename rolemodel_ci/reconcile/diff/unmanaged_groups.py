"""Groups that lie near ours and are not: told, for they may open roles that nothing in the repository gives."""

from __future__ import annotations

from collections.abc import Iterator

from rolemodel_ci.model.desired import GROUP_PATH, Policy
from rolemodel_ci.model.live import LiveGroup, LiveMaster


def strangers(policy: Policy, master: LiveMaster) -> Iterator[str]:
    """A sentence for each path under `/RoleModel/` that is not the one of this config's owner."""
    by_path: dict[str, list[LiveGroup]] = {}
    for _, group in sorted(master.groups.items()):
        if group.path.startswith(GROUP_PATH) and group.path != policy.group_path:
            by_path.setdefault(group.path, []).append(group)
    for path, groups in sorted(by_path.items()):
        opening = sum(bool(group.policies or group.attached) for group in groups)
        members = len({user for group in groups for user in group.members})
        many = "there is 1 group" if len(groups) == 1 else f"there are {len(groups)} groups"
        yield (
            f"under `{path}`, which is not ours, {many} (the first: `{groups[0].name}`), {opening} with policies, "
            f"which may open roles, and {members} users in all: left alone. "
            "Look whose they are; if no other access repository has made them, delete them."
        )
