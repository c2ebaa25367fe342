"""What makes a role dangerous, as sentences."""

from __future__ import annotations

from rolemodel_ci.iam.privilege import Mark, Privilege

_REASONS = {
    Privilege.ADMINISTRATOR: "allows every action",
    Privilege.IDENTITIES: "can give itself any right (IAM)",
    Privilege.PASSING: "can pass any role to a service (`iam:PassRole` on `*`)",
    Privilege.UNKNOWN: "has rights that cannot be told from the template",
    Privilege.BORROWING: "can get the rights of other roles, or lift limits of rights",
    Privilege.CHAINING: "can assume any role that trusts its account (`sts:AssumeRole` on `*`)",
    Privilege.LIMITED: "allows dangerous actions on the resources that it names",
    Privilege.NONE: "allows nothing dangerous that is known",
}


def reason(mark: Mark) -> str:
    """What the role can do at worst; continues a sentence about it."""
    return _REASONS[mark.privilege]


_RANKS = {Privilege.ADMINISTRATOR: "administrator", Privilege.UNKNOWN: "perhaps administrator"}


def rank(mark: Mark) -> str:
    """What somebody becomes by the role."""
    return _RANKS.get(mark.privilege, "as good as administrator")
