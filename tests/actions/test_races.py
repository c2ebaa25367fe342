"""Several merges at once: runs in any order, in one push and in several, refused, labelled, killed, started again."""

from __future__ import annotations

from random import Random

import pytest
from seeds import seeds

from .fake_faults import server_error
from .fake_github import TOKEN, Bearer, Run
from .fake_hosted import BOT
from .hosting import git
from .lab import GUARDS, Killer, Lab, State, drawn_change, refusing
from .workshop import Workshop

pytest_plugins = ["actions.resting"]

SEEDS = seeds(12)
BASE = State()
REVOKED = State(members=BASE.members - {("prod", "alice")})
UNPROTECTED = State(members=BASE.members - {("prod", "bob")}, protected=BASE.protected - {("prod", "bob")})


def readme(state: State) -> State:
    """The same with another README."""
    return State(state.members, state.protected, state.most, state.readme + 1)


@pytest.mark.seeded
@pytest.mark.parametrize("seed", SEEDS)
def test_drawn_races(shop: Workshop, seed: int) -> None:
    """Of 2, 3 or 5 merges, in pushes and an order that are drawn."""
    random = Random(seed)
    lab = Lab.open(shop)
    size, index = random.choice((2, 3, 5)), 0
    while index < size:
        before = shop.hosted.tip
        for _ in range(random.randint(1, size - index)):
            labels = [guard for guard in GUARDS if random.random() < 0.3]
            pushed = random.random() < 0.15
            lab.merge(drawn_change(random, lab.tip, index), *([] if pushed else labels), pushed=pushed)
            index += 1
        lab.push(before)
        if random.random() < 0.4:
            lab.run(lab.queue.pop(random.randrange(len(lab.queue))))
    random.shuffle(lab.queue)
    newest = max(lab.queue, key=lambda job: job.run, default=None)
    for job in lab.queue:
        lab.run(job)
    if newest is not None and lab.model.applied < size:
        for merged in lab.model.merges[lab.model.applied :]:
            if not merged.pushed:
                lab.label(merged, *GUARDS)
        lab.run(lab.again(newest))
    lab.check_end()


# ---- the cases by name


def test_what_was_refused_stays_refused_behind_a_readme(shop: Workshop) -> None:
    lab = Lab.open(shop)
    first = shop.hosted.tip
    bad = lab.merge(UNPROTECTED)
    one = lab.push(first)
    lab.merge(readme(UNPROTECTED))
    two = lab.push(bad.commit)
    assert lab.run(one).outputs["result"] == "stale"
    assert "not applied by this run" in lab.outcomes(bad)[0]
    done = lab.run(two)
    assert done.code == 4
    assert lab.outcomes(bad) == ["refused by a guard, nothing was changed"]
    assert {one["guard"] for one in done.record["refusals"]} == {"protected"}
    for repair in ("ended", "everything"):
        night = shop.run(shop.nightly(inputs={"repair": repair}))
        assert night.code == (6 if repair == "ended" else 4), night.log
        assert lab.reading() == BASE.members
    assert "**Merged, and not applied:** `#101`" in shop.run(shop.nightly()).summary.replace("\\", "")
    lab.label(bad, "protected")
    assert lab.run(lab.again(two)).code == 0
    lab.check_end()


def test_a_label_of_one_merge_lets_no_other_through(shop: Workshop) -> None:
    lab = Lab.open(shop)
    first = shop.hosted.tip
    one = lab.merge(UNPROTECTED)
    gone = {("dev", "carol")}
    lab.merge(State(UNPROTECTED.members - gone, UNPROTECTED.protected - gone), "protected")
    job = lab.push(first)
    assert lab.run(job).code == 4
    lab.label(one, "protected")
    assert lab.run(lab.again(job)).code == 0
    lab.check_end()


def test_a_raised_limit_counts_from_the_next_run_on(shop: Workshop) -> None:
    lab = Lab.open(shop)
    first = shop.hosted.tip
    lab.merge(State(most=50))
    many = frozenset({("dev", user) for user in ("alice", "bob", "dave")})
    lab.merge(State(BASE.members - many, most=50))
    job = lab.push(first)
    assert lab.run(job).code == 4
    assert lab.run(lab.again(job)).code == 4


