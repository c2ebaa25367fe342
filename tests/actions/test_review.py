"""A pull request, end to end: what the reviewer is told, and that nothing is written."""

from __future__ import annotations

import json
from typing import Any

import pytest

from . import payloads
from .fake_faults import server_error
from .hosting import Merge
from .jobs import Done, commands
from .workshop import CONFIG, DEV, MASTER, PROD, ROLES, USERS, Workshop, access, role, template

pytest_plugins = ["actions.resting"]

WANTED = USERS.replace("Reader: [alice, bob]", "Reader: [alice, dave]")


def ask(shop: Workshop, users: str = USERS, *, more: dict[str, str] | None = None, **job: Any) -> Done:
    """Open the pull request with these users, or push to it once more; the run of it."""
    return reviewed(shop, shop.hosted.request(access(users) | (more or {})), **job)


def reviewed(shop: Workshop, merge: Merge, **job: Any) -> Done:
    """The run of a pull request; whatever it is about, it writes nothing and takes on no role that may."""
    done = shop.run(shop.opened(merge, **job))
    assert shop.aws.writes() == {}
    assert shop.front.granted(role="rolemodel-ci-apply") == 0
    assert shop.github.violations == []
    hidden = [command.message for command in commands(done.log) if command.name == "add-mask"]
    told = "\n".join((done.shown, done.summary, *shop.comments()))
    assert not [secret for secret in hidden if secret in told]
    return done


def only(shop: Workshop) -> str:
    """The one comment."""
    (comment,) = shop.comments()
    return comment


def test_what_is_asked_for(shop: Workshop) -> None:
    done = ask(shop, WANTED)
    assert done.code == 0, done.log
    assert "Plan: 1 grant and 1 revocation." in done.shown
    assert "+ gains  dave  prod     Reader" in done.shown
    assert done.commands == []
    comment = only(shop)
    assert "### Access change: 1 grant, 1 revocation" in comment
    assert "| ➕ **gains** | `dave` | `prod` | `Reader` |" in comment
    assert "| ➖ **loses** | `bob` | `prod` | `Reader` |" in comment
    assert "**On merge** 2 memberships" in comment
    assert "Drift" not in comment
    assert done.summary == comment
    url = "https://github.com/acme/access/pull/7#issuecomment-3000000001"
    assert done.outputs == {
        "result": "planned", "changes": "2", "grants": "1", "revocations": "1", "drift": "0", "problems": "0",
        "plan-json": "rolemodel-ci-plan.json", "record-json": "rolemodel-ci-record.json", "comment-url": url,
    }  # fmt: skip
    assert done.plan["format"] == "rolemodel-ci/plan"
    assert shop.front.granted(role="rolemodel-ci-plan") == 3
    assert shop.members()["RM.prod.Reader"] == {"alice", "bob"}


def test_drift_is_told_apart_and_in_a_fold(shop: Workshop) -> None:
    shop.put({"RM.prod.Admin": {"carol", "bob"}})
    done = ask(shop.forget(), WANTED)
    assert done.code == 0, done.log
    head, _, fold = only(shop).partition("<details><summary><b>Drift</b>: 1 difference between AWS and the repository")
    assert "### Access change: 1 grant, 1 revocation" in head
    assert "`Admin`" not in head
    assert "| ➖ **loses** | `bob` | `prod` | `Admin` · **admin** | member | not granted |" in fold
    assert (done.outputs["drift"], done.outputs["changes"]) == ("1", "3")


def test_guard_that_would_refuse_the_merge_is_a_warning(shop: Workshop) -> None:
    done = ask(shop, "{}\n")
    assert (done.code, done.outputs["result"]) == (0, "planned"), done.log
    box = only(shop).partition("> [!CAUTION]")[2].partition("\n\n")[0]
    assert box.count("**The merge would be refused") == 3
    assert "`empty-map`" in box
    assert "all 6 memberships would be revoked" in box
    assert "`mass-revocation`" in box
    assert "`--allow empty-map`" in box


