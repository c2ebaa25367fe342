"""`python -m benchmarks`: measure, print, and with `--write FILE` put the figures into a page."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.comment import comments
from benchmarks.container import container_table, containers
from benchmarks.files import validation
from benchmarks.report import comment_table, replaced, rollout_tables, startup_table, validation_table
from benchmarks.repository import Size
from benchmarks.rollout import rollout
from benchmarks.startup import startup

COMPANY = Size(accounts=100, users=1_000, groups_per_user=5)
MAPS = (
    Size(accounts=100, users=10_000, groups_per_user=10),
    Size(accounts=100, users=10_000, groups_per_user=10, long_form=True),
)
REQUESTS = (500, 5_000)


def main(arguments: list[str] | None = None) -> None:
    """Measure everything. Takes some minutes, stays on 127.0.0.1, leaves nothing behind."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=main.__doc__)
    parser.add_argument("--write", type=Path, metavar="FILE", help="rewrite the figures of this page")
    parser.add_argument("--accounts", type=int, default=COMPANY.accounts, help="accounts of the rollout (%(default)s)")
    parser.add_argument("--users", type=int, default=COMPANY.users, help="users of the rollout (%(default)s)")
    parser.add_argument("--latency", type=int, default=20, metavar="MS", help="added to every call (%(default)s)")
    parser.add_argument("--times", type=int, default=9, help="how often to measure what is short (%(default)s)")
    parser.add_argument("--without", choices=["container"], help="leave this out; the image has to be built for it")
    chosen = parser.parse_args(arguments)
    parts = []

    def say(part: str) -> None:
        print(part + "\n", flush=True)
        parts.append(part)

    say(startup_table(startup(chosen.times)))
    say(validation_table([validation(size, chosen.times) for size in MAPS]))
    say(comment_table(comments(REQUESTS, chosen.times)))
    if chosen.without != "container":
        say(container_table(containers(chosen.times)))
    company = Size(chosen.accounts, chosen.users, COMPANY.groups_per_user)
    say(rollout_tables(company, rollout(company, chosen.latency / 1000)))
    if chosen.write:
        page = replaced(chosen.write.read_text(encoding="utf-8"), "\n\n".join(parts))
        chosen.write.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
