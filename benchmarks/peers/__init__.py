"""Other tools that keep stacks in many accounts, on the same embedded AWS: roles only, for none of them has groups.

`make peers` installs what requirements.lock and package-lock.json pin, hashes checked, into .cache/peers.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from benchmarks.delay import delayed
from benchmarks.peers import cli, formation, sceptre
from benchmarks.peers.place import MASTER, REGION, ROLE, Place
from rolemodel_ci.sandbox.embedded import EmbeddedAws

HOME = Path(__file__).parents[2] / ".cache" / "peers"
_DEADLINE = 1200  # seconds that one run may take


@dataclass(frozen=True, slots=True)
class Took:
    """One run of a peer: seconds on the clock, of CPU (all its processes), calls that reached AWS."""

    seconds: float
    cpu: float
    calls: int


@dataclass(frozen=True, slots=True)
class Compared:
    """A peer: its first rollout and a run with nothing to do, that without and with added latency.

    `missing` says why there are none.
    """

    name: str
    first: Took | None = None
    quiet: Took | None = None
    far: Took | None = None
    missing: str = ""


@dataclass(frozen=True, slots=True)
class _Peer:
    """`program`, under HOME, has to be there. `commands` writes its files and gives the commands of one run."""

    name: str
    program: str
    commands: Callable[[Place, Path], Sequence[Sequence[str]]]
    at_once: int = 1


PEERS = (
    _Peer("Sceptre 4.7.0, `launch`", sceptre.PROGRAM, sceptre.commands),
    _Peer("`aws cloudformation deploy` (awscli 1.46.3), 8 at a time", cli.PROGRAM, cli.commands, at_once=8),
    _Peer("org-formation 1.0.17, `update-stacks`, 16 at a time", formation.PROGRAM, formation.commands),
)


def peers(accounts: int, latency: float) -> list[Compared]:
    """Measure all that are installed, one after the other. `latency` in seconds, for the second run without work."""
    with EmbeddedAws() as aws:
        return [_compared(peer, aws, accounts, latency) for peer in PEERS]


def _compared(peer: _Peer, aws: EmbeddedAws, accounts: int, latency: float) -> Compared:
    if not (HOME / peer.program).exists():
        return Compared(peer.name, missing="not installed: `make peers`")
    aws.empty()
    with tempfile.TemporaryDirectory(prefix="rolemodel-ci-peer-") as directory:
        place = Place(Path(directory), accounts)
        try:
            _furnish(aws, place)
            commands = peer.commands(place, HOME)
            if peer.program == formation.PROGRAM:
                formation.keep_state(aws, place)
            first, quiet = (_run(peer, commands, aws, aws.url, place) for _ in range(2))
            made = sum(_has_stack(aws, account) for account in place.account_ids)
            if made != accounts:
                return Compared(peer.name, missing=f"it made {made} of {accounts} stacks")
            with delayed(aws.url, latency) as url:
                return Compared(peer.name, first, quiet, _run(peer, commands, aws, url, place))
        except (subprocess.SubprocessError, OSError) as error:
            return Compared(peer.name, missing=f"failed: {_reason(error)}")


def _run(peer: _Peer, commands: Sequence[Sequence[str]], aws: EmbeddedAws, url: str, place: Place) -> Took:
    """All commands of one run."""
    environment = _environment(url, place)
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    aws.mark()
    with ThreadPoolExecutor(peer.at_once) as pool:
        list(pool.map(lambda command: _command(command, environment, place), commands))
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Took(seconds, cpu, sum(aws.calls().values()))


def _command(command: Sequence[str], environment: Mapping[str, str], place: Place) -> None:
    subprocess.run(
        command, env=environment, cwd=place.directory, check=True, capture_output=True, timeout=_DEADLINE, text=True
    )


def _environment(url: str, place: Place) -> dict[str, str]:
    """What every peer is told: the AWS, the key of the master account's root, no files of the person."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
    return own | {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": MASTER,
        "AWS_SECRET_ACCESS_KEY": "root",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": str(place.directory / "aws-config"),
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "HOME": str(place.directory),  # the CLI keeps the sessions of roles there
    }


def _furnish(aws: EmbeddedAws, place: Place) -> None:
    """In every account the role that org-formation expects, which the others take on as well."""
    allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{MASTER}:root"}, "Action": "sts:AssumeRole"}
    for account in place.account_ids:
        iam = aws.client("iam", account)
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=document)
        iam.put_role_policy(RoleName=ROLE, PolicyName="everything", PolicyDocument=json.dumps(allow))


def _has_stack(aws: EmbeddedAws, account: str) -> bool:
    found = aws.client("cloudformation", account).list_stacks()["StackSummaries"]
    return any(stack["StackStatus"].endswith("_COMPLETE") for stack in found)


def _reason(error: Exception) -> str:
    said = "\n".join(getattr(error, name, "") or "" for name in ("stderr", "stdout")) or str(error)
    print(said, file=sys.stderr)
    return said.strip().splitlines()[-1][:200] if said.strip() else type(error).__name__