@pytest.mark.parametrize("case", ["none", "gone", "rewritten"])
def test_an_unknown_past_is_strict_and_says_so(shop: Workshop, case: str) -> None:
    lab = Lab.open(shop, remember=case != "none")
    first = shop.hosted.tip
    lab.merge(UNPROTECTED)
    if case == "none":
        one = lab.push(first)
        refused = shop.run(one)
        assert (refused.code, refused.outputs["result"]) == (4, "refused"), refused.log
        assert {one["guard"] for one in refused.record["refusals"]} == {"protected"}
    elif case == "gone":
        shop.remember(first, called="0123456789abcdef0123456789abcdef01234567")
    else:
        shop.hosted.rewrite(UNPROTECTED.files())
    tip = shop.hosted.tip
    shop.hosted.push(readme(UNPROTECTED).files())
    done = shop.run(shop.pushed(tip, shop.hosted.tip, run=9500))
    assert (done.code, done.outputs["result"]) == (4, "refused"), done.log
    assert [one["guard"] for one in done.record["refusals"]] == ["unknown-state"]
    assert done.record["unproven"]
    assert "Guards are strict in this run" in done.said("notice")
    assert lab.reading() == BASE.members
    night = shop.run(shop.nightly(inputs={"repair": "ended"}))
    assert (night.code, lab.reading()) == (6, BASE.members), night.log
    assert "What was last applied is not known" in night.summary
    allowed = shop.run(shop.by_hand(inputs={"repair": "everything", "allow": "unknown-state"}))
    assert (allowed.code, lab.reading()) == (0, UNPROTECTED.members), allowed.log
    assert shop.remembered is not None
    assert shop.remembered.applied_commit == shop.hosted.tip


def test_state_of_another_repository_ends_the_run(shop: Workshop) -> None:
    lab = Lab.open(shop)
    shop.remember(repository="acme/other")
    first = shop.hosted.tip
    lab.merge(REVOKED)
    done = shop.run(lab.push(first))
    assert (done.code, done.outputs["result"]) == (4, "failed"), done.log
    assert "acme/other" in done.said("error")
    assert lab.reading() == BASE.members


def test_first_run_that_finds_nothing_to_do_remembers(shop: Workshop) -> None:
    lab = Lab.open(shop, remember=False)
    done = shop.run(shop.pushed(*shop.hosted.push(readme(BASE).files()), run=9500))
    assert (done.code, shop.remembered and shop.remembered.applied_commit) == (0, shop.hosted.tip), done.log
    shop.forget()
    again = shop.run(shop.pushed(*shop.hosted.push(readme(readme(BASE)).files()), run=9501))
    assert (again.code, shop.aws.writes()) == (0, {}), again.log
    assert lab.reading() == BASE.members


@pytest.mark.parametrize(
    ("runs", "code", "said"),
    [
        ("going", 0, "The run of"),
        ("failed", 5, "ended without applying it (cancelled)"),
        ("skipped", 5, "ended without applying it (success)"),
        ("none", 5, "no run of this workflow is about"),
        ("denied", 5, "`actions: read`"),
    ],
)
def test_a_stale_run_is_green_only_where_another_applies(
    shop: Workshop, pauses: list[float], runs: str, code: int, said: str
) -> None:
    lab = Lab.open(shop)
    first = shop.hosted.tip
    lab.merge(REVOKED)
    job = lab.push(first)
    _, newer = shop.hosted.push(readme(REVOKED).files())
    shop.github.branches["main"] = newer
    ends = {"failed": "cancelled", "skipped": "success"}
    if runs == "going" or runs in ends:
        newest = lab.push(job.sha)
        shop.github.run(Run(newest.run, newest.sha, ends.get(runs)))
    if runs == "denied":
        shop.github.tokens[TOKEN] = Bearer(BOT, "write", actions=False)
    done = shop.run(job)
    assert done.code == code, done.log
    assert said in done.said("error") + done.said("notice")
    assert lab.reading() == BASE.members
    assert sum(pauses) == (15 if runs in ("none", "failed", "skipped") else 0)


