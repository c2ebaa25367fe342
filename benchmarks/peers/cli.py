"""A loop of `aws cloudformation deploy`, as a shell script in a pipeline would have it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.peers.place import MASTER, REGION, STACK, Place

PROGRAM = "python/bin/aws"


def commands(place: Place, home: Path) -> Sequence[Sequence[str]]:
    """One command for each account, which assumes its role through a profile."""
    (place.directory / "roles.yml").write_text(place.template(), encoding="utf-8")
    profiles = (
        f"[profile {account}]\nrole_arn = {place.role(account)}\ncredential_source = Environment\nregion = {REGION}\n"
        for account in place.account_ids
    )
    (place.directory / "aws-config").write_text("".join(profiles), encoding="utf-8")
    deploy = (
        f"cloudformation deploy --template-file roles.yml --capabilities CAPABILITY_IAM --no-fail-on-empty-changeset "
        f"--stack-name {STACK} --parameter-overrides AssumingAccountID={MASTER}"
    )
    return [[str(home / PROGRAM), "--profile", account, *deploy.split()] for account in place.account_ids]
