"""A push to the default branch, end to end: what is applied, what is not, and what the merged pull request is told."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from rolemodel_ci.adapters.terminal import PlainWatch
from rolemodel_ci.sandbox.embedded import EmbeddedAws

from .fake_faults import Fault, server_error
from .fake_github import Run
from .fake_messages import Reply, Request
from .hosting import Merge
from .jobs import Done, commands
from .workshop import CONFIG, DEV, MASTER, MEMBERS, USERS, Workshop, access, role, template

pytest_plugins = ["actions.resting"]

TRUST = json.dumps({
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
})  # fmt: skip
WANTED = USERS.replace("Reader: [alice, bob]", "Reader: [alice, dave]")


def merged(shop: Workshop, users: str = WANTED, **job: Any) -> Done:
    """Merge a pull request with these users; the run of the push."""
    return run(shop, shop.hosted.request(access(users)), **job)


def run(shop: Workshop, merge: Merge, **job: Any) -> Done:
    """Merge that pull request; the run of the push."""
    return checked(shop, shop.run(shop.merged(merge, **job)))


def checked(shop: Workshop, done: Done) -> Done:
    """The run, which has kept to GitHub's rules and to itself what is secret."""
    assert shop.github.violations == []
    hidden = [command.message for command in commands(done.log) if command.name == "add-mask"]
    told = "\n".join((done.shown, done.summary, *shop.comments()))
    assert not [secret for secret in hidden if secret in told]
    return done


def nothing_written(shop: Workshop) -> bool:
    """Whether AWS is as it was before."""
    return shop.aws.writes() == {} and shop.members() == MEMBERS


def outcome(shop: Workshop) -> str:
    """The one comment."""
    (comment,) = shop.comments()
    return comment


def test_applied(shop: Workshop) -> None:
    done = merged(shop)
    assert done.code == 0, done.log
    assert shop.members()["RM.prod.Reader"] == {"alice", "dave"}
    assert shop.aws.writes() == {"iam:AddUserToGroup": 1, "iam:RemoveUserFromGroup": 1, "ssm:PutParameter": 2}
    assert shop.front.granted(role="rolemodel-ci-apply") == 3
    assert shop.front.granted(role="rolemodel-ci-plan") == 0
    assert "Requested by the change (2 changes)" in done.shown
    assert "Applied: 2 changes made." in done.shown
    assert done.commands == []
    comment = outcome(shop)
    assert "### Access change: applied" in comment
    assert "| ✅ **lost** | `bob` | `prod` | `Reader` |" in comment
    gained = next(line for line in comment.splitlines() if "**gained**" in line)
    assert re.search(r"\(https://signin\.aws\.amazon\.com/switchrole\?account=222222222222&roleName=[\w-]+", gained)
    assert done.summary == comment
    assert done.plan["format"] == "rolemodel-ci/report"
    assert {name: done.outputs[name] for name in ("result", "changes", "grants", "revocations", "drift")} == {
        "result": "applied", "changes": "2", "grants": "1", "revocations": "1", "drift": "0",
    }  # fmt: skip


def test_same_run_again_leaves_what_was_told(shop: Workshop) -> None:
    job = shop.merged(shop.hosted.request(access(WANTED)))
    shop.run(job)
    told = outcome(shop)
    shop.forget()
    again = checked(shop, shop.run(job))
    assert (again.code, again.outputs["result"], again.outputs["changes"]) == (0, "applied", "0"), again.log
    assert shop.aws.writes() == {}
    assert outcome(shop) == told
    assert "AWS was so already" in again.summary
    assert again.outputs["comment-url"]


def test_same_run_after_a_later_push_leaves_what_was_told(shop: Workshop) -> None:
    job = shop.merged(shop.hosted.request(access(WANTED)))
    shop.run(job)
    told = outcome(shop)
    shop.run(shop.pushed(*shop.hosted.push({"README.md": "Later."}), run=4712))
    again = checked(shop, shop.run(job))
    assert (again.code, again.outputs["result"]) == (0, "stale"), again.log
    assert outcome(shop) == told


