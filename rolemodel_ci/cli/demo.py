"""`rolemodel-ci demo`: the whole job on an embedded AWS, nothing to configure."""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.text import Text

from rolemodel_ci.adapters.terminal import LiveWatch, PlainWatch, show
from rolemodel_ci.cli.environment import World
from rolemodel_ci.cli.files import read_working_files
from rolemodel_ci.cli.options import today
from rolemodel_ci.errors import RolemodelError, UsageError
from rolemodel_ci.model.desired import Policy
from rolemodel_ci.reconcile.attribution import attribute
from rolemodel_ci.reconcile.inventory import listing
from rolemodel_ci.reconcile.outcome import Report
from rolemodel_ci.reconcile.pipeline import EVERYTHING, Planned, carry_out, make_plan
from rolemodel_ci.render.blocks import Heading, Lines, Row, Table, Tone
from rolemodel_ci.render.plan import plan_blocks
from rolemodel_ci.render.problems import problem_blocks
from rolemodel_ci.render.report import report_blocks

if TYPE_CHECKING:
    from rolemodel_ci.sandbox.embedded import EmbeddedAws

JOBS = 8

# The access request of the demo: alice gets PowerRole of prod for some time, bob loses PowerRole of dev.
BEFORE = "  PowerRole:\n    - bob@example.com\n  ReadOnlyRole:\n    - alice@example.com\n"
AFTER = (
    "  PowerRole:\n    - bob@example.com\n    - user: alice@example.com\n      expires: 2099-06-30\n"
    "      reason: migration, OPS-1518\n  ReadOnlyRole:\n    - alice@example.com\n"
)
BEFORE_DEV = "    - alice@example.com\n    - bob@example.com\n    - dave@example.com\n"
AFTER_DEV = "    - alice@example.com\n    - dave@example.com\n"

CHANGE = """\
 prod:
   PowerRole:
     - bob@example.com
+    - user: alice@example.com
+      expires: 2099-06-30
+      reason: migration, OPS-1518
 dev:
   PowerRole:
     - alice@example.com
-    - bob@example.com
"""


_TONES = {"+": Tone.GAIN, "-": Tone.LOSS}


class DemoError(RolemodelError):
    """The demo did not do what it says; something is broken."""

    exit_code = 5


@click.command()
@click.option("--picture", metavar="FILE", help="Also write what the terminal shows to this file, as SVG.")
def demo(picture: str | None) -> int:
    """Show the whole job on an embedded AWS.

    Nothing to configure: a master account and four others are made up on this machine. A sample policy is validated,
    planned, applied, changed by an access request and applied again; the last run shows that nothing is left to do.
    It keeps no record: `apply --sandbox --report FILE` shows what one looks like.
    """
    from rolemodel_ci.sandbox.embedded import EmbeddedAws
    from rolemodel_ci.sandbox.fixtures import seed
    from rolemodel_ci.sandbox.sessions import furniture, role_sessions

    console, jobs = Console(highlight=False), JOBS
    if picture:  # the same picture every time: one account after the other
        console = Console(record=True, width=104, highlight=False, force_terminal=True, color_system="truecolor")
        jobs = 1
    with sample() as config, EmbeddedAws() as aws:
        policy = _step_validate(console, config)
        reading, writing = role_sessions(policy, seed(aws, furniture(policy)), jobs)
        _Demo(console, config, aws, World(reading, writing, policy, jobs)).play(policy)
    if picture:
        svg = console.export_svg(title="make demo")
        # Browsers keep the spaces at the beginning of a line, other viewers only if told to. The font is the viewer's:
        # a picture fetches nothing.
        svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
        try:
            Path(picture).write_text(svg.replace("<svg ", '<svg xml:space="preserve" ', 1), encoding="utf-8")
        except OSError as error:
            raise UsageError(
                f"the picture cannot be written to {picture}: {error.strerror}",
                "Name a file in a directory that is there.",
            ) from error
    return 0


@contextlib.contextmanager
def sample() -> Iterator[str]:
    """A copy of the sample repository to change; the path of its config."""
    with tempfile.TemporaryDirectory(prefix="rolemodel-ci-demo-") as directory:
        for name in ("config.yml", "roles.yml", "users.yml"):
            with resources.as_file(resources.files("rolemodel_ci") / "sample" / name) as source:
                shutil.copy(source, directory)
        yield f"{directory}/config.yml"


def _load(config: str) -> Policy:
    policy, problems = read_working_files(config)
    if policy is None or problems:
        raise DemoError("the sample policy has problems", "Run `rolemodel-ci validate` on the package's sample.")
    return policy


def _title(console: Console, text: str) -> None:
    console.print(Text(f"── {text} " + "─" * max(0, 100 - len(text)), style="bold cyan"), soft_wrap=True)
    console.print()


def _step_validate(console: Console, config: str) -> Policy:
    _title(console, "1. validate: read the files")
    policy = _load(config)
    show(console, problem_blocks((), policy))
    return policy


