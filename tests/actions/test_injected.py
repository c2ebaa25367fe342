"""Text from the repository, from events, from GitHub and from AWS is data, wherever it is shown."""

from __future__ import annotations

import io
import json
from collections import Counter
from typing import Any

import pytest

from rolemodel_ci.adapters.aws.iam_groups import AwsGroupWriter, AwsMasterReader
from rolemodel_ci.adapters.github.workflow_commands import Commands
from rolemodel_ci.parsing.yaml_nodes import CONTROL

from . import payloads
from .fake_faults import says
from .fake_messages import refusal
from .front_rules import RefusedError, Reply
from .jobs import Command, Done, commands
from .reading import strange, unseen
from .workshop import USERS, Job, Workshop, access, role, template

pytest_plugins = ["actions.resting"]

EVIL = (
    "::set-output name=x::y", "::error::x", "##[error]x", "x ##[set-env name=PATH;]y", "%0A::stop-commands::x",
    "a|b", "`b` ``", "<!-- x", "-->", "@org/team", "see #1 GH-2", "](http://evil.example)", "[x](http://evil.example)",
    "![x](http://evil.example/x.png)", "http://evil.example", "www.evil.example", "<img src=//evil.example>",
    "</details>", "one\n::error::two", "one\r::error::two", "\u202egnp.exe", "\x1b[2Jx", "\u2028::error::x", "# head",
    "~~x~~ **y**", "<a href='javascript:x'>y</a>", "```", "> [!CAUTION]", "<!-- rolemodel-ci outcome v1 -->",
    "\ufeff::error::x",
)  # fmt: skip
ALL = " ".join(EVIL)
NAMES = {"add-mask", "notice", "warning", "error"}
OUTPUTS = {"result", "changes", "grants", "revocations", "drift", "problems", "plan-json", "record-json",
           "comment-url"}  # fmt: skip


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What `Commands` has written, and nobody else."""
    own, write = io.StringIO(), Commands.__init__

    class Both(io.StringIO):
        def __init__(self, stream: Any) -> None:
            super().__init__()
            self._stream = stream

        def write(self, text: str) -> int:
            own.write(text)
            return int(self._stream.write(text))

        def flush(self) -> None:
            self._stream.flush()

    monkeypatch.setattr(Commands, "__init__", lambda self, stream: write(self, Both(stream)))
    return own


def harmless(shop: Workshop, done: Done, written: io.StringIO) -> None:
    """The runner finds our own commands and no others; people see our own markup and no other."""
    found = commands(done.log)
    ours = commands(written.getvalue())
    assert Counter(map(repr, found)) - Counter(map(repr, ours)) == Counter()
    # A read that was given up may still get a token, and mask it, when the log of the run has ended.
    late = Counter(map(repr, ours)) - Counter(map(repr, found))
    assert [one for one in late if not one.startswith("Command(name='add-mask'")] == []
    assert {command.name for command in found} <= NAMES
    assert not [command for command in found if command.legacy or set(command.properties) - _PROPERTIES]
    assert not [line for line in done.log.splitlines() if "##[" in line and not line.startswith("::")]
    assert unseen(spoken(found)) == []
    assert done.code in (2, 70) or unseen(done.shown) == []  # errors of usage and tracebacks are printed as they are
    assert strange(done.summary) == []
    for comment in shop.comments():
        assert strange(comment) == []
    assert set(done.outputs) <= OUTPUTS
    assert not [value for value in done.outputs.values() if "\n" in value]
    if "plan-json" in done.outputs:
        assert done.plan["format"].startswith("rolemodel-ci/")
    assert shop.github.violations == []
    written.truncate(0)
    written.seek(0)


def spoken(found: list[Command]) -> str:
    """All that the commands say to people."""
    return "\n".join(text for one in found for text in (one.message, *one.properties.values()))


_PROPERTIES = {"title", "file", "line", "col"}


def check_story(shop: Workshop, merge_files: dict[str, str], written: io.StringIO, codes: tuple[int, int, int]) -> Done:
    """The pull request with these files, its merge, and the night after it: all harmless. The last of the runs."""
    merge = shop.hosted.request(merge_files)
    for number, code in enumerate(codes):
        job = shop.opened(merge) if number == 0 else shop.merged(merge) if number == 1 else shop.nightly()
        done = shop.run(job)
        assert done.code == code, done.log
        harmless(shop, done, written)
    return done


SEEN = (
    "<!-- x -->", "@org/team", "see #1", "[x](http://evil.example)", "![x](http://evil.example/x.png)", "~~x~~",
    "http://evil.example", "www.evil.example", "<img src=//evil.example>", "</details>", "\u202egnp.exe", "\x1b[2Jx",
    "# head", "<a href='javascript:x'>y</a>", "<https://evil.example>", "<details>",
)  # fmt: skip


@pytest.mark.parametrize("evil", SEEN)
def test_the_reader_finds_what_is_strange(evil: str) -> None:
    assert strange(f"### x\n\n{evil}\n")


def test_the_reader_lets_our_own_pass() -> None:
    ours = "### x\n\n> [!CAUTION]\n> - `@org/team` is **widened**\n\n[users.yml\\:3](https://github.com/acme/access/blob/1)\n"
    assert strange(ours) == []
    found = commands("x\n ::error file=a%2Cb::c%0Ad\nx ##[warning]y\n::x\n")
    assert [(one.name, one.message, one.legacy) for one in found] == [("error", "c\nd", False), ("warning", "y", True)]


def test_reasons(shop: Workshop, written: io.StringIO) -> None:
    grants = [{"user": f"nobody{number}", "reason": evil} for number, evil in enumerate(EVIL)]
    users = {"prod": {"Admin": ["carol"], "Reader": ["alice", "bob", {"user": "dave", "reason": ALL}, *grants]},
             "dev": {"Admin": ["alice", "bob", "carol"]}}  # fmt: skip
    check_story(shop, access(json.dumps(users, indent=1)), written, (5, 5, 5))
    assert len(shop.comments()) == 2


def test_names_in_the_files(shop: Workshop, written: io.StringIO) -> None:
    users = {
        "prod": {"Admin": ["carol", *EVIL], **{evil: ["alice"] for evil in EVIL}},
        **{evil: {"Admin": [{"user": evil, evil: evil, "expires": evil}]} for evil in EVIL},
    }
    done = check_story(shop, access(json.dumps(users, indent=1)), written, (1, 1, 1))
    assert "`%0A::stop-commands::x`" in done.said("error")  # as it stands in the file


def test_names_in_the_template(shop: Workshop, written: io.StringIO) -> None:
    roles = {evil: role("*") for evil in EVIL}
    odd = role("*")
    odd["Properties"]["RoleName"] = ALL
    odd["Properties"]["Path"] = ALL
    odd[ALL] = ALL
    check_story(
        shop, access(roles=template(Admin=role("*"), Reader=role("s3:Get*"), Odd=odd, **roles)), written, (1, 1, 1)
    )


@pytest.mark.parametrize("seen", [True, False])
def test_statements_of_the_template(shop: Workshop, written: io.StringIO, seen: bool) -> None:
    texts = [evil for evil in EVIL if not (seen and CONTROL.search(evil))]  # those are refused
    reader = role("s3:Get*")
    reader["Properties"]["Description"] = "words"
    statement = reader["Properties"]["Policies"][0]["PolicyDocument"]["Statement"][0]
    statement["Resource"] = [f"arn:aws:s3:::{evil}" for evil in texts]
    statement["Sid"] = " ".join(texts)
    reader["Properties"]["Policies"][0]["PolicyName"] = " ".join(texts)
    merge = shop.hosted.request(access(roles=template(Admin=role("*"), Reader=reader)))
    done = shop.run(shop.opened(merge))
    assert done.code == (0 if seen else 1), done.log
    assert ("evil.example" if seen else "RM421") in shop.comments()[0]
    harmless(shop, done, written)


def test_names_in_the_config(shop: Workshop, written: io.StringIO) -> None:
    config = json.dumps({
        "assumable_roles": "roles.yml", "users": "users.yml", "master_account_id": ALL, ALL: ALL,
        "guards": {evil: evil for evil in EVIL},
        "assumable_accounts": [{"name": evil, "account_id": evil, "state": evil, evil: evil} for evil in EVIL],
    })  # fmt: skip
    check_story(shop, access(config=config), written, (1, 1, 1))


def test_text_that_is_no_yaml(shop: Workshop, written: io.StringIO) -> None:
    for evil in (
        ALL.replace("\x1b", ""),
        "a: [\n::error::x\n",
        "- &a !!python/object:::error::x\n",
        "##[error]x: *y\n",
    ):
        done = shop.run(shop.opened(shop.hosted.request(access(evil))))
        assert done.code == 1, done.log
        harmless(shop, done, written)


def test_names_of_files(shop: Workshop, written: io.StringIO) -> None:
    plain = [evil.replace("/", "\\") for evil in EVIL]
    files = {f"{name}/CODEOWNERS": "x" for name in plain} | {f".github/workflows/{name}.yml": "x" for name in plain}
    check_story(shop, access() | files, written, (0, 0, 0))
    assert "evil.example" in shop.comments()[0]


@pytest.mark.parametrize("evil", [ALL, "::error::x", "##[error]x"])
def test_events(shop: Workshop, written: io.StringIO, evil: str) -> None:
    merge = shop.hosted.request(access(USERS + "  Reader: [dave]\n"))
    shop.opened(merge)
    aimed = payloads.minimal_pull_request(head_sha=merge.head, base_sha=merge.base, base_ref=evil, author=evil)
    tip = shop.hosted.tip
    line = evil.replace("\r", "").replace("\n", "")
    for job in (
        shop.on_pull_request(aimed, merge),
        shop.on_pull_request(payloads.minimal_pull_request(evil), merge),
        Job("push", payloads.minimal_push(), tip, f"refs/heads/{line}"),
        Job("push", payloads.minimal_push(default_branch=line), tip, f"refs/heads/{line}"),
        Job("workflow_dispatch", payloads.minimal_workflow_dispatch(), tip, f"refs/heads/{line}"),
        Job(line, {}, tip, "refs/heads/main"),
    ):
        done = shop.run(job)
        assert done.code in (0, 3), done.log
        harmless(shop, done, written)


def test_inputs(shop: Workshop, written: io.StringIO) -> None:
    for name, code in (("config", 1), ("repair", 2), ("allow", 2), ("jobs", 2), ("comment-author", 0)):
        merge = shop.hosted.request(access(USERS + "  Reader: [dave]\n"))
        done = shop.run(shop.opened(merge, inputs={name: ALL}))
        assert done.code == code, (name, done.log)
        harmless(shop, done, written)


def test_messages_of_github(shop: Workshop, written: io.StringIO) -> None:
    merge = shop.hosted.request(access(USERS + "  Reader: [dave]\n"))
    shop.github.fail("POST", r"/comments", says(refusal(403, ALL)))
    done = shop.run(shop.opened(merge))
    assert (done.code, "evil.example" in done.said("notice")) == (0, True)
    harmless(shop, done, written)
    shop.github.fail("GET", r"/branches/", says(refusal(404, ALL)))
    done = shop.run(shop.merged(merge))
    assert (done.code, "evil.example" in shop.comments()[-1]) == (3, True)
    harmless(shop, done, written)


def test_refusals_of_sts(shop: Workshop, written: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    said = ALL.replace("\x1b", "")  # XML cannot say it

    def no(*_: Any) -> Reply:
        raise RefusedError(403, "AccessDenied", said)

    monkeypatch.setattr(shop.front, "_assume", no)
    check_story(shop, access(USERS + "  Reader: [dave]\n"), written, (3, 3, 3))
    assert "evil.example" in shop.comments()[0]


def test_subject_of_the_token(shop: Workshop, written: io.StringIO) -> None:
    shop.issuer.more = {"sub": ALL, "iss": "https://token.actions.githubusercontent.com"}
    check_story(shop, access(USERS + "  Reader: [dave]\n"), written, (3, 3, 3))


def test_failures_of_changes(shop: Workshop, written: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    said = ALL.replace("\x1b", "").replace("<", "&lt;").replace("&", "&amp;").replace(">", "&gt;")
    body = f"<ErrorResponse><Error><Type>Sender</Type><Code>Odd</Code><Message>{said}</Message></Error></ErrorResponse>"
    answer = shop.front.answer

    def fail(upstream: Any, method: str, target: str, headers: Any, content: bytes) -> Reply:
        if b"Action=AddUserToGroup" in content or b"Action=UpdateStack" in content:
            return Reply(400, [("Content-Type", "text/xml")], body.encode())
        return answer(upstream, method, target, headers, content)

    monkeypatch.setattr(shop.front, "answer", fail)
    merge = shop.hosted.request(access(USERS + "  Reader: [dave]\n", template(Admin=role("*"), Reader=role("s3:*"))))
    done = shop.run(shop.merged(merge))
    assert (done.code, done.outputs["result"]) == (5, "incomplete"), done.log
    assert "evil.example" in done.shown
    assert "evil.example" in shop.comments()[0]
    harmless(shop, done, written)


def test_bugs(shop: Workshop, written: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("\n".join(EVIL))

    monkeypatch.setattr(AwsGroupWriter, "add_member", broken)
    done = shop.run(shop.merged(shop.hosted.request(access(USERS + "  Reader: [dave]\n"))))
    assert (done.code, done.outputs["result"]) == (70, "incomplete"), done.log
    assert "This is a bug in rolemodel-ci" in done.shown
    assert len(shop.comments()) == 1
    harmless(shop, done, written)
    monkeypatch.setattr(AwsMasterReader, "read", broken)
    done = shop.run(shop.nightly())
    assert done.code == 70, done.log
    harmless(shop, done, written)
