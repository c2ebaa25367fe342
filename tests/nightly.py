"""`python -m nightly --minutes N`: new examples of every test that draws, and new pairs for the oracle, for N minutes.

Each round has a number of its own, and what fails under it is replayed by that number: see seeds.py.
"""

from __future__ import annotations

import argparse
import os
import secrets
import subprocess
import sys
import time
from pathlib import Path

TESTS = Path(__file__).parent
PAIRS = 50_000


def one_round(number: int, deadline: float) -> bool:
    """All tests that draw, and then the oracle for as long as they took; whether nothing failed."""
    print(f"Round {number}: replay with ROLEMODEL_CI_SEED={number}", flush=True)
    began = time.monotonic()
    environment = os.environ | {"ROLEMODEL_CI_SEED": str(number), "PYTHONPATH": str(TESTS)}
    pytest = [sys.executable, "-m", "pytest", "--quiet", "--numprocesses", "2", "-m", "hypothesis or seeded"]
    tests = subprocess.run(pytest, cwd=TESTS.parent, env=environment, check=False)
    took = time.monotonic() - began
    minutes = max(1.0, min(took, deadline - time.monotonic()) / 60)
    pairs = [sys.executable, "-m", "oracle", str(PAIRS), "--minutes", f"{minutes:.1f}", "--from", str(number * 100_000)]
    oracle = subprocess.run(pairs, cwd=TESTS.parent, env=environment, check=False)
    return tests.returncode == 0 and oracle.returncode == 0


def main() -> int:
    """0 where no round found anything, 1 otherwise. A round that has begun is finished."""
    parser = argparse.ArgumentParser(prog="nightly", description=__doc__)
    parser.add_argument("--minutes", type=float, default=600.0)
    deadline = time.monotonic() + parser.parse_args().minutes * 60
    rounds: list[bool] = []
    while not rounds or time.monotonic() < deadline:
        rounds.append(one_round(secrets.randbelow(2**31) + 1, deadline))
    print(f"{len(rounds)} rounds, {rounds.count(False)} of them with failures")
    return int(not all(rounds))


if __name__ == "__main__":
    sys.exit(main())
