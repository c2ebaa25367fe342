"""The comments that the pictures show: one request to the sample repository, before its merge and after it.

Everything is made by the code that makes the comments of real runs, against the AWS in memory of the tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from botocore.exceptions import ClientError
from builders import TODAY
from fakes import FakeCloud
from loading import InMemory

from rolemodel_ci.access_request.request import request
from rolemodel_ci.adapters.aws.errors import calling
from rolemodel_ci.checks import check
from rolemodel_ci.config.loader import Loaded, load
from rolemodel_ci.errors import AwsCallError
from rolemodel_ci.model.desired import Policy
from rolemodel_ci.reconcile.attribution import attribute
from rolemodel_ci.reconcile.guards.quota_headroom import headroom
from rolemodel_ci.reconcile.inventory import switch_links
from rolemodel_ci.reconcile.outcome import Report
from rolemodel_ci.reconcile.pipeline import EVERYTHING, Planned, carry_out, reviewed_plan
from rolemodel_ci.render.comment import Author, Facts, Judged, as_comment, outcome, problems_found, requested_change

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "tests" / "expected" / "comment"
"""Where the comments are kept as Markdown, as `picture-NAME.md`."""

USERS = "alice bob carol dave erin frank ted"
MERGED = datetime(2026, 11, 23, 18, 4, tzinfo=UTC)

# Commits of nobody: one for what is on the default branch, one for the request, one for its merge.
_BASE, _HEAD, _MERGE = "5b1f0c7" + "0" * 33, "c92e4d8" + "0" * 33, "e07a6b3" + "0" * 33

Edits = tuple[tuple[str, str], ...]

# What the default branch has beside the sample: deleting objects is denied to those who only look.
_BEFORE: Mapping[str, Edits] = {
    "roles.yml": (
        (
            "                  - s3:ListBucket\n                Resource: \"*\"\n",
            "                  - s3:ListBucket\n                Resource: \"*\"\n"
            "              - Effect: Deny\n                Action: s3:DeleteObject\n                Resource: \"*\"\n",
        ),
    ),
    "users.yml": (
        (
            "    - user: dave@example.com\n"
            "      expires: 2099-12-31          # last day (UTC) on which the grant holds\n"
            "      reason: on-call, OPS-1423\n",
            "",
        ),
    ),
}  # fmt: skip

# The request: dave is on call, frank looks at the CDN, bob has left the team, and looking now means writing to logs.
_ASKED: Mapping[str, Edits] = {
    "roles.yml": (
        (
            "              - Effect: Deny\n                Action: s3:DeleteObject\n                Resource: \"*\"\n",
            "              - Effect: Allow\n                Action: s3:PutObject\n"
            "                Resource: arn:aws:s3:::logs/*\n",
        ),
    ),
    "users.yml": (
        (
            "prod:\n  AdminRole:\n    - carol@example.com\n",
            "prod:\n  AdminRole:\n    - carol@example.com\n"
            "    - user: dave@example.com\n      expires: 2027-01-31\n      reason: on-call, OPS-1423\n",
        ),
        ("  PowerRole:\n    - bob@example.com\n", "  PowerRole: []\n"),
        (
            "  ReadOnlyRole:\n    - dave@example.com\n",
            "  ReadOnlyRole:\n    - dave@example.com\n    - frank@example.com\n",
        ),
    ),
}  # fmt: skip

# Another request, written in a hurry: an account that is not there, and one person in everything.
_HURRIED = """\
# account -> role -> users. Who is listed may switch into that role of that account; who is not, may not.
prod:
  AdminRole: [alice@example.com, carol@example.com]
  PowerRole: [alice@example.com, bob@example.com]
  ReadOnlyRole: [alice@example.com, frank@example.com]
  FinanceRole: [alice@example.com, ted@example.com]
dev:
  AdminRole: [alice@example.com, carol@example.com]
  PowerRole: [alice@example.com, bob@example.com]
  ReadOnlyRole: [alice@example.com]
  FinanceRole: [alice@example.com]
prdo:
  ReadOnlyRole: [erin@example.com]
test:
  PowerRole: [alice@example.com, bob@example.com]
  ReadOnlyRole: [alice@example.com, frank@example.com]
cdn:
  ReadOnlyRole: [alice@example.com, dave@example.com]