def test_user_who_is_not_there(shop: Workshop) -> None:
    done = ask(shop, WANTED.replace("dave", "erin"))
    assert (done.code, done.outputs["result"]) == (5, "failed"), done.log
    assert done.said("error") == "1 of what is asked for cannot be made; the summary says why"
    row = next(line for line in only(shop).splitlines() if "**gains**" in line)
    assert "`erin`" in row
    assert "**cannot be made:**" in row
    assert "> - `erin` is not put into `RM.prod.Reader`" in only(shop)


def test_wish_that_was_blocked_before_fails_nobody_else(shop: Workshop) -> None:
    users = USERS.replace("Admin: [carol]", "Admin: [carol, erin]")
    shop.hosted.push(access(users))
    done = ask(shop, users.replace("Reader: [alice, bob]", "Reader: [alice, bob, dave]"))
    assert (done.code, done.outputs["result"]) == (0, "planned"), done.log
    assert "### Access change: 1 grant" in only(shop)
    assert "> - `erin` is not put into `RM.prod.Admin`" in only(shop)


def test_account_that_cannot_be_read(shop: Workshop) -> None:
    with shop.locked(DEV):
        done = ask(shop, WANTED)
    assert done.code == 0, done.log
    comment = only(shop)
    assert "account `dev` cannot be read, and nothing is concluded from it" in comment
    assert r"sub `repo:acme/access:pull_request`" in comment
    assert "| ➕ **gains** | `dave` | `prod` | `Reader` |" in comment
    assert "cannot be read" in done.shown
    assert [unread["account"] for unread in done.plan["unreadable"]] == ["dev"]


def test_master_account_that_cannot_be_read(shop: Workshop) -> None:
    with shop.locked(MASTER):
        done = ask(shop, WANTED)
    assert (done.code, done.outputs["result"]) == (3, "failed"), done.log
    assert "the master account: AWS refused sts:AssumeRoleWithWebIdentity" in done.said("error")
    comment = only(shop)
    assert "### Access change: 1 grant, 1 revocation" in comment
    assert "AWS was not read: the master account" in comment
    assert "On merge" not in comment
    assert (done.outputs["grants"], done.outputs["revocations"]) == ("1", "1")


def test_run_again_leaves_the_comment_alone(shop: Workshop) -> None:
    merge = shop.hosted.request(access(WANTED))
    reviewed(shop, merge)
    again = reviewed(shop, merge, action="synchronize")
    assert shop.github.asked("PATCH") == []
    assert "Comment left as it was: https://github.com/acme/access/pull/7#issuecomment-3000000001" in again.shown
    assert again.outputs["comment-url"].endswith("-3000000001")
    pushed = ask(shop, WANTED, action="synchronize")
    assert "Comment changed:" in pushed.shown  # it is about another commit
    assert len(shop.github.comments(7)) == 1


def test_files_broken_and_mended(shop: Workshop) -> None:
    ask(shop, WANTED)
    (first,) = shop.github.comments(7)
    done = ask(shop, WANTED + "qa:\n  Admin: [dave, 'a b']\n", action="synchronize")
    assert (done.code, done.outputs["result"], done.outputs["problems"]) == (1, "problems", "2"), done.log
    *on_lines, last = done.annotations("error")
    assert [(one.where, one.properties["title"]) for one in on_lines] == [
        ("access/users.yml:6", "RM301"), ("access/users.yml:7", "RM124"),
    ]  # fmt: skip
    assert last.message == "the files have 2 problems"
    (broken,) = shop.github.comments(7)
    assert (broken.id, "cannot be used, 2 problems in the files" in broken.body) == (first.id, True)
    assert done.summary == broken.body
    assert done.plan["format"] == "rolemodel-ci/problems"
    mended = ask(shop, WANTED, action="synchronize")
    assert mended.code == 0, mended.log
    (whole,) = shop.github.comments(7)
    assert (whole.id, "### Access change: 1 grant, 1 revocation" in whole.body) == (first.id, True)


