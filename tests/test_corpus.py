"""Every bad repository gives exactly the problems it is kept for: place, code and severity, in the tool's order."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from loading import BAD, BASE, base_with, found_in

CASES = sorted(path for path in BAD.iterdir() if path.name != "_base")


def lay(case: Path | None, target: Path) -> None:
    """The base repository with the files of a case over it."""
    for directory in (BAD / "_base", case) if case else (BAD / "_base",):
        for path in directory.glob("*.yml"):
            shutil.copyfile(path, target / path.name)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay(case, tmp_path)
    before = sorted(tmp_path.iterdir())
    monkeypatch.chdir(tmp_path)  # what a tag in a file might run would leave its traces here
    found = found_in(tmp_path)
    assert found == (case / "expected.txt").read_text(encoding="utf-8").splitlines()
    assert case.name[:5] in {line.split()[1] for line in found}
    assert sorted(tmp_path.iterdir()) == before


def test_base_is_good(tmp_path: Path) -> None:
    lay(None, tmp_path)
    assert found_in(tmp_path) == []


def write(name: str, content: str | bytes) -> Callable[[Path], None]:
    def make(directory: Path) -> None:
        (directory / name).write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))

    return make


def directory_for_file(directory: Path) -> None:
    (directory / "users.yml").unlink()
    (directory / "users.yml").mkdir()


def config_missing(directory: Path) -> None:
    (directory / "config.yml").unlink()


def link_out(directory: Path) -> None:
    (directory.parent / "outside.yml").write_text("prod: {AdminRole: [mallory]}\n", encoding="utf-8")
    (directory / "users.yml").unlink()
    (directory / "users.yml").symlink_to("../outside.yml")


def link_directory_out(directory: Path) -> None:
    (directory / "team").symlink_to("..", target_is_directory=True)
    (directory.parent / "outside.yml").write_text("prod: {AdminRole: [mallory]}\n", encoding="utf-8")
    write("config.yml", base_with("config", ("users.yml", "team/outside.yml")))(directory)


def link_circle(directory: Path) -> None:
    (directory / "users.yml").unlink()
    (directory / "users.yml").symlink_to("users.yml")


def link_broken(directory: Path) -> None:
    (directory / "roles.yml").unlink()
    (directory / "roles.yml").symlink_to("nowhere.yml")


def dots_out(directory: Path) -> None:
    (directory.parent / "outside.yml").write_text(BASE["roles.yml"], encoding="utf-8")
    write("config.yml", base_with("config", ("roles.yml", "../outside.yml")))(directory)


def absolute(directory: Path) -> None:
    (directory.parent / "outside.yml").write_text(BASE["roles.yml"], encoding="utf-8")
    write("config.yml", base_with("config", ("roles.yml", str(directory.parent / "outside.yml"))))(directory)


def roles_with(property_: str, *more: str) -> Callable[[Path], None]:
    """A template with one role that has this property besides its trust, and with what else there is in it."""
    trust = "{Statement: [{Effect: Allow, Principal: {AWS: 111111111111}, Action: sts:AssumeRole}]}"
    lines = ["Resources:", "  AdminRole:", "    Type: AWS::IAM::Role", "    Properties:", f"      {property_}"]
    lines += [f"      AssumeRolePolicyDocument: {trust}", *more]

    def make(repository: Path) -> None:
        write("roles.yml", "\n".join(lines) + "\n")(repository)
        write("users.yml", "prod: {AdminRole: []}\n")(repository)

    return make


def own_policies(number: int) -> str:
    """So many managed policies of the account."""
    arns = ", ".join(f'"arn:aws:iam::222222222222:policy/P{n}"' for n in range(number))
    return f"ManagedPolicyArns: [{arns}]"


def document(characters: int) -> str:
    """A policy of more than so many characters."""
    return f"{{Statement: [{{Effect: Allow, Action: s3:GetObject, Resource: {'b' * characters}}}]}}"


MADE = {
    "managed-policies": (roles_with(own_policies(21)), ["roles.yml:5:7 RM422 error"]),
    "managed-policies-by-request": (roles_with(own_policies(11)), ["roles.yml:5:7 RM423 warning"]),
    "managed-policies-that-fit": (roles_with(own_policies(10)), []),
    "inline-policies": (
        roles_with(f"Policies: [{{PolicyName: p, PolicyDocument: {document(10_240)}}}]"),
        ["roles.yml:5:7 RM424 error"],
    ),
    "managed-policy": (
        roles_with(
            "Description: x",
            "  Long:",
            "    Type: AWS::IAM::ManagedPolicy",
            f"    Properties: {{Roles: [!Ref AdminRole], PolicyDocument: {document(6_144)}}}",
        ),
        ["roles.yml:7:3 RM424 error"],
    ),
    "description": (roles_with(f"Description: {'x' * 1_001}"), ["roles.yml:5:7 RM425 error"]),
    "outputs": (
        roles_with("Description: x", "Outputs:", *(f"  O{n}: {{Value: x}}" for n in range(201))),
        ["roles.yml:7:1 RM426 error"],
    ),
    "config-missing": (config_missing, ["config.yml RM101 error"]),
    "directory-for-file": (directory_for_file, ["config.yml:2:8 RM101 error"]),
    "link-circle": (link_circle, ["config.yml:2:8 RM101 error"]),
    "link-broken": (link_broken, ["config.yml:1:18 RM101 error"]),
    "link-out": (link_out, ["config.yml:2:8 RM102 error"]),
    "link-directory-out": (link_directory_out, ["config.yml:2:8 RM102 error"]),
    "dots-out": (dots_out, ["config.yml:1:18 RM102 error"]),
    "absolute-path": (absolute, ["config.yml:1:18 RM102 error"]),
    "latin-1": (
        write("users.yml", "prod:\n  AdminRole: [björn]\n".encode("latin-1")),
        ["users.yml:2:17 RM103 error"],
    ),
    "latin-1-after-umlaut": (
        write("config.yml", "# Zürich\nusers: ".encode() + b"\xc3\xa4\xe4.yml\n"),
        ["config.yml:2:9 RM103 error"],
    ),
    "utf-16": (write("roles.yml", BASE["roles.yml"].encode("utf-16")), ["roles.yml:1:1 RM103 error"]),
    "cut-off-utf-8": (write("users.yml", b"prod: {}\n# \xe2\x82"), ["users.yml:2:3 RM103 error"]),
    "surrogate": (write("users.yml", b"prod: {}\n\xed\xa0\x80"), ["users.yml:2:1 RM103 error"]),
    "more-than-16-MiB": (write("users.yml", b"#" * (16 * 1024 * 1024 + 1)), ["users.yml RM104 error"]),
    "nul": (write("users.yml", "prod:\n  Admin\0Role: []\n"), ["users.yml:2:8 RM105 error"]),
    "only-nuls": (write("config.yml", b"\0" * 100), ["config.yml:1:1 RM105 error"]),
    "zip": (write("roles.yml", b"PK\x03\x04\x14"), ["roles.yml:1:3 RM105 error"]),
    "template-too-long": (write("roles.yml", BASE["roles.yml"] + "#" * 51_200), ["roles.yml RM404 error"]),
    "texts-too-long": (
        write(
            "roles.yml",
            BASE["roles.yml"] + "Outputs: {A: {Value: !Join [" + "x" * 300 + ", [" + ", ".join("a" * 300) + "]]}}\n",
        ),
        ["roles.yml RM417 error"],
    ),
    "template-too-long-in-bytes": (
        write("roles.yml", BASE["roles.yml"] + "# " + "ä" * 25_600),
        ["roles.yml RM404 error"],
    ),
    "template-too-long-and-more": (
        write("roles.yml", base_with("roles", ("arn:aws:iam::aws:policy/ReadOnlyAccess", "!Ref X")) + "#" * 51_200),
        ["roles.yml RM404 error"],
    ),
}


COMPARED = {"RM427"}
"""What two commits show: `cli/test_taken_names.py`."""


@pytest.mark.parametrize("name", MADE)
def test_made_case(name: str, tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    (repository / ".git").mkdir(parents=True)
    lay(None, repository)
    make, expected = MADE[name]
    make(repository)
    assert found_in(repository) == expected


def test_every_code_has_a_case() -> None:
    with_case = {path.name[:5] for path in CASES} | {line.split()[1] for _, lines in MADE.values() for line in lines}
    assert with_case | COMPARED == codes_of_the_package()


def test_names_and_files_of_cases() -> None:
    for case in CASES:
        assert re.fullmatch(r"RM\d{3}-[a-z0-9.-]+", case.name)
        files = {path.name for path in case.iterdir()}
        assert "expected.txt" in files
        assert files <= {"expected.txt", *BASE}
        assert all((case / name).read_bytes() != BASE[name].encode("utf-8") for name in files & BASE.keys())
    assert len(CASES) >= 75


def codes_of_the_package() -> set[str]:
    """Every code that stands in the sources."""
    sources = (BAD.parent.parent / "rolemodel_ci").rglob("*.py")
    return {code for path in sources for code in re.findall(r"\bRM\d{3}\b", path.read_text(encoding="utf-8"))}
