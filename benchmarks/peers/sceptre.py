"""Sceptre: one configuration file for each stack; it works through all of them in threads of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.peers.place import MASTER, REGION, STACK, Place

PROGRAM = "python/bin/sceptre"


def commands(place: Place, home: Path) -> Sequence[Sequence[str]]:
    """One `launch` of everything."""
    config, templates = place.directory / "config", place.directory / "templates"
    config.mkdir()
    templates.mkdir()
    (templates / "roles.yaml").write_text(place.template(), encoding="utf-8")
    (config / "config.yaml").write_text(f"project_code: bench\nregion: {REGION}\n", encoding="utf-8")
    for account in place.account_ids:
        (config / f"account-{account}.yaml").write_text(
            f"template:\n  type: file\n  path: roles.yaml\nstack_name: {STACK}\nsceptre_role: {place.role(account)}\n"
            f"parameters:\n  AssumingAccountID: '{MASTER}'\n",
            encoding="utf-8",
        )
    return [[str(home / PROGRAM), "launch", "--yes", "."]]
