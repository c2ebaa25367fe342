"""Many new pairs: `python -m oracle PAIRS [--minutes N] [--from NUMBER]`; `make oracle` calls it.

A pair goes by a number, and what is found is told with it: `python -m oracle --pair NUMBER` shows one again.
"""

from __future__ import annotations

import argparse
import json
import secrets
import sys
import time
from concurrent.futures import ProcessPoolExecutor

from oracle import judging, pairs
from oracle.counting import Count, comments_on, count

STEP = 25
"""Batches of one piece of work."""


def _piece(start: int) -> Count:
    return count(range(start, start + STEP), every=10)


def run(wanted: int, minutes: float, start: int, processes: int) -> Count:
    """Count until there are as many pairs, or the time is over."""
    deadline, sums = time.monotonic() + minutes * 60, Count()
    pieces = -(-wanted // (STEP * 2 * len(pairs.NAMES)))
    with ProcessPoolExecutor(processes) as pool:
        for first in range(0, pieces, processes * 4):
            if time.monotonic() > deadline:
                break
            several = range(first, min(pieces, first + processes * 4))
            for found in pool.map(_piece, [start + piece * STEP for piece in several]):
                for missed in found.missed:
                    print(missed, end="\n\n", flush=True)
                sums.add(found)
    return sums


def show(number: int) -> bool:
    """One pair again, in its batch; whether it is missed."""
    first, at = divmod(abs(number), len(pairs.NAMES))
    batch = pairs.batch(first)
    back = number < 0
    text, pair = comments_on(batch)[back], batch[at].turned() if back else batch[at]
    found = judging.widening(pair)
    templates = (pairs.template([site]) for site in (pair.before, pair.after))
    print(pair.done, found, *map(json.dumps, templates), text, sep="\n\n")
    return bool(found) and text is not None and not judging.told(text, pair.name)


def main() -> int:
    """0 where nothing is missed, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="oracle", description=__doc__)
    parser.add_argument("pairs", type=int, nargs="?", default=20_000)
    parser.add_argument("--minutes", type=float, default=600.0)
    parser.add_argument("--from", dest="start", type=int, help="number of the first batch; a new one where not given")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--pair", type=int, help="number of one pair, to look at it; negative: the way back")
    given = parser.parse_args()
    if given.pair is not None:
        return int(show(given.pair))
    start = secrets.randbelow(2**40) if given.start is None else given.start
    print(f"Replay with: python -m oracle {given.pairs} --from {start}", flush=True)
    began = time.monotonic()
    sums = run(given.pairs, given.minutes, start, given.processes)
    seconds = time.monotonic() - began
    print(f"{sums.pairs:,} pairs in {seconds:,.0f} s; {sums.refused:,} in templates that are refused")
    print(f"missed: {len(sums.missed)} {dict(sums.missed_by.most_common(20))}")
    share = f"{sums.needless / sums.asked:.1%}" if sums.asked else "-"
    print(f"of {sums.asked:,} of them, widened: {sums.widening:,}; said without need: {sums.needless:,} ({share})")
    print(f"without need, by what was done: {dict(sums.needless_by.most_common(25))}")
    return int(bool(sums.missed))


if __name__ == "__main__":
    sys.exit(main())
