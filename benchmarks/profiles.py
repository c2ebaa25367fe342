"""Where the CPU of a plan with nothing to do goes."""

from __future__ import annotations

import cProfile
import pstats
import threading
import time
from collections.abc import Callable, Iterator

# Functions by the end of their file's path and their name. None is called by another in the table.
_PARTS = {
    "botocore: make clients": (("botocore/session.py", "create_client"),),
    "botocore: check and write parameters": (("botocore/client.py", "_convert_to_request_dict"),),
    "botocore: find the endpoint": (("botocore/client.py", "_resolve_endpoint_ruleset"),),
    "botocore: sign": (("botocore/signers.py", "handler"),),
    "urllib3, http.client: send, and read the answer": (("botocore/httpsession.py", "send"),),
    "botocore: parse the answer": (("botocore/parsers.py", "parse"),),
    "rolemodel-ci: read and check the files": (("cli/files.py", "read_files"),),
    "rolemodel-ci: compare": (("diff/plan.py", "plan_all"),),
}
REST = "the rest: botocore's events and contexts, rolemodel-ci's own reading"


def by_part(work: Callable[[], object]) -> dict[str, float]:
    """Do the work, and say how many seconds of CPU each part of it took, most first. Measuring slows it down.

    What its threads do counts as well: each has a profiler of its own.
    """
    profilers = [cProfile.Profile(time.thread_time)]

    def begin(*_: object) -> None:
        profilers.append(cProfile.Profile(time.thread_time))
        profilers[-1].enable()

    threading.setprofile(begin)
    try:
        profilers[0].runcall(work)
    finally:
        threading.setprofile(None)
    stats = pstats.Stats(*profilers)
    taken = {part: sum(_cumulated(stats, names)) for part, names in _PARTS.items()}
    taken[REST] = stats.total_tt - sum(taken.values())  # type: ignore[attr-defined]  # not in the stubs
    return dict(sorted(taken.items(), key=lambda item: -item[1]))


def _cumulated(stats: pstats.Stats, names: tuple[tuple[str, str], ...]) -> Iterator[float]:
    for (file, _, function), (*_, seconds, _callers) in stats.stats.items():  # type: ignore[attr-defined]
        yield from (seconds for end, name in names if function == name and file.endswith(end))