def test_broken_from_the_beginning_makes_a_comment_and_asks_aws_nothing(shop: Workshop) -> None:
    done = ask(shop, "prod: [carol\n")
    assert done.code == 1
    assert "cannot be used" in only(shop)
    assert shop.front.assumptions == []
    assert shop.issuer.audiences == []


def test_nothing_about_access_makes_no_comment_but_keeps_one(shop: Workshop) -> None:
    done = ask(shop, more={"README.md": "Words."})
    assert (done.code, done.outputs["changes"], done.outputs["comment-url"]) == (0, "0", ""), done.log
    assert shop.comments() == []
    assert "### Access change: nothing that gives or takes access" in done.summary
    ask(shop, WANTED, action="synchronize")
    assert "1 grant" in only(shop)
    ask(shop, USERS, action="synchronize")
    assert "### Access change: nothing that gives or takes access" in only(shop)


def test_drift_that_a_merge_about_something_else_repairs_is_told(shop: Workshop) -> None:
    shop.put({"RM.prod.Admin": {"bob"}})
    done = ask(shop.forget(), more={"README.md": "Words."})
    assert (done.code, done.outputs["drift"]) == (0, "2")
    comment = only(shop)
    told = "nothing asked for, but AWS differs by 1 grant and 1 revocation, which the merge makes"
    assert f"### Access change: {told}\n" in comment
    box = comment.partition("> [!CAUTION]")[2].partition("\n\n")[0]
    assert "`carol` becomes **administrator** of `prod` by the merge (**drift**" in box
    assert "**Drift**: 2 differences between AWS and the repository, 2 of them about administrators;" in comment
    assert "<details>" not in comment
    shop.put({"RM.prod.Admin": {"carol"}})
    ask(shop.forget(), more={"README.md": "More words."}, action="synchronize")
    assert "### Access change: nothing that gives or takes access\n" in only(shop)


def test_what_a_refused_merge_leaves_is_not_said_to_be_put_right(shop: Workshop) -> None:
    shop.put({"RM.prod.Admin": {"carol", "bob"}})
    ask(shop.forget(), "{}\n")
    assert "**The merge would be refused.**" in only(shop)
    assert "put right" not in only(shop)
    assert "puts that right" not in only(shop)
    assert "as the merge would be refused, that stays as it is" in only(shop)


def test_aimed_at_another_branch(shop: Workshop) -> None:
    merge = shop.hosted.request(access(WANTED))
    payload = payloads.minimal_pull_request(head_sha=merge.head, base_sha=merge.base, base_ref="release")
    shop.opened(merge)
    done = shop.run(shop.on_pull_request(payload, merge))
    assert (done.code, done.outputs["result"]) == (0, "valid"), done.log
    assert "aimed at `release`, and only `main` is ever applied" in done.said("notice")
    assert "### Access change: 1 grant, 1 revocation" in only(shop)
    assert shop.front.assumptions == []


@pytest.mark.parametrize(("login", "user"), [("dave", "dave"), ("D-ave", "dave"), ("somebody", "carol")])
def test_author_who_benefits(shop: Workshop, login: str, user: str) -> None:
    merge = shop.hosted.request(access(USERS + f"  Reader: [{user}]\n"))  # its author's mail is carol@example.com
    payload = payloads.minimal_pull_request(head_sha=merge.head, base_sha=merge.base, author=login)
    shop.opened(merge)
    done = shop.run(shop.on_pull_request(payload, merge))
    assert done.code == 0, done.log
    assert f"The author of this pull request, `{login}`, seems to be `{user}` and **benefits from it**." in only(shop)