def test_an_old_job_started_again_is_green_once_the_tip_was_applied(shop: Workshop) -> None:
    lab = Lab.open(shop)
    first = shop.hosted.tip
    lab.merge(REVOKED)
    job = lab.push(first)
    lab.merge(State(REVOKED.members | {("prod", "dave")}))
    newest = lab.push(job.sha)
    assert lab.run(newest).code == 0
    shop.github.run(Run(newest.run, newest.sha, "success"))
    assert lab.run(job).outputs["result"] == "stale"


def test_a_merge_with_other_parents_hides_nothing_that_was_decided(shop: Workshop) -> None:
    lab = Lab.open(shop)
    first = shop.hosted.tip
    entry = ("dev", "alice")
    decided = lab.merge(State(BASE.members, BASE.protected | {entry}))
    taken = State(BASE.members - {entry}, BASE.protected)
    _, commit = shop.hosted.push(taken.files())
    origin, parents = shop.hosted.origin, ("-p", first, "-p", decided.commit)
    past = git(origin, "commit-tree", *parents, "-m", "Merge", f"{commit}^{{tree}}")
    git(origin, "update-ref", "refs/heads/main", past)
    shop.github.branches["main"] = past
    done = shop.run(shop.pushed(decided.commit, past, run=9500))
    assert (done.code, done.outputs["result"]) == (4, "refused"), done.log
    assert [one["guard"] for one in done.record["refusals"]] == ["protected"]
    assert lab.reading() == BASE.members


def test_an_older_tip_is_asked_again(shop: Workshop, pauses: list[float]) -> None:
    lab = Lab.open(shop)
    first = shop.hosted.tip
    lab.merge(REVOKED)
    job = lab.push(first)
    shop.github.branches["main"] = first
    done = shop.run(job)
    assert (done.code, done.outputs["result"]) == (5, "failed"), done.log
    assert "which is older than" in done.said("error")
    assert sum(pauses) == 15
    shop.github.fail("GET", r"/branches/main", server_error(502), server_error(502))
    shop.github.branches["main"] = job.sha
    assert lab.run(lab.again(job)).code == 0


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", [1, 2, 3, 4, 5])
def test_a_killed_run_is_completed_and_told_once(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch, at: int, after: bool
) -> None:
    lab = Lab.open(shop)
    first = shop.hosted.tip
    one = lab.merge(REVOKED)
    lab.merge(State(REVOKED.members | {("prod", "dave")}))
    job = lab.push(first)
    killer = Killer(shop, at, after)
    with killer.armed(monkeypatch):
        shop.run(job)
    assert killer.hit, killer.seen
    assert lab.reading() <= BASE.members | {("prod", "dave")}
    lab.model.live = lab.reading()
    done = lab.run(lab.again(job))
    assert done.code == 0, done.log
    assert len(lab.outcomes(one)) == 1
    lab.check_end()


# ---- what is told, and where AWS does not let the state be read or written


def test_each_merge_of_a_push_is_told_of_its_own(shop: Workshop) -> None:
    lab = Lab.open(shop)
    first = shop.hosted.tip
    one = lab.merge(REVOKED)
    two = lab.merge(State(REVOKED.members | {("prod", "dave")}))
    three = lab.merge(State(REVOKED.members | {("prod", "dave"), ("prod", "carol")}), pushed=True)
    lab.merge(readme(three.after))
    done = lab.run(lab.push(first))
    told = [shop.github.comments(merged.number)[0].body for merged in (one, two)]
    assert "**lost** | `alice` | `prod` | `Reader`" in told[0]
    assert "dave" not in told[0]
    assert "**gained** | `dave` | `prod` | `Reader`" in told[1]
    assert "alice" not in told[1]
    for body in told:
        assert "Merged by `frank`. Approved by `erin`." in body
        assert "This run was also about" in body
    (pushed,) = shop.github.commit_comments(three.commit)
    assert "**No pull request.**" in pushed.body
    assert "`carol`" in pushed.body
    assert "**No pull request.**" in done.summary
    assert "dave" in done.summary
    lab.check_end()


