"""What a comment says of the run that made it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from rolemodel_ci.model import Place
from rolemodel_ci.render.comment.markup import blob, link, name, name_html

SUMMARY_MARKER = "<!-- rolemodel-ci change-summary v1 -->"
OUTCOME_MARKER = "<!-- rolemodel-ci outcome v1 -->"
"""Hidden first lines by which a comment is found again. They stay as they are within version 1."""

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
    `config` is the path of the config that the run is about.
    """

    version: str
    repository_url: str = ""
    commit: str = ""
    base: str = ""
    run_url: str = ""
    whole: str = ""
    config: str = DEFAULT_CONFIG

    def opening(self, marker: str) -> str:
        """The hidden first line, and the beginning of the heading; a config with another path than usual is named."""
        of = "" if self.config == DEFAULT_CONFIG else f" ({name(self.config)})"
        return f"{marker_of(marker, self.config)}\n### Access change{of}"

    def line(self, place: Place, *, removed: bool = False) -> str:
        """A link to a line of a file, as `users.yml:4`; of one that the change removes, in the base."""
        label = place.file.rpartition("/")[2] + (f":{place.line}" if place.line else "")
        return link(label, blob(self.repository_url, self.base if removed else self.commit, place))


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


def name_free(address: str) -> str:
    """An address that cannot end the attribute it stands in."""
    return "".join(char for char in address if char.isalnum() or char in ":/.-_?=&%~")


def where_whole(facts: Facts, *, summary: bool) -> str:
    """Where a reader finds what did not fit."""
    places = ["the job summary of the run"] if summary else []
    places += [f"`{facts.whole}`, the file of the output `plan-json`"] if facts.whole else []
    return f"The whole is in {' and in '.join(places)}." if places else ""
