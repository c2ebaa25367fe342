"""The image does its job with no network, not as root, and takes nothing from the workspace but data."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest

from rolemodel_ci import __version__
from rolemodel_ci.adapters.aws.clients import BUDGETS

from .image import ROOT, RUNNER, Image, Ran, RunnerSide, run, run_python


@pytest.fixture
def access(runner: RunnerSide) -> RunnerSide:
    """The workspace holds the sample access repository."""
    shutil.copytree(ROOT / "access", runner.workspace / "access")
    return runner


def start(image: Image, side: RunnerSide, *arguments: str, **env: str) -> Ran:
    """Start as the runner does."""
    side.hand_over()
    return run(image, *arguments, env=side.env | env, mounts=side.mounts)


def test_good_files_without_any_network(image: Image, access: RunnerSide) -> None:
    ran = start(image, access, "validate")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "The files are good: 4 accounts, 4 roles, 16 grants.\n"


def test_by_hand_in_a_checkout(image: Image, access: RunnerSide) -> None:
    """`docker run --rm -v "$PWD:/github/workspace" IMAGE validate`: one mount, no variables, no working directory."""
    access.hand_over()
    ran = run(image, "validate", mounts={"/github/workspace": access.workspace}, workdir=None)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("The files are good")


def test_a_bad_file_is_told_with_its_place(image: Image, access: RunnerSide) -> None:
    users = access.workspace / "access" / "users.yml"
    users.write_text(users.read_text().replace("prod:", "prodd:", 1))
    ran = start(image, access, "validate")
    assert ran.code == 1
    assert "access/users.yml:2:1" in ran.out


def test_nothing_to_do_prints_the_help(image: Image, access: RunnerSide) -> None:
    ran = start(image, access)
    assert ran.code == 0
    assert "validate" in ran.out


def test_the_version_is_that_of_the_sources(image: Image, access: RunnerSide) -> None:
    ran = start(image, access, "--version")
    assert (ran.code, ran.out) == (0, f"rolemodel-ci, version {__version__}\n")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can own what its user may not read")
def test_the_files_are_read_as_the_owner_of_the_workspace(image: Image, access: RunnerSide) -> None:
    config = access.workspace / "access" / "config.yml"
    config.chmod(0o600)
    assert start(image, access, "validate").code == 0
    os.chown(config, 0, 0)
    ran = run(image, "validate", env=access.env, mounts=access.mounts)
    assert ran.code == 1
    assert "access/config.yml" in ran.out  # out of reach, which for root it would not be


STATUS = """
import os
from rolemodel_ci.docker_entrypoint import settle
settle(os.environ, os)
print(os.environ["HOME"])
print(open("/proc/self/status").read())
"""


def status(image: Image, side: RunnerSide) -> dict[str, list[str]]:
    """What the kernel says of the process once it has given up root, and its HOME."""
    ran = run_python(image, STATUS, mounts=side.mounts)
    home, _, rest = ran.out.partition("\n")
    lines = (line.partition(":") for line in rest.splitlines())
    return {name: value.split() for name, _, value in lines} | {"HOME": [home]}


def test_root_is_given_up_for_good(image: Image, runner: RunnerSide) -> None:
    runner.hand_over()
    process = status(image, runner)
    uid, gid = map(str, RUNNER)
    assert process["Uid"] == [uid] * 4  # real, effective, saved, file system
    assert process["Gid"] == [gid] * 4
    assert process["Groups"] == []
    assert {int(process[kind][0], 16) for kind in ("CapPrm", "CapEff")} == {0}
    assert process["HOME"] == ["/tmp"]  # nobody said one, and root's is out of reach


@pytest.mark.skipif(os.geteuid() != 0, reason="a workspace of root's, as where the runner itself is root")
def test_the_workspace_of_root_is_read_as_root(image: Image, runner: RunnerSide) -> None:
    process = status(image, runner)
    assert process["Uid"] == ["0"] * 4
    assert process["HOME"] == ["/root"]


HEAD = """
import os
from rolemodel_ci.docker_entrypoint import settle
settle(os.environ, os)
import git
print(git.Repo(".").git.show("HEAD:access/config.yml"))
"""


def test_git_reads_the_checkout(image: Image, access: RunnerSide) -> None:
    """Git distrusts a repository of somebody else; who is its owner has no such trouble."""
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    for command in (("init", "--quiet"), ("add", "."), (*identity, "commit", "--quiet", "--message", "a")):
        subprocess.run(["git", *command], cwd=access.workspace, check=True, timeout=30)
    config = access.workspace / "access" / "config.yml"
    committed = config.read_text()
    config.unlink()
    access.hand_over()
    ran = run_python(image, HEAD, mounts=access.mounts)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == committed


PLANTED = "import sys\nsys.stderr.write(f'planted: {__name__}')\nraise SystemExit(99)\n"


def test_nothing_is_imported_from_the_workspace(image: Image, access: RunnerSide) -> None:
    names = (
        "rolemodel_ci",
        "click",
        "yaml",
        "traceback",
        "encodings",
        "sitecustomize",
        "usercustomize",
        "git",
        "botocore",
    )
    for name in names:
        (access.workspace / f"{name}.py").write_text(PLANTED)
    package = access.workspace / "rolemodel_ci"
    package.mkdir()
    (package / "__init__.py").write_text(PLANTED)
    (package / "container.py").write_text(PLANTED)
    workspace = "/github/workspace"
    for env in ({}, {"PYTHONPATH": workspace, "PYTHONHOME": workspace, "PYTHONUSERBASE": workspace}):
        ran = start(image, access, "validate", **env)
        assert (ran.code, ran.err) == (0, "")
    assert not list(access.workspace.rglob("*.pyc"))


FOUND = """
import importlib.util, json, shutil, subprocess, sys
modules = ["pip", "ensurepip", "setuptools", "wheel", "flit_core", "pytest", "hypothesis", "tests", "ministack"]
ask = f"import importlib.util; print(*[m for m in {modules} if importlib.util.find_spec(m)])"
pythons = {sys.executable, sys._base_executable}
programs = ["cc", "gcc", "g++", "c++", "clang", "ld", "make", "pip", "pip3", "git", "curl", "wget"]
print(json.dumps({
    "modules": {p: subprocess.check_output([p, "-I", "-c", ask], text=True).split() for p in pythons},
    "programs": [name for name in programs if shutil.which(name)],
    "setuid": subprocess.check_output("find / -xdev -type f -perm /6000".split(), text=True).split(),
    "tests": subprocess.check_output("find /opt -name conftest.py".split(), text=True).split(),
    "services": sorted(__import__("botocore.session").session.get_session().get_available_services()),
}))
"""


def test_the_image_holds_what_a_run_needs_and_no_tools_beside(image: Image) -> None:
    found = json.loads(run_python(image, FOUND).out)
    assert len(found["modules"]) == 2  # ours, and that of the base
    assert set(map(tuple, found["modules"].values())) == {()}
    assert found["programs"] == ["git"]
    assert found["setuid"] == []
    assert found["tests"] == []
    assert set(found["services"]) == {"cloudformation", "iam", "ssm", "sso", "sso-oidc", "signin", "sts"}


SERVICES = sorted({budget.service or name for name, budget in BUDGETS.items()})

CLIENTS = f"""
import botocore.session
for service in {SERVICES}:
    client = botocore.session.get_session().create_client(
        service, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    print(client.meta.endpoint_url)
"""


def test_the_services_in_use_survive_the_cut(image: Image) -> None:
    ran = run_python(image, CLIENTS)
    assert ran.err == ""
    assert ran.out.split() == [
        "https://cloudformation.us-east-1.amazonaws.com",
        "https://iam.amazonaws.com",
        "https://ssm.us-east-1.amazonaws.com",
        "https://sts.us-east-1.amazonaws.com",
    ]


def test_the_embedded_aws_in_a_container_without_network(sandbox_image: Image, access: RunnerSide) -> None:
    ran = start(sandbox_image, access, "plan", "--sandbox")
    assert ran.code == 0
    assert "RM.prod.AdminRole" in ran.out


def test_every_file_of_the_package_that_is_no_code_is_there(image: Image) -> None:
    """Schemas, policies and the sample are read at run time."""
    ran = run_python(
        image, "import pathlib, rolemodel_ci\ntop = pathlib.Path(rolemodel_ci.__file__).parent\n"
        "print(*[f.relative_to(top) for f in top.rglob('*') if f.is_file() and f.suffix not in ('.py', '.pyc')])",
    )  # fmt: skip
    top = ROOT / "rolemodel_ci"
    here = {str(file.relative_to(top)) for file in top.rglob("*") if file.is_file()}
    assert set(ran.out.split()) == {name for name in here if not name.endswith((".py", ".pyc"))}