def test_author_who_gives_to_others(shop: Workshop) -> None:
    ask(shop, USERS + "  Reader: [dave]\n")
    assert "benefits" not in only(shop)


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("access/config.yml", CONFIG + "stack_deadline: 20\n", "the **config** decides"),
        (".gitattributes", "access/users.yml -diff\n", "**what of a change is shown**"),
        ("access/.gitattributes", "users.yml linguist-generated\n", "**what of a change is shown**"),
        ("tools/gate/action.yml", "runs: {using: docker}\n", "**what runs** with the roles of CI"),
        (".gitmodules", "[submodule]\n", "**what runs** with the roles of CI"),
        (".github/dependabot.yml", "version: 2\n", "it may decide what runs"),
        (".github/workflows/access.yml", "on: push\n", "a **workflow** decides what runs"),
        (".github/CODEOWNERS", "* @acme/all\n", "**who has to approve**"),
        ("docs/CODEOWNERS", "* @acme/all\n", "**who has to approve**"),
    ],
)
def test_files_that_decide(shop: Workshop, path: str, text: str, said: str) -> None:
    done = ask(shop, more={path: text.replace("VIA", "direct")})
    assert done.code == 0, done.log
    comment = only(shop)
    if path != "access/config.yml":
        assert "### Access change: no grant and no role, but files that decide about access" in comment
    box = comment.partition("> [!CAUTION]")[2].partition("\n\n")[0]
    assert f"`{path}` changes" in box
    assert said in box


@pytest.mark.parametrize(
    "config",
    [
        CONFIG + "# a word\n",
        CONFIG.replace("users: users.yml\n", "") + "users: 'users.yml'\nregion: us-east-1\n",
        "# moved\n" + CONFIG.partition("assumable_accounts:")[0]
        + f'assumable_accounts:\n  - {{account_id: "{DEV}", name: dev}}\n  - {{name: prod, account_id: "{PROD}"}}\n',
    ],
)  # fmt: skip
def test_a_remark_in_the_config_is_no_danger(shop: Workshop, config: str) -> None:
    done = ask(shop, more={"access/config.yml": config.replace("VIA", "direct")})
    assert done.code == 0, done.log
    assert shop.comments() == []
    assert "CAUTION" not in done.summary


def test_a_config_that_could_not_be_read_before_decides(shop: Workshop) -> None:
    shop.hosted.push({"access/config.yml": "assumable_roles: [\n"})
    ask(shop)
    assert "`access/config.yml` changes: the **config** decides" in only(shop)


def test_problems_of_the_branch_are_told_as_such(shop: Workshop) -> None:
    shop.hosted.push(access(USERS + "qa:\n  Admin: [dave]\n"))
    done = ask(shop, "# one line more\n" + WANTED + "qa:\n  Admin: [dave]\nqb:\n  Admin: [dave]\n")
    assert (done.code, done.outputs["problems"]) == (1, "2"), done.log
    old, new, last = done.annotations("error")
    assert (old.where, "also on `main`, not from this change" in old.message) == ("access/users.yml:7", True)
    assert (new.where, "not from this change" in new.message) == ("access/users.yml:9", False)
    assert last.message == "the files have 2 problems; 1 of them on `main` already"
    assert "### Access change: cannot be used, 2 problems in the files; 1 of them on `main` already\n" in only(shop)
    done = ask(shop, more={"README.md": "x"} | access(USERS + "qa:\n  Admin: [dave]\n"), action="synchronize")
    assert done.said("error").endswith("the files have 1 problem; it is on `main` already")


@pytest.mark.parametrize(
    ("config", "hint"),
    [
        ("acces/config.yml", "Did you mean `access/config.yml`?"),
        ("config.yml", "Did you mean `access/config.yml`?"),
        ("access/other.yml", "Correct the input `config`"),
    ],
)
def test_a_wrong_config_input_says_which_was_meant(shop: Workshop, config: str, hint: str) -> None:
    done = ask(shop, WANTED, inputs={"config": config})
    assert (done.code, done.outputs["result"]) == (1, "problems"), done.log
    assert f"the commit has no file `{config}`, which the input `config` names. {hint}" in done.said("error")
    assert "Correct the input `config`" in only(shop)


