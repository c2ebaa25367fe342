"""Photograph the comments as GitHub shows them, and keep them as Markdown: `make pictures`."""

from __future__ import annotations

import sys

from pictures.photo import photograph
from pictures.scene import comments, source
from pictures.shots import SHOTS, picture


def main() -> None:
    """Take every picture, then write the Markdown. Raises SystemExit with a sentence where a program is missing."""
    made = comments()
    for shot in SHOTS:
        file = picture(shot)
        photograph(made[shot.comment], file, width=shot.width, unfolded=shot.unfolded)
        sys.stdout.write(f"{file.name}: {file.stat().st_size:,} bytes\n")
    for name, text in made.items():  # last: a test holds these to the code, and must not be content with old pictures
        source(name).parent.mkdir(parents=True, exist_ok=True)
        source(name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
