"""The image: its size, and the time from the start of a container to the comment, with botocore cut and whole."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))  # the company that the container works for is that of the tests

from actions import story  # noqa: E402  now that it can be found
from actions.workshop import Workshop, access  # noqa: E402
from container.image import Image, Missing, find_image  # noqa: E402
from container.test_story import InContainer  # noqa: E402

from benchmarks.report import table  # noqa: E402
from rolemodel_ci.sandbox.embedded import EmbeddedAws  # noqa: E402

VARIANTS = {"cut": "test", "whole": "whole"}
"""What becomes of botocore's data, and the tag of the image."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One image: bytes on disk, and seconds (medians) to `--version`, to the comment, and to the end of that run."""

    data: str
    size: int
    version: float
    comment: float
    end: float


def containers(times: int) -> list[Measured] | str:
    """Both images, or a sentence where none can be built or run. Builds what is not there."""
    found = []
    for data, tag in VARIANTS.items():
        subprocess.run(
            [str(ROOT / ".ci" / "image")], env={**os.environ, "BOTOCORE_DATA": data}, check=False, capture_output=True
        )
        image = find_image(tag)
        if isinstance(image, Missing):
            return f"Not measured: {image.reason}."
        found.append(_measured(data, image, times))
    return found


def container_table(measured: list[Measured] | str) -> str:
    """The sizes and the times."""
    return "\n".join(("### The container", "", *_lines(measured)))


def _lines(measured: list[Measured] | str) -> Iterator[str]:
    if isinstance(measured, str):
        yield measured
        return
    rows = [
        (
            one.data, f"{one.size / 1e6:.0f} MB", f"{one.version:.2f} s", f"{one.comment:.2f} s", f"{one.end:.2f} s",
        )
        for one in measured
    ]  # fmt: skip
    columns = ("botocore's data", "image", "start to `--version`", "start to the comment", "start to the end")
    yield from table(columns, rows)


def _measured(data: str, image: Image, times: int) -> Measured:
    comments, ends = [], []
    with tempfile.TemporaryDirectory() as directory, EmbeddedAws() as aws:
        runs = InContainer(image)
        with Workshop(Path(directory) / "company", aws, runs=runs) as shop:
            shop.run(shop.pushed(*shop.hosted.push({"README.md": "Access of acme."})))
            for number in range(times):
                merge = shop.hosted.request(access(story.WANTED), branch=f"request-{number}")
                for comment in shop.github.comments(7):
                    shop.github.delete(comment.id)
                watch = _Watch(shop)
                shop.run(shop.opened(merge))
                comments.append(watch.came() - runs.began[-1])
                ends.append(runs.seconds[-1])
    return Measured(data, _size(image), _version(image, times), statistics.median(comments), statistics.median(ends))


class _Watch:
    """Notes when the comment is there."""

    def __init__(self, shop: Workshop) -> None:
        self._came = 0.0
        self._thread = threading.Thread(target=self._look, args=(shop,), daemon=True)
        self._thread.start()

    def _look(self, shop: Workshop) -> None:
        ends = time.monotonic() + 60
        while not self._came and time.monotonic() < ends:
            if shop.comments():
                self._came = time.monotonic()
            time.sleep(0.005)

    def came(self) -> float:
        """When it came, on the monotonic clock."""
        self._thread.join()
        return self._came


def _version(image: Image, times: int) -> float:
    began = []
    for _ in range(times):
        start = time.monotonic()
        _engine(image.engine, "run", "--rm", "--network", "none", image.name, "--version")
        began.append(time.monotonic() - start)
    return statistics.median(began)


def _size(image: Image) -> int:
    told: Sequence[Mapping[str, int]] = json.loads(_engine(image.engine, "image", "inspect", image.name))
    return int(told[0]["Size"])


def _engine(*command: str) -> str:
    environment = {"CONTAINERS_CONF": str(ROOT / ".ci" / "containers.conf"), **os.environ}
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