"""


def comments() -> dict[str, str]:
    """The comments by name: `planned`, `problems`, `applied`."""
    return {"planned": _planned(), "problems": _problems(), "applied": _applied()}


def source(name: str) -> Path:
    """The file that keeps a comment as Markdown."""
    return SOURCES / f"picture-{name}.md"


def _planned() -> str:
    """What the reviewer sees: the request, and one membership that somebody made by hand."""
    before, after = _policy(_files(_BEFORE)), _policy(_files(_BEFORE, _ASKED))
    cloud = _cloud(before)
    planned = cloud.planned(after)
    plan = attribute(planned.plan, before, after, TODAY)
    reviewed = reviewed_plan(EVERYTHING, planned, after)
    refusals = reviewed if isinstance(reviewed, tuple) else ()
    judged = Judged(plan, refusals, headroom(plan, planned.live.master))
    facts = _facts(_HEAD, _BASE)
    asked = request(before, after, TODAY)
    return as_comment(requested_change(asked, judged, facts, Author("dave", ("dave@example.com",))), facts)


def _problems() -> str:
    """What the requester sees whose files have problems."""
    loaded = _loaded({**_files(_BEFORE), "users.yml": _HURRIED})
    assert loaded.policy is not None
    facts = _facts(_HEAD, _BASE)
    return as_comment(problems_found(sorted([*loaded.problems, *check(loaded.policy, TODAY)]), facts), facts)


def _applied() -> str:
    """What both see after the merge, when one account did not let the run in."""
    before, after = _policy(_files(_BEFORE)), _policy(_files(_BEFORE, _ASKED))
    cloud = _cloud(before)
    cloud.fail("UpdateStack", "cdn", error=_denied("cdn", "555555555555"))
    planned = cloud.planned(after)
    plan = attribute(planned.plan, before, after, TODAY)
    report = carry_out(EVERYTHING, Planned(plan, planned.live), after, cloud.tools())
    assert isinstance(report, Report)
    links = switch_links(after, cloud.planned(after).live.stacks)
    facts = _facts(_MERGE, _BASE)
    return as_comment(outcome(report, links, request(after, after, TODAY).dangers, facts, MERGED), facts)


def _files(*edits: Mapping[str, Edits]) -> dict[str, str]:
    """The files of the sample repository, edited; every edit has to find its text, once."""
    files = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "access").glob("*.yml")}
    for edit in edits:
        for name, replacements in edit.items():
            for old, new in replacements:
                assert files[name].count(old) == 1, (name, old)
                files[name] = files[name].replace(old, new)
    return files


def _loaded(files: Mapping[str, str]) -> Loaded:
    return load(InMemory({f"access/{name}": text for name, text in files.items()}), "access/config.yml")


def _policy(files: Mapping[str, str]) -> Policy:
    loaded = _loaded(files)
    assert loaded.policy is not None
    assert not loaded.problems, loaded.problems
    assert not check(loaded.policy, TODAY)
    return loaded.policy


def _cloud(policy: Policy) -> FakeCloud:
    """An AWS that is as the policy says, but for erin, whom somebody has made an administrator by hand."""
    cloud = FakeCloud(" ".join(f"{user}@example.com" for user in USERS.split()))
    assert cloud.run(policy).is_complete
    cloud.groups["RM.prod.AdminRole"].members.add("erin@example.com")
    return cloud


def _facts(commit: str, base: str) -> Facts:
    """A version, a repository and a run that stay as they are, so that the pictures do."""
    repository = "https://github.com/example-org/access"
    return Facts("1.0.0", repository, commit, base, f"{repository}/actions/runs/1234567890", "rolemodel-ci-plan.json")


def _denied(account: str, account_id: str) -> AwsCallError:
    """What a run makes of AWS's refusal to update a stack."""
    action, role = "cloudformation:UpdateStack", "rolemodel-ci-apply"
    said = (
        f"User: arn:aws:sts::{account_id}:assumed-role/{role}/run-1234567890 is not authorized to perform: {action} "
        f"on resource: arn:aws:cloudformation:us-east-1:{account_id}:stack/RoleModel/*"
    )
    try:
        with calling(action, f"account {account}"):
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": said}}, "UpdateStack")
    except AwsCallError as failed:
        return failed