def test_a_label_that_overrides_nothing_says_so(shop: Workshop) -> None:
    merge = shop.hosted.request(access(WANTED))
    payload = payloads.minimal_pull_request(
        head_sha=merge.head,
        base_sha=merge.base,
        labels=("allow: quota", "allow: empty-mop", "allowed", "allow: protected"),
    )
    shop.opened(merge)
    shop.run(shop.on_pull_request(payload, merge))
    box = only(shop).partition("> [!CAUTION]")[2].partition("\n\n")[0].replace("\\", "")
    assert "The label `allow: quota` overrides nothing: no run can override the quotas of AWS." in box
    assert "The label `allow: empty-mop` overrides nothing: there is no guard of that name. Did you mean `allow:" in box
    assert box.count("The label") == 2


def test_setting_that_weakens_a_guard(shop: Workshop) -> None:
    done = ask(shop, more={"access/config.yml": (CONFIG + "guards: {revoke_percent: 90}\n").replace("VIA", "direct")})
    assert done.code == 0, done.log
    assert "### Access change: 1 setting changed" in only(shop)
    box = only(shop).partition("> [!CAUTION]")[2].partition("\n\n")[0]
    assert "`guards: revoke_percent` goes from `25` to **`90`**; one run may take away more." in box
    assert "`access/config.yml` changes" in box


def test_role_that_can_do_more(shop: Workshop) -> None:
    done = ask(shop, more={"access/roles.yml": template(Admin=role("*"), Reader=role("s3:*"))})
    assert done.code == 0, done.log
    comment = only(shop)
    assert "### Access change: 1 role widened" in comment
    box = next(line for line in comment.splitlines() if "is **widened**" in line)
    assert box.startswith("> - `Reader` is **widened** in ")
    assert "`dev` and `prod`" in box
    assert "2 people" in box
    assert "s3:*" in comment
    assert done.outputs["changes"] == "2"