def test_what_a_later_merge_takes_back_is_told_as_such(shop: Workshop) -> None:
    lab = Lab.open(shop)
    first = shop.hosted.tip
    one = lab.merge(State(BASE.members | {("prod", "dave")}))
    lab.merge(State(BASE.members | {("prod", "carol")}))
    lab.run(lab.push(first))
    (comment,) = shop.github.comments(one.number)
    assert "not gained | `dave` | `prod` | `Reader` | a later merge takes it back |" in comment.body


def test_a_request_is_told_what_its_merge_would_meet(shop: Workshop) -> None:
    lab = Lab.open(shop)
    first = shop.hosted.tip
    bad = lab.merge(UNPROTECTED)
    assert lab.run(lab.push(first)).code == 4
    merge = shop.hosted.request(State(UNPROTECTED.members | {("prod", "dave")}).files(), "later", 7)
    done = shop.run(shop.opened(merge))
    assert done.code == 0, done.log
    assert "**The merge would be refused.** `protected`" in shop.comments()[0]
    lab.label(bad, "protected")
    assert shop.run(shop.opened(merge)).code == 0
    assert "would be refused" not in shop.comments()[0]
    assert "**A guard is overridden** by the label" in shop.comments()[0]


@pytest.mark.parametrize("action", ["GetParameter", "PutParameter"])
def test_a_role_without_the_right_ends_the_run_and_names_the_statement(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    lab = Lab.open(shop)
    first = shop.hosted.tip
    merged = lab.merge(REVOKED)
    job = lab.push(first)
    with refusing(shop, monkeypatch, action, "AccessDeniedException", times=99):
        done = shop.run(job)
    assert (done.code, done.outputs["result"]) == (3, "failed"), done.log
    assert f"ssm:{action}" in done.said("error")
    assert '"Effect": "Allow"' in done.said("error")
    assert lab.reading() == BASE.members
    assert "not applied" in lab.outcomes(merged)[0]
    assert lab.run(lab.again(job)).code == 0
    lab.check_end()


def test_a_throttled_write_is_tried_again(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = Lab.open(shop)
    first = shop.hosted.tip
    lab.merge(REVOKED)
    with refusing(shop, monkeypatch, "PutParameter", "ThrottlingException", times=2):
        assert lab.run(lab.push(first)).code == 0
    lab.check_end()


def test_what_was_applied_and_cannot_be_remembered_is_no_success(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = Lab.open(shop)
    first = shop.hosted.tip
    merged = lab.merge(REVOKED)
    job = lab.push(first)
    with refusing(shop, monkeypatch, "PutParameter", "AccessDeniedException", times=99, after=1):
        done = shop.run(job)
    assert (done.code, done.outputs["result"]) == (5, "incomplete"), done.log
    assert "cannot be remembered" in done.said("error")
    assert lab.reading() == REVOKED.members
    assert lab.outcomes(merged) == ["applied, 1 revocation"]
    lab.model.live = REVOKED.members
    assert lab.run(lab.again(job)).code == 0
    lab.check_end()


def test_the_next_push_takes_over_from_a_run_that_was_killed(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = Lab.open(shop)
    first = shop.hosted.tip
    one = lab.merge(REVOKED)
    lab.merge(State(REVOKED.members | {("prod", "dave")}))
    job = lab.push(first)
    killer = Killer(shop, 3, after=False)
    with killer.armed(monkeypatch):
        shop.run(job)
    monkeypatch.setattr(
        "rolemodel_ci.github_action.applied_state.is_over", lambda _: False
    )  # it was on another machine
    lab.merge(readme(lab.tip))
    later = lab.push(job.sha)
    lab.model.live = lab.reading()
    assert lab.run(later).code == 0
    assert lab.outcomes(one) == ["applied, 1 revocation"]
    lab.check_end()


def test_the_history_over_the_api(shop: Workshop) -> None:
    lab = Lab.open(shop)
    first = shop.hosted.tip
    for state in (REVOKED, readme(REVOKED), State(REVOKED.members | {("prod", "dave")})):
        lab.merge(state)
    assert lab.run(lab.push(first, credentials=False)).code == 0
    assert shop.github.asked("GET", "/compare/")
    lab.check_end()
