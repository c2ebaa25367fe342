"""The action, its workflows, and the workflow that docs/setup.md hands to customers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
ACTION = ROOT / "action.yml"
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def parsed(text: str) -> dict[str, Any]:
    """YAML with every scalar as its text, so that the key `on` is no boolean."""
    found: dict[str, Any] = yaml.load(text, Loader=yaml.BaseLoader)
    return found


def handed_out() -> dict[str, str]:
    """The workflows in docs/setup.md by the name of their file."""
    text = (ROOT / "docs" / "setup.md").read_text(encoding="utf-8")
    return dict(re.findall(r"<!-- workflow: (\S+) -->\n```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))


def all_texts() -> dict[str, str]:
    """Every workflow: those of this repository, and those that are handed out."""
    ours = {path.name: path.read_text(encoding="utf-8") for path in WORKFLOWS}
    return ours | {f"setup.md:{name}": text for name, text in handed_out().items()}
