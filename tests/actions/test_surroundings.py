"""An environment in which something is missing or cannot be written: survived where it may be, else said clearly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .jobs import Done
from .workshop import MEMBERS, USERS, Job, Workshop, access, in_process

pytest_plugins = ["actions.resting"]

WANTED = USERS.replace("Reader: [alice, bob]", "Reader: [alice, dave]")
KINDS = ("review", "rollout", "repair", "by hand")


def job(shop: Workshop, kind: str, **more: Any) -> Job:
    """A job of each kind that does all that it can."""
    match kind:
        case "review":
            return shop.opened(shop.hosted.request(access(WANTED)), **more)
        case "rollout":
            return shop.merged(shop.hosted.request(access(WANTED)), **more)
    shop.put({"RM.prod.Admin": {"carol", "bob"}})
    shop.forget()
    inputs = {"inputs": {"repair": "everything"}} | more
    return shop.nightly(**inputs) if kind == "repair" else shop.by_hand(**inputs)


def without(shop: Workshop, kind: str, *names: str) -> Done:
    """The run of a job whose environment lacks variables; it ends with a sentence, not a traceback."""
    done = shop.run(job(shop, kind, environment=dict.fromkeys(names)))
    assert done.code in (0, 2, 3), done.log
    assert "Traceback" not in done.log
    assert shop.github.violations == []
    return done


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["RUN_ID", "SERVER_URL", "STEP_SUMMARY", "OUTPUT", "WORKSPACE", "SHA"])
def test_what_is_survived(shop: Workshop, kind: str, name: str) -> None:
    done = without(shop, kind, f"GITHUB_{name}")
    assert done.code == 0, done.log
    assert done.annotations("error") == []
    assert (shop.members() == MEMBERS) is (kind != "rollout")
    if kind in ("review", "rollout"):
        (comment,) = shop.comments()
        assert "/actions/runs/" not in comment if name in ("RUN_ID", "SERVER_URL") else "/actions/runs/4711" in comment
    assert (done.summary == "") is (name == "STEP_SUMMARY")
    assert (done.outputs == {}) is (name == "OUTPUT")


@pytest.mark.parametrize("kind", KINDS)
def test_no_event_at_all(shop: Workshop, kind: str) -> None:
    done = without(shop, kind, "GITHUB_EVENT_NAME")
    assert done.code == 2
    assert "GITHUB_EVENT_NAME is not set: `ci` is what the container runs in GitHub Actions" in done.said("error")
    assert "Error: GITHUB_EVENT_NAME is not set" in done.shown
    assert shop.front.assumptions == []


@pytest.mark.parametrize("kind", ["review", "rollout"])
def test_no_payload(shop: Workshop, kind: str) -> None:
    done = without(shop, kind, "GITHUB_EVENT_PATH")
    assert done.code == 2
    assert done.said("error").startswith("what happened is not known: GITHUB_EVENT_PATH is not set")
    assert shop.front.assumptions == []


def test_no_payload_by_night(shop: Workshop) -> None:
    done = without(shop, "repair", "GITHUB_EVENT_PATH")
    assert (done.code, done.outputs["result"]) == (0, "applied"), done.log
    assert shop.members() == MEMBERS


def test_no_payload_by_hand(shop: Workshop) -> None:
    done = without(shop, "by hand", "GITHUB_EVENT_PATH")
    assert done.code == 0, done.log
    assert "default branch" in done.said("notice")
    assert shop.aws.writes() == {}


@pytest.mark.parametrize("content", ["", "[]", "null", "{", '"x"', "[" * 100_000])
def test_payload_that_is_none(shop: Workshop, tmp_path: Path, content: str) -> None:
    path = tmp_path / "odd.json"
    path.write_text(content, encoding="utf-8")
    done = shop.run(job(shop, "rollout", environment={"GITHUB_EVENT_PATH": str(path)}))
    assert (done.code, "Traceback" in done.log) == (2, False), done.log
    assert done.said("error").startswith("what happened is not known: ")
    assert shop.members() == MEMBERS


@pytest.mark.parametrize(
    "payload", [{}, {"action": "opened"}, {"action": "opened", "pull_request": None, "number": {}}]
)
@pytest.mark.parametrize("event", ["pull_request", "push", "merge_group", "schedule", "workflow_dispatch"])
def test_payload_without_what_belongs_into_it(shop: Workshop, event: str, payload: dict[str, Any]) -> None:
    done = shop.run(Job(event, payload, shop.hosted.tip, "refs/heads/main", oidc=False))
    assert done.code in (0, 2, 3), done.log
    assert "Traceback" not in done.log
    assert done.outputs["result"] in ("nothing", "valid", "failed")
    assert shop.github.asked("POST") == []


@pytest.mark.parametrize("kind", ["rollout", "by hand"])
def test_no_ref_where_the_payload_has_it(shop: Workshop, kind: str) -> None:
    done = without(shop, kind, "GITHUB_REF")
    assert (done.code, done.outputs["result"]) == (0, "applied"), done.log


def test_no_ref_by_night(shop: Workshop) -> None:
    done = without(shop, "repair", "GITHUB_REF")
    assert shop.aws.writes() == {}
    assert done.code == 2, done.log
    assert "GITHUB_REF" in done.said("error")


def test_no_ref_of_a_pull_request_changes_nothing(shop: Workshop) -> None:
    assert without(shop, "review", "GITHUB_REF").outputs["result"] == "planned"


@pytest.mark.parametrize("name", ["GITHUB_REPOSITORY", "GITHUB_API_URL"])
@pytest.mark.parametrize("kind", KINDS)
def test_nobody_knows_where_github_is(shop: Workshop, kind: str, name: str) -> None:
    done = without(shop, kind, name)
    assert shop.github.requests == []
    if kind == "review":
        assert (done.code, done.outputs["result"]) == (0, "planned"), done.log
        assert f"{name} is not set" in done.said("notice")
    else:
        assert (done.code, done.outputs["result"]) == (2, "failed"), done.log
        assert f"{name} is not set" in done.said("error")
        assert shop.aws.writes() == {}


@pytest.mark.parametrize("name", ["ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"])
@pytest.mark.parametrize("kind", KINDS)
def test_no_oidc(shop: Workshop, kind: str, name: str) -> None:
    done = without(shop, kind, name)
    assert shop.front.assumptions == []
    assert shop.issuer.audiences == []
    assert done.code == (0 if kind == "review" else 3), done.log
    said = done.said("notice") if kind == "review" else done.said("error")
    assert "the job may not ask for an OIDC token. Give it the permission `id-token: write`." in said


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GITHUB_REPOSITORY", "acme/../other"), ("GITHUB_SHA", "main"), ("GITHUB_RUN_ID", "1; rm"),
        ("GITHUB_API_URL", "http://api.github.com"), ("GITHUB_API_URL", "https://x@evil.example"),
        ("GITHUB_SERVER_URL", "javascript:alert(1)"), ("ACTIONS_ID_TOKEN_REQUEST_URL", "http://evil.example/token"),
    ],
)  # fmt: skip
def test_values_that_make_no_sense(shop: Workshop, name: str, value: str) -> None:
    done = shop.run(job(shop, "rollout", environment={name: value}))
    assert (done.code, "Traceback" in done.log) == (2, False), done.log
    assert name in done.said("error")
    assert "Leave it as the runner sets it." in done.said("error")
    assert shop.members() == MEMBERS


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("repair", "all", "Write one of `nothing`, `ended`, `everything`"),
        ("allow", "everything", "the input `allow` does not know `everything`"),
        ("allow", "quota", "the input `allow` names `quota`, and no run can override the quotas of AWS"),
        ("network", "any", "Write one of `direct`, `environment`"),
        ("jobs", "0", "Write a number from 1 to 64."),
        ("jobs", "many", "the input `jobs` is `many`"),
    ],
)
def test_inputs_that_make_no_sense(shop: Workshop, name: str, value: str, said: str) -> None:
    done = shop.run(job(shop, "rollout", inputs={name: value}))
    assert (done.code, said in done.said("error")) == (2, True), done.log
    assert shop.members() == MEMBERS


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("name", "said"), [("STEP_SUMMARY", "the job summary"), ("OUTPUT", "the outputs")])
def test_files_that_cannot_be_written(shop: Workshop, tmp_path: Path, kind: str, name: str, said: str) -> None:
    done = shop.run(job(shop, kind, environment={f"GITHUB_{name}": str(tmp_path)}))
    assert done.code == 0, done.log
    (notice,) = done.annotations("notice")
    assert (notice.properties["title"], notice.message.startswith(f"{said}: ")) == ("Not written", True)
    assert (done.summary == "", done.outputs == {}) == (name == "STEP_SUMMARY", name == "OUTPUT")
    assert len(shop.comments()) == (kind in ("review", "rollout"))


def test_directory_in_the_way_of_the_plan(shop: Workshop) -> None:
    merge = shop.hosted.request(access(WANTED) | {"rolemodel-ci-plan.json/x": "x"})
    done = shop.run(shop.opened(merge))
    assert done.code == 0, done.log
    assert done.said("notice").startswith("the plan: ")
    assert "plan-json" not in done.outputs
    assert "### Access change: 1 grant, 1 revocation" in done.summary
    assert len(shop.comments()) == 1


def test_file_in_the_way_of_the_plan_goes(shop: Workshop) -> None:
    merge = shop.hosted.request(access(WANTED) | {"rolemodel-ci-plan.json": "{}"})
    done = shop.run(shop.opened(merge))
    assert (done.code, done.plan["format"]) == (0, "rolemodel-ci/plan"), done.log


def test_config_elsewhere(shop: Workshop) -> None:
    shop.hosted.push({f"who/{path}": text for path, text in access().items()} | dict.fromkeys(access()))
    moved = {"who/access/users.yml": WANTED}
    missing = shop.run(shop.opened(shop.hosted.request(moved)))
    assert missing.code == 1, missing.log
    assert "access/config.yml" in missing.said("error")
    shop.forget_state()  # what is on record is of the config where it was
    inputs = {"config": "who/access/config.yml"}
    done = shop.run(shop.opened(shop.hosted.request(moved), inputs=inputs))
    assert (done.code, done.outputs["grants"]) == (0, "1"), done.log
    assert "/who/access/users.yml#L3" in shop.comments()[0]
    variable = {"ROLEMODEL_CONFIG": "who/access/config.yml"}
    done = shop.run(shop.opened(shop.hosted.request(moved), environment=variable, inputs={"config": ""}))
    assert (done.code, done.outputs["grants"]) == (0, "1"), done.log


def test_config_of_the_command_line_gives_way_to_the_input(shop: Workshop) -> None:
    shop.runs = lambda workspace, environment: in_process(workspace, environment, "--config", "elsewhere.yml")
    by_input = shop.run(shop.nightly())
    assert (by_input.code, by_input.outputs["result"]) == (0, "no-drift"), by_input.log
    by_option = shop.run(shop.nightly(inputs={"config": ""}))
    assert by_option.code == 1, by_option.log
    assert "elsewhere.yml" in by_option.said("error")


@pytest.mark.parametrize("config", ["../outside.yml", "/etc/passwd", "access", "no/such.yml", "a\0b"])
def test_config_that_is_none(shop: Workshop, config: str) -> None:
    if "\0" in config:
        config = config.replace("\0", "%00")  # an environment cannot hold the character itself
    done = shop.run(shop.nightly(inputs={"config": config}))
    assert (done.code, done.outputs["result"]) == (1, "problems"), done.log
    assert "Traceback" not in done.log


def test_workspace_without_a_checkout(shop: Workshop, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for kind in KINDS:
        done = shop.run(job(shop, kind, environment={"GITHUB_WORKSPACE": str(tmp_path / "empty")}))
        assert (done.code, "Traceback" in done.log) == (2, False), done.log
        assert "actions/checkout" in done.said("error")
        shop.put(MEMBERS)
