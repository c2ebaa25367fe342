"""`python -m benchmarks`: measure, print, and with `--write FILE` put the figures into a page."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from benchmarks.comment import comments
from benchmarks.container import container_table, containers
from benchmarks.files import validation
from benchmarks.peers import peers
from benchmarks.report import (
    comment_table,
    growth_table,
    peers_table,
    profile_table,
    replaced,
    rollout_tables,
    startup_table,
    validation_table,
)
from benchmarks.repository import Size
from benchmarks.rollout import rollout
from benchmarks.startup import startup

ACCOUNTS, USERS, GROUPS_PER_USER = "10,100,500", 1_000, 5
MAPS = (
    Size(accounts=100, users=10_000, groups_per_user=10),
    Size(accounts=100, users=10_000, groups_per_user=10, long_form=True),
)
REQUESTS = (500, 5_000)


def main(arguments: list[str] | None = None) -> None:
    """Measure everything. Takes some minutes, stays on 127.0.0.1, leaves nothing behind."""
    chosen = _parser().parse_args(arguments)
    parts: list[str] = []

    def say(part: str) -> None:
        print(part + "\n", flush=True)
        parts.append(part)

    say(f"Load of the machine (1, 5, 15 minutes) at the start: {_load()}; {os.cpu_count()} cores.")
    say(startup_table(startup(chosen.times)))
    say(validation_table([validation(size, chosen.times) for size in MAPS]))
    say(comment_table(comments(REQUESTS, chosen.times)))
    if chosen.without != "container":
        say(container_table(containers(chosen.times)))
    latency = chosen.latency / 1000
    sizes = [Size(accounts, chosen.users, GROUPS_PER_USER) for accounts in chosen.accounts]
    measured = []
    for size in sizes:
        measured.append(rollout(size, latency))
        say(rollout_tables(measured[-1]))
    say(growth_table(measured))
    say(profile_table(measured[-1]))
    if chosen.peers:
        size = Size(chosen.peers, chosen.users, GROUPS_PER_USER)
        say(peers_table(rollout(size, latency), latency, peers(size.accounts, latency)))
    say(f"Load at the end: {_load()}.")
    if chosen.write:
        page = replaced(chosen.write.read_text(encoding="utf-8"), "\n\n".join(parts))
        chosen.write.write_text(page, encoding="utf-8")


def _load() -> str:
    return ", ".join(f"{load:.1f}" for load in os.getloadavg())


def _counts(text: str) -> list[int]:
    return sorted(int(part) for part in text.split(","))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=main.__doc__)
    parser.add_argument("--write", type=Path, metavar="FILE", help="rewrite the figures of this page")
    parser.add_argument("--accounts", type=_counts, default=ACCOUNTS, help="accounts of the rollouts (%(default)s)")
    parser.add_argument("--users", type=int, default=USERS, help="users of the rollouts (%(default)s)")
    parser.add_argument("--latency", type=int, default=50, metavar="MS", help="added to every call (%(default)s)")
    parser.add_argument("--peers", type=int, default=50, help="accounts of the other tools; 0: none (%(default)s)")
    parser.add_argument("--times", type=int, default=9, help="how often to measure what is short (%(default)s)")
    parser.add_argument("--without", choices=["container"], help="leave this out; the image has to be built for it")
    return parser


if __name__ == "__main__":
    main()