class _Demo:
    """The steps after validation, on one embedded AWS."""

    def __init__(self, console: Console, config: str, aws: EmbeddedAws, world: World) -> None:
        self.console = console
        self.config = config
        self.aws = aws
        self.world = world

    def play(self, policy: Policy) -> None:
        """Plan, apply, list, change, apply, apply again."""
        _title(self.console, "2. plan: what would be made in an empty AWS (as a role that may only read)")
        show(self.console, list(plan_blocks(self._planned(policy).plan))[:3])
        _title(self.console, "3. apply: revoke, build, grant (as a role that may only do what that needs)")
        self._apply(policy)
        _title(self.console, "4. the groups of the master account: 4 roles in 4 accounts")
        self._groups(policy)
        _title(self.console, "5. an access request: one grant, one revocation")
        changed = self._change()
        requested = attribute(self._planned(changed).plan, policy, changed, today())
        show(self.console, plan_blocks(requested))
        self._apply(changed)
        self._proof(changed)
        _title(self.console, "6. apply again: nothing is left to do")
        self._nothing(changed)

    def _planned(self, policy: Policy) -> Planned:
        return make_plan(EVERYTHING, policy, self.world.readers(), today(), jobs=self.world.jobs)

    def _apply(self, policy: Policy) -> Report:
        planned = self._planned(policy)
        live = self.console.is_terminal and not self.console.record  # a picture shows no frames of the past
        watch = LiveWatch(self.console) if live else PlainWatch(self._line)
        came = carry_out(EVERYTHING, planned, policy, self.world.tools(watch))
        watch.close()
        if not isinstance(came, Report) or not came.is_complete:
            raise DemoError("the embedded AWS refused a change", "Run the tests: `make test`.")
        show(self.console, report_blocks(came))
        return came

    def _line(self, line: str) -> None:
        self.console.print(Text(line, style="dim"), soft_wrap=True)

    def _groups(self, policy: Policy) -> None:
        live = self._planned(policy).live
        rows = tuple(
            Row((entry.group, entry.account_id, ", ".join(member.partition("@")[0] for member in entry.members)))
            for entry in listing(policy, live).entries
        )
        show(self.console, (Heading(f"{len(rows)} groups"), Table(("group", "opens its role in", "members"), rows)))

    def _change(self) -> Policy:
        """Edit the user map as a pull request would."""
        users = Path(self.config).with_name("users.yml")
        text = users.read_text(encoding="utf-8")
        if text.count(BEFORE) != 1 or text.count(BEFORE_DEV) != 1:
            raise DemoError("the sample's users.yml is not the one the demo knows", "Restore it.")
        users.write_text(text.replace(BEFORE, AFTER).replace(BEFORE_DEV, AFTER_DEV), encoding="utf-8")
        show(self.console, (Lines(tuple((line, _TONES.get(line[0], Tone.PLAIN)) for line in CHANGE.splitlines())),))
        return _load(self.config)

    def _proof(self, policy: Policy) -> None:
        """Switch role as the people themselves, against the trust and identity policies that were just made."""
        entries = listing(policy, self._planned(policy).live).entries
        arns = {entry.account: entry.arn for entry in entries if entry.role == "PowerRole"}
        rows = []
        for user, account, wanted in (("alice", "prod", True), ("bob", "dev", False), ("bob", "prod", True)):
            may = self._may_switch(policy.master_account_id, f"{user}@example.com", arns[account])
            if may is not wanted:
                raise DemoError(f"{user} {'can' if may else 'cannot'} switch into {account}", "Run the tests.")
            rows.append(
                Row(
                    (user, f"PowerRole of {account}", "yes" if may else "no, access denied"),
                    Tone.GAIN if may else Tone.LOSS,
                )
            )
        show(
            self.console,
            (
                Heading("Do they get in? Each tries sts:AssumeRole with a key and an MFA code:"),
                Table(("who", "into", "gets in"), tuple(rows)),
            ),
        )

    def _may_switch(self, master_id: str, user: str, arn: str) -> bool:
        from botocore.exceptions import ClientError

        from rolemodel_ci.sandbox.fixtures import assume, user_key

        key = user_key(self.aws, master_id, user)
        try:
            device = f"arn:aws:iam::{master_id}:mfa/{user}"
            assume(self.aws, key, arn, SerialNumber=device, TokenCode="123456")
        except ClientError:
            return False
        return True

    def _nothing(self, policy: Policy) -> None:
        self.aws.mark()
        planned = self._planned(policy)
        carry_out(EVERYTHING, planned, policy, self.world.tools(PlainWatch()))
        show(self.console, plan_blocks(planned.plan))
        writes, calls = sum(self.aws.writes().values()), sum(self.aws.calls().values())
        if not planned.plan.is_empty or writes:
            raise DemoError(f"the last run still wrote ({writes} calls)", "Run the tests: `make test`.")
        self.console.print(Text(f"{writes} write calls among {calls}, counted at the HTTP layer.", style="bold green"))