def test_role_that_another_account_may_take_on(shop: Workshop) -> None:
    door = role("*")
    door["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] = {"AWS": "999999999999"}
    done = ask(shop, more={"access/roles.yml": template(Admin=role("*"), Reader=role("s3:Get*"), Door=door)})
    assert done.code == 0, done.log
    comment = only(shop)
    assert "### Access change: 1 role added as administrator, 1 role opened to the outside\n" in comment
    box = comment.partition("> [!CAUTION]")[2].partition("\n\n")[0]
    outside = "can be taken on **from outside the master account**, by `arn:aws:iam::999999999999:root`."
    assert f"> - `Door` of `dev` and `prod` {outside}" in box
    assert "RM409" in comment
    assert "no user of the map could switch into it" in comment


def test_trust_of_everybody_with_an_external_id_cannot_be_used(shop: Workshop) -> None:
    door = role("*")
    (trust,) = door["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    trust |= {"Principal": "*", "Condition": {"StringEquals": {"sts:ExternalId": "x"}}}
    done = ask(shop, more={"access/roles.yml": template(Admin=role("*"), Reader=role("s3:Get*"), Door=door)})
    assert (done.code, done.outputs["problems"]) == (1, "1"), done.log
    assert "`RM407` role `Door` trusts everybody in AWS" in only(shop)


def test_base_over_the_api_where_it_cannot_be_fetched(shop: Workshop) -> None:
    merge = shop.hosted.request(access(WANTED))
    fetched = reviewed(shop, merge)
    assert shop.github.asked("GET", "/git/trees/") == []
    asked = reviewed(shop, merge, credentials=False)
    of = [request.target.split("?")[0].rpartition("/")[2] for request in shop.github.asked("GET", "/git/trees/")]
    assert of == [merge.base, merge.head]  # and the head: commits that a merge by hand would bring count for the guards
    assert asked.code == 0, asked.log
    assert asked.summary == fetched.summary
    assert shop.github.asked("PATCH") == []


def test_base_in_the_checkout(shop: Workshop) -> None:
    done = reviewed(shop, shop.hosted.request(access(WANTED)), depth=2, credentials=False)
    assert "### Access change: 1 grant, 1 revocation" in only(shop)
    assert shop.github.asked("GET", "/git/") == []
    assert done.code == 0, done.log


def test_base_that_cannot_be_had(shop: Workshop) -> None:
    done = ask(shop, WANTED, credentials=False, token="")
    assert (done.code, done.outputs["result"]) == (2, "failed"), done.log
    assert "is not in the checkout and cannot be fetched" in done.said("error")
    assert "Check out with `fetch-depth: 2`, or give the action its `github-token`." in done.said("error")
    assert "what the request changes is not known" in done.summary
    assert shop.front.assumptions == []


def test_base_that_github_does_not_give_makes_no_stale_comment(shop: Workshop) -> None:
    ask(shop, WANTED)
    shop.github.tree_limit = 1
    done = ask(shop, WANTED + "  Reader: [carol]\n", action="synchronize", credentials=False)
    assert done.code == 3, done.log
    assert "it has more files than GitHub lists" in done.said("error")
    assert "what the request changes is not known" in only(shop)
    assert "`dave`" not in only(shop)


@pytest.mark.parametrize("depth", [0, 1])
def test_checkout_of_the_branch_itself(shop: Workshop, depth: int) -> None:
    merge = shop.hosted.request(access(WANTED))
    done = reviewed(shop, merge, at=merge.head, depth=depth)
    assert done.code == 0, done.log
    assert "### Access change: 1 grant, 1 revocation" in only(shop)
    assert f"<code>{merge.head[:7]}</code> on <code>{merge.base[:7]}</code>" in only(shop)


def test_checkout_of_a_branch_that_main_has_left_behind(shop: Workshop) -> None:
    merge = shop.hosted.request(access(WANTED))
    shop.hosted.push(access(USERS + "  Reader: [carol]\n"))
    payload = payloads.minimal_pull_request("synchronize", head_sha=merge.head, base_sha=shop.hosted.tip)
    shop.opened(merge)
    done = shop.run(shop.on_pull_request(payload, merge, at=merge.head, depth=0))
    assert done.code == 0, done.log
    assert "### Access change: 1 grant, 1 revocation" in only(shop)


def test_whole_history(shop: Workshop) -> None:
    shop.hosted.push({"README.md": "One more."})
    done = reviewed(shop, shop.hosted.request(access(WANTED)), depth=0, credentials=False)
    assert done.code == 0, done.log
    assert "### Access change: 1 grant, 1 revocation" in only(shop)


def test_first_request_has_everything_to_ask_for(shop: Workshop) -> None:
    shop.hosted.push({path: None for path in access()})
    done = ask(shop, USERS)
    assert done.code == 0, done.log
    assert "**everything** counts as asked for" in only(shop)
    assert "already so in AWS" in only(shop)
    assert json.loads(ROLES)["Resources"].keys() == {"Admin", "Reader"}


def test_an_old_run_that_is_started_again_leaves_the_comment_of_the_newer_one(shop: Workshop) -> None:
    """Or a harmless first commit would stand in the place of what is merged."""
    first = shop.hosted.request(access(WANTED))
    old = shop.opened(first)
    shop.run(old)
    second = shop.hosted.request(access(USERS.replace("Admin: [carol]", "Admin: [carol, dave]")))
    shop.run(shop.opened(second, "synchronize"))
    told = only(shop)
    assert "`dave` becomes **administrator**" in told

    again = shop.run(old)
    assert (again.code, again.outputs["result"]) == (0, "stale"), again.log
    assert f"#7 is at {second.head[:7]} by now, and this run is about {first.head[:7]}" in again.said("notice")
    assert only(shop) == told


def test_an_old_run_about_bad_files_is_stale_and_no_failure(shop: Workshop) -> None:
    old = shop.opened(shop.hosted.request(access("prod: [")))
    assert shop.run(old).code == 1
    shop.run(shop.opened(shop.hosted.request(access(WANTED)), "synchronize"))
    told = only(shop)
    again = shop.run(old)
    assert (again.code, again.outputs["result"]) == (0, "stale"), again.log
    assert only(shop) == told


def test_a_request_of_which_github_does_not_tell_gets_no_comment(shop: Workshop) -> None:
    merge = shop.hosted.request(access(WANTED))
    shop.run(shop.opened(merge))
    told = only(shop)
    shop.github.fail("GET", r"/pulls/7$", server_error(500), last_stays=True)
    again = shop.run(shop.opened(merge, "synchronize"))
    assert (again.code, again.outputs["result"]) == (0, "planned"), again.log
    assert "Whether the request has moved on is not known" in again.said("notice")
    assert only(shop) == told


def test_accounts_that_change_their_ids_are_no_drift(shop: Workshop) -> None:
    config = CONFIG.replace(PROD, "X").replace(DEV, PROD).replace("X", DEV)
    done = shop.run(shop.opened(shop.hosted.request(access(config=config))))
    assert done.code == 0, done.log
    assert (done.outputs["drift"], done.outputs["changes"]) == ("0", "8")
    assert "Drift" not in only(shop)
    assert "<b>In the group already</b>: 6 members of groups" in only(shop)
    assert "> - `carol` becomes **administrator** of `prod` by the merge (`Admin`: in its group already, " in only(shop)


def test_protection_is_not_taken_out_by_the_change_that_needs_it_out(shop: Workshop) -> None:
    protected = CONFIG + "protected:\n  - {user: carol, account: prod}\n"
    shop.run(shop.pushed(*shop.hosted.push(access(config=protected))))
    merge = shop.hosted.request(access(USERS.replace("Admin: [carol]", "Admin: [dave]")))
    ask_done = shop.run(shop.opened(merge))
    assert ask_done.code == 0, ask_done.log
    assert "**The merge would be refused.** `protected`" in only(shop)
    refused = shop.run(shop.merged(merge))
    assert (refused.code, refused.outputs["result"]) == (4, "refused"), refused.log
    assert shop.members()["RM.prod.Admin"] == {"carol"}


def test_dating_back_is_revoking(shop: Workshop) -> None:
    over = "{{user: {}, expires: 2020-01-01}}".format
    users = f"prod:\n  Admin: [carol]\n  Reader: [{over('alice')}, {over('bob')}]\n"
    users += f"dev:\n  Admin: [{over('alice')}, {over('bob')}, {over('carol')}]\n"
    shop.run(shop.opened(shop.hosted.request(access(users))))
    assert "**The merge would be refused.** `last-administrator`" in only(shop)


def test_a_name_that_is_taken_back_needs_the_label(shop: Workshop) -> None:
    admin = role("*")
    admin["Properties"]["RoleName"] = "Admin"
    reader = role("s3:Get*")
    shop.hosted.push(access(roles=template(Admin=admin, Reader=reader)))
    files = access(USERS.replace("Admin:", "Boss:"), template(Boss=admin, Reader=reader))
    done = reviewed(shop, shop.hosted.request(files))
    assert (done.code, done.outputs["result"]) == (1, "problems")
    assert "label the pull request `allow: taken-names`" in done.shown
    merge = shop.hosted.request({"README.md": "again"})
    labels = ("allow: taken-names",)
    payload = payloads.minimal_pull_request(head_sha=merge.head, base_sha=merge.base, labels=labels)
    shop.opened(merge)
    done = shop.run(shop.on_pull_request(payload, merge))
    assert (done.code, done.outputs["result"]) == (0, "planned"), done.log
