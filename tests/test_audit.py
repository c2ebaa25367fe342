"""The digest of a policy in the record of a run: what changes it, and what does not."""

from __future__ import annotations

import pytest
from builders import policy

from rolemodel_ci.model.desired import Policy
from rolemodel_ci.render.audit_record import policy_digest

MAP = "prod: {Admin: [alice, bob]}\ndev: {Reader: [bob]}"
CONFIG = "guards: {revoke_floor: 5}\nprotected: [{user: alice}, {role: Admin}]"


def wanted(users: str | None = MAP, config: str = CONFIG, accounts: str = "prod dev", **how: str) -> Policy:
    """A policy of two accounts."""
    return policy(users, config=config, accounts=accounts.split(), **how)


@pytest.mark.parametrize(
    "same",
    [
        wanted(),
        wanted("dev: {Reader: [bob]}\nprod: {Admin: [bob, {user: alice, reason: on-call}]}"),
        wanted(f"# who\n\n{MAP}"),
        wanted(accounts="dev prod"),
        wanted(config="protected: [{role: Admin}, {user: alice}]"),  # defaults written out or not
        wanted(config=f"stack_name: RoleModel\n{CONFIG}"),
    ],
    ids=["again", "order and reasons", "comments", "order of accounts", "defaults", "defaults of the config"],
)
def test_the_same_decision_has_the_same_digest(same: Policy) -> None:
    assert policy_digest(same) == policy_digest(wanted())


@pytest.mark.parametrize(
    "other",
    [
        wanted(None),
        wanted("prod: {Admin: [alice]}\ndev: {Reader: [bob]}"),
        wanted("prod: {Admin: [alice, {user: bob, expires: 2099-12-31}]}\ndev: {Reader: [bob]}"),
        wanted(config="guards: {revoke_floor: 6}\nprotected: [{user: alice}, {role: Admin}]"),
        wanted(config="guards: {revoke_floor: 5}\nprotected: [{user: alice}]"),
        wanted(config=f"{CONFIG}\nstack_name: Other"),
        wanted(config=f"{CONFIG}\nregion: eu-central-1"),
        wanted(config=f'{CONFIG}\ngroup_prefix: ""'),
        wanted(config=f"{CONFIG}\ngithub_oidc: {{plan_role: p, apply_role: a}}"),
        wanted("prod: {Admin: [alice, bob]}", accounts="prod"),
        policy("prod: {Admin: [alice, bob]}", config=CONFIG, accounts=["prod", "dev absent"]),
    ],
    ids=[
        "no map",
        "grant",
        "last day",
        "guards",
        "protected",
        "stack",
        "region",
        "prefix",
        "way in",
        "account",
        "absent",
    ],
)
def test_another_decision_has_another_digest(other: Policy) -> None:
    assert policy_digest(other) != policy_digest(wanted())
