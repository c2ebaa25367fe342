"""What all JSON documents have in common: format and version, places, and how they are printed."""

from __future__ import annotations

import json
from typing import Any

from rolemodel_ci.model.problem import Place
from rolemodel_ci.render.text import CONTROL, spelled

VERSION = 1


def document(kind: str, **content: Any) -> dict[str, Any]:
    """Name the format and the version of a document."""
    return {"format": f"rolemodel-ci/{kind}", "version": VERSION, **content}


def place_json(place: Place) -> dict[str, Any]:
    """Write a place in a file as JSON has it."""
    return {"file": place.file, "line": place.line, "column": place.column}


def as_text(document: dict[str, Any]) -> str:
    """Write the document as it is printed."""
    return CONTROL.sub(spelled, json.dumps(document, indent=2, ensure_ascii=False)) + "\n"
