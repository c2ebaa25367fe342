"""Which examples the tests draw: the same ones in every gate, and new ones where a number says so.

`ROLEMODEL_CI_SEED=NUMBER` moves every draw: storms, races, pairs of policies, and Hypothesis. `make test-nightly` gives
new numbers; a failure under one is replayed by giving the same number again.
"""

from __future__ import annotations

import os

NUMBER = int(os.environ.get("ROLEMODEL_CI_SEED", "0"))
"""0 in the gate."""


def seeds(count: int) -> range:
    """`count` seeds, which no other number than this one gives."""
    return range(NUMBER * 100_000, NUMBER * 100_000 + count)