def test_review_and_outcome_are_two_comments(shop: Workshop) -> None:
    merge = shop.hosted.request(access(WANTED))
    shop.run(shop.opened(merge))
    run(shop, merge)
    request, applied = shop.comments()
    assert request.startswith("<!-- rolemodel-ci change-summary v1 -->")
    assert applied.startswith("<!-- rolemodel-ci outcome v1 -->")


def test_push_without_a_pull_request(shop: Workshop) -> None:
    done = checked(shop, shop.run(shop.pushed(*shop.hosted.push(access(WANTED)))))
    assert (done.code, done.outputs["result"]) == (0, "applied"), done.log
    assert "✅ **gained** | `dave`" in done.summary
    (comment,) = shop.github.commit_comments(shop.hosted.tip)
    assert "**No pull request.**" in comment.body
    assert done.outputs["comment-url"].endswith(f"/commit/{shop.hosted.tip}#commitcomment-{comment.id}")
    assert [merge["pull_request"] for merge in done.record["merges"]] == [None]
    assert done.commands == []


def test_drift_is_put_right_by_the_same_run(shop: Workshop) -> None:
    shop.put({"RM.prod.Admin": {"carol", "bob"}})
    done = merged(shop)
    assert (done.code, done.outputs["drift"], done.outputs["revocations"]) == (0, "1", "2"), done.log
    assert shop.members() == MEMBERS | {"RM.prod.Reader": {"alice", "dave"}}
    assert "| ✅ **lost** | `bob` | `prod` | `Admin` · **admin** | drift |" in outcome(shop)


def test_no_longer_the_tip(shop: Workshop) -> None:
    job = shop.merged(shop.hosted.request(access(WANTED)))
    _, newer = shop.hosted.push({"README.md": "Later."})
    shop.github.branches["main"] = newer
    shop.github.run(Run(4712, newer))
    done = checked(shop, shop.run(job))
    assert (done.code, done.outputs["result"]) == (0, "stale"), done.log
    assert nothing_written(shop)
    assert f"`main` is at {newer[:7]} by now, and this run is about {job.sha[:7]}" in done.said("notice")
    assert f"The run of `{newer[:7]}` applies everything up to it" in outcome(shop)
    assert "not applied by this run" in done.summary
    assert shop.front.assumptions == []


def test_tip_moves_between_plan_and_apply(shop: Workshop) -> None:
    newer = "d" * 40
    shop.github.run(Run(4712, newer))

    def move(reply: Reply, _request: Request, _url: str) -> Reply:
        shop.github.branches["main"] = newer
        return reply

    shop.github.fail("GET", r"/branches/main", Fault(move, effect=True))
    done = merged(shop)
    assert (done.code, done.outputs["result"]) == (0, "stale"), done.log
    assert len(shop.github.asked("GET", "/branches/main")) == 2
    assert shop.aws.calls()
    assert nothing_written(shop)
    assert "`main` is at ddddddd by now" in done.said("notice")


@pytest.mark.parametrize(("status", "requests"), [(502, 5), (404, 1)])
def test_tip_that_github_does_not_tell(shop: Workshop, pauses: list[float], status: int, requests: int) -> None:
    shop.github.fail("GET", r"/branches/main", server_error(status), last_stays=True)
    done = merged(shop)
    assert (done.code, done.outputs["result"]) == (3, "failed"), done.log
    assert nothing_written(shop)
    assert f"looking up branch main: GitHub answered {status}" in done.said("error")
    assert "### Access change: not applied" in outcome(shop)
    assert len(shop.github.asked("GET", "/branches/main")) == requests
    assert pauses == [1.0, 2.0, 4.0, 8.0][: requests - 1]


