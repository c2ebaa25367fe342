"""The master's IAM throttles: all writes of a run go through its one account, and none may be lost to it."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from rolemodel_ci.adapters.aws.call_stats import Calls
from rolemodel_ci.adapters.aws.clients import Clients

from .scripted import Answer, Call, Scripted, fault, plain
from .surroundings import MASTER

WRITES, RATE, BURST = 100, 30.0, 20.0


class Bucket:
    """Answers RATE calls a second, BURST at once, and throttles the others, as AWS does."""

    def __init__(self) -> None:
        self._left, self._seen = BURST, time.monotonic()
        self._lock = threading.Lock()
        self.throttled = 0

    def __call__(self, call: Call) -> Answer:
        """An answer, or that there is none now."""
        with self._lock:
            now = time.monotonic()
            self._left = min(BURST, self._left + (now - self._seen) * RATE)
            self._seen = now
            if self._left < 1:
                self.throttled += 1
                return fault("Throttling", "Rate exceeded")
            self._left -= 1
            return plain(call)


def test_writes_slow_down_and_none_is_lost(scripted: Scripted) -> None:
    bucket = Bucket()
    scripted.script["AddUserToGroup"] = [bucket]
    calls = Calls()
    keys = {"aws_access_key_id": MASTER, "aws_secret_access_key": "secret"}
    client = Clients("us-east-1", 16, scripted.url, calls).with_keys("iam", "master", keys)
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: client.add_user_to_group(GroupName="g", UserName="u"), range(WRITES)))
    (tally,) = calls.tallies()
    assert (tally.calls, tally.errors, tally.retries) == (WRITES, 0, bucket.throttled)
    assert 0 < bucket.throttled < WRITES // 2  # with `standard`, about 60
