"""What a comment says of the run that made it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from rolemodel_ci.model.problem import Place
from rolemodel_ci.render.comment.markup import blob, link, name, name_html
from rolemodel_ci.render.comment.truncate import COMMENT_LIMIT, utf16

SUMMARY_MARKER = "<!-- rolemodel-ci change-summary v1 -->"
OUTCOME_MARKER = "<!-- rolemodel-ci outcome v1 -->"
"""Hidden first lines by which a comment is found again. They stay as they are within version 1."""

Hunk = tuple[int, int, int, int]
"""Where two texts differ, as `git diff -U0` says it: first line and number of lines of the one, and of the other."""

DEFAULT_CONFIG = "access/config.yml"
"""The config whose comments have the bare markers; those of another config name it by a digest of its path."""


def marker_of(marker: str, config: str) -> str:
    """The marker for the comments of one config: two configs in one repository have two comments."""
    if config == DEFAULT_CONFIG:
        return marker
    return marker.replace(" -->", f" config {hashlib.sha256(config.encode()).hexdigest()[:16]} -->")


@dataclass(frozen=True, slots=True)
class Facts:
    """Where a comment comes from. Addresses and commits are empty where they are not known.

    `commit` is what was read, `base` what it was compared with; `whole` names the file that holds the plan as JSON.
    `config` is the path of the config that the run is about. `hunks`: by file, how `commit` differs from the text that
    was read, where that is the merge of a pull request and `commit` its own head.
    """

    version: str
    repository_url: str = ""
    commit: str = ""
    base: str = ""
    run_url: str = ""
    whole: str = ""
    config: str = DEFAULT_CONFIG
    hunks: Mapping[str, tuple[Hunk, ...]] = field(default_factory=dict)

    def opening(self, marker: str) -> str:
        """The hidden first line, and the beginning of the heading; a config with another path than usual is named."""
        of = "" if self.config == DEFAULT_CONFIG else f" ({name(self.config)})"
        return f"{marker_of(marker, self.config)}\n### Access change{of}"

    def line(self, place: Place, *, removed: bool = False) -> str:
        """A link to a line of a file, as `users.yml:4`; of one that the change removes, in the base."""
        if not removed:
            place = place._replace(line=line_before(place.line, self.hunks.get(place.file, ())))
        label = place.file.rpartition("/")[2] + (f":{place.line}" if place.line else "")
        return link(label, blob(self.repository_url, self.base if removed else self.commit, place))


def line_before(line: int, hunks: tuple[Hunk, ...]) -> int:
    """The number of a line in the text before the difference; 0 where it is not there."""
    shift = 0
    for _, gone, new, come in hunks:
        if come and new <= line < new + come:
            return 0
        if line >= new + max(come, 1):
            shift += gone - come
    return line + shift if line else 0


def foot(facts: Facts, digest: str = "", when: datetime | None = None) -> str:
    """The last line: enough to know whether the comment is stale."""
    read = name_html(facts.commit[:7]) if facts.commit else ""
    read += f" on {name_html(facts.base[:7])}" if read and facts.base else ""
    plan = f"plan {name_html(digest[:8])} of {read}" if digest and read else read
    pieces = (
        f"rolemodel-ci {facts.version}",
        plan,
        f"{when:%Y-%m-%d %H:%M} UTC" if when else "",
        f'<a href="{name_free(facts.run_url)}">run</a>' if facts.run_url else "",
        f"whole plan: {name_html(facts.whole)}" if facts.whole and digest else "",
    )
    return f"<sub>{' · '.join(piece for piece in pieces if piece)}</sub>"


EARLIER_LIMIT = 20
"""Earlier runs that the last line of a comment links."""


def with_earlier_runs(older: str, body: str, facts: Facts) -> str:
    """A comment that takes the place of an older one, with links to the runs that had a part in that.

    Of the older one only addresses of runs of this repository are taken, for people may have changed its text.
    """
    pattern = rf'{re.escape(facts.repository_url)}/actions/runs/[0-9]{{1,20}}(?:/attempts/[0-9]{{1,9}})?(?=")'
    last = older.rstrip().rpartition("\n")[2]
    found = dict.fromkeys(re.findall(pattern, last) if facts.repository_url and last.startswith("<sub>") else ())
    found.pop(facts.run_url, None)
    links = [f'<a href="{run}">{run.partition("/runs/")[2]}</a>' for run in [*found][:EARLIER_LIMIT]]
    end = f" · earlier runs: {', '.join(links)}</sub>"
    body = body.rstrip()
    if not links or not body.endswith("</sub>") or utf16(body + end) > COMMENT_LIMIT:
        return body
    return body.removesuffix("</sub>") + end


def name_free(address: str) -> str:
    """An address that cannot end the attribute it stands in."""
    return "".join(char for char in address if char.isalnum() or char in ":/.-_?=&%~")


def where_whole(facts: Facts, *, summary: bool) -> str:
    """Where a reader finds what did not fit."""
    places = ["the job summary of the run"] if summary else []
    places += [f"`{facts.whole}`, the file of the output `plan-json`"] if facts.whole else []
    return f"The whole is in {' and in '.join(places)}." if places else ""