def test_checkout_of_another_commit(shop: Workshop) -> None:
    before, _ = shop.hosted.push(access(WANTED))
    done = checked(shop, shop.run(shop.pushed(before, shop.hosted.tip, at=before)))
    assert done.code == 2, done.log
    assert f"the checkout is at {before[:7]}, and the run is about {shop.hosted.tip[:7]}" in done.said("error")
    assert nothing_written(shop)


def test_guard_refuses_and_the_input_lets_it_pass(shop: Workshop) -> None:
    job = shop.merged(shop.hosted.request(access("{}\n")))
    done = checked(shop, shop.run(job))
    assert (done.code, done.outputs["result"]) == (4, "refused"), done.log
    assert nothing_written(shop)
    comment = outcome(shop)
    assert "### Access change: refused by a guard" in comment
    assert "6 of 6 memberships would be revoked (100 %); one run may revoke 25 %" in comment.replace("\\", "")
    assert "`guards: revoke_percent:`" in comment
    assert "`--allow empty-map`" in comment
    assert "all 6 memberships would be revoked" in done.said("error")
    assert done.plan["format"] == "rolemodel-ci/refusal"
    allowed = shop.pushed(
        *shop.hosted.push({"README.md": "Yes."}), inputs={"allow": "empty-map, mass-revocation, last-administrator"}
    )
    done = checked(shop, shop.run(allowed))
    assert (done.code, done.outputs["revocations"]) == (0, "6"), done.log
    assert not any(shop.members().values())


def test_files_broken_on_main(shop: Workshop) -> None:
    done = merged(shop, USERS + "qa:\n  Admin: [dave]\n")
    assert (done.code, done.outputs["result"]) == (1, "problems"), done.log
    assert shop.front.assumptions == []
    assert "not applied, the files have problems" in outcome(shop)
    assert "account `qa` is not in the config" in outcome(shop)
    assert done.annotations("error")[0].where == "access/users.yml:6"


def test_what_the_push_says_was_before_it_does_not_matter(shop: Workshop) -> None:
    shop.hosted.push(access(WANTED))
    done = checked(shop, shop.run(shop.pushed("f" * 40, shop.hosted.tip)))
    assert (done.code, done.outputs["drift"]) == (0, "0"), done.log
    assert shop.members()["RM.prod.Reader"] == {"alice", "dave"}


def test_first_push_of_the_branch(shop: Workshop) -> None:
    shop.hosted.push(access(WANTED))
    done = checked(shop, shop.run(shop.pushed("0" * 40, shop.hosted.tip)))
    assert (done.code, done.outputs["result"]) == (0, "applied"), done.log
    assert done.commands == []


def test_no_way_in(shop: Workshop) -> None:
    done = merged(shop, oidc=False)
    assert done.code == 3, done.log
    assert "the job may not ask for an OIDC token. Give it the permission `id-token: write`." in done.said("error")
    assert "may not ask for an OIDC token" in outcome(shop)
    config = CONFIG[: CONFIG.index("github_oidc")] + CONFIG[CONFIG.index("assumable_accounts") :]
    done = checked(shop, shop.run(shop.pushed(*shop.hosted.push(access(WANTED, config=config)))))
    assert done.code == 3, done.log
    assert "access/config.yml has no `github_oidc`" in done.said("error")
    assert nothing_written(shop)


def test_no_github_token(shop: Workshop) -> None:
    done = merged(shop, token="")
    assert done.code == 2, done.log
    assert "`github-token`" in done.said("error")
    assert nothing_written(shop)


def test_request_cannot_take_on_the_role_that_applies(shop: Workshop) -> None:
    config = CONFIG.replace("VIA", "direct").replace("plan_role: rolemodel-ci-plan", "plan_role: rolemodel-ci-apply")
    config = config.replace(
        "  apply_role: rolemodel-ci-apply", "  apply_role: another"
    )  # one role for both is no config
    merge = shop.hosted.request(access(WANTED) | {"access/config.yml": config})
    done = checked(shop, shop.run(shop.opened(merge)))
    assert done.code == 3, done.log
    assert {one.role for one in shop.front.assumptions} == {"rolemodel-ci-apply"}
    assert {one.refusal for one in shop.front.assumptions} == {"AccessDenied"}
    assert "sub `repo:acme/access:pull_request`" in outcome(shop)
    assert "the **config** decides" in outcome(shop)
    assert nothing_written(shop)


def test_account_that_cannot_be_read(shop: Workshop) -> None:
    with shop.locked(DEV, role="rolemodel-ci-apply"):
        done = merged(shop)
    assert (done.code, done.outputs["result"]) == (5, "incomplete"), done.log
    assert shop.members()["RM.prod.Reader"] == {"alice", "dave"}
    assert "account `dev` cannot be read" in outcome(shop)


def test_master_that_cannot_be_read(shop: Workshop) -> None:
    with shop.locked(MASTER, role="rolemodel-ci-apply"):
        done = merged(shop)
        assert shop.aws.writes() == {}
    assert (done.code, done.outputs["result"]) == (3, "failed"), done.log
    assert "### Access change: not applied" in outcome(shop)
    assert "sub `repo:acme/access:ref:refs/heads/main`" in outcome(shop)


def test_interrupted_run_says_what_is_done(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    def step(_watch: PlainWatch, text: str) -> None:
        if text == "grant":
            raise KeyboardInterrupt

    monkeypatch.setattr(PlainWatch, "step", step)
    done = merged(shop)
    assert (done.code, done.outputs["result"]) == (130, "incomplete"), done.log
    assert shop.members()["RM.prod.Reader"] == {"alice"}
    assert "### Access change: interrupted:" in outcome(shop)
    assert "1 skipped" in outcome(shop)
    assert "`dave` did **not** get what was granted" in outcome(shop)


def test_stack_that_fails_and_is_mended(tmp_path: Path, aws: EmbeddedAws) -> None:
    named = role("*")
    named["Properties"]["RoleName"] = "Taken"
    with Workshop(tmp_path, aws) as shop:
        shop.rolled_out()
        iam = aws.client("iam", DEV)
        iam.create_role(RoleName="Taken", AssumeRolePolicyDocument=TRUST)
        shop.forget()
        files = access(WANTED + "  Boss: [dave]\n", template(Admin=role("*"), Reader=role("s3:Get*"), Boss=named))
        done = run(shop, shop.hosted.request(files))
        assert (done.code, done.outputs["result"]) == (5, "incomplete"), done.log
        comment = outcome(shop)
        headline = comment.splitlines()[1]
        assert "1 failed" in headline, comment
        assert "skipped" in headline
        assert "already exists" in comment
        assert "`dave` did **not** get what was granted, because of that." in comment
        assert "| ⏭️ **skipped** | `dave` | `dev` | `Boss`" in comment
        assert "| ✅ **gained** | `dave` | `prod` | `Reader` |" in comment
        assert "some changes failed or were skipped" in done.said("error")
        assert shop.members()["RM.prod.Reader"] == {"alice", "dave"}
        assert "RM.dev.Boss" not in shop.members()
        iam.delete_role(RoleName="Taken")
        again = checked(shop, shop.run(shop.pushed(*shop.hosted.push({"README.md": "Again."}))))
        assert again.code == 0, again.log
        assert shop.members()["RM.dev.Boss"] == {"dave"}


def test_debug_logging_tells_every_call_and_their_sums(shop: Workshop) -> None:
    done = merged(shop, environment={"RUNNER_DEBUG": "1"})
    assert done.code == 0, done.log
    assert re.search(r"account=master action=iam:AddUserToGroup ms=\d+ status=200 retries=0 request=\S+", done.shown)
    assert re.search(r"iam:AddUserToGroup +1 +0 +0 ", done.shown)
    assert "action=" not in merged(shop, USERS).shown
