"""One comment of each kind, made from small policies and an AWS in memory: what the golden files show."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from builders import TODAY, policy
from fakes import FakeCloud
from shown import found_problems

from rolemodel_ci.access_request.request import request
from rolemodel_ci.model.desired import Policy
from rolemodel_ci.model.problem import Place, Problem, Severity
from rolemodel_ci.reconcile.attribution import attribute
from rolemodel_ci.reconcile.guards.quota_headroom import headroom
from rolemodel_ci.reconcile.inventory import switch_links
from rolemodel_ci.reconcile.outcome import Report
from rolemodel_ci.reconcile.pipeline import EVERYTHING, reviewed_plan
from rolemodel_ci.render.comment import (
    Author,
    Facts,
    Judged,
    as_comment,
    as_summary,
    drift_found,
    left_to_another,
    outcome,
    problems_found,
    refused_by_guard,
    requested_change,
)
from rolemodel_ci.render.comment.truncate import Part

WEB = "https://github.com/acme/access"
RUN = f"{WEB}/actions/runs/7"
FACTS = Facts("1.0.0", WEB, "abc1234" + "0" * 33, "def5678" + "0" * 33, RUN, "rolemodel-plan.json")
WHEN = datetime(2026, 11, 23, 18, 4, tzinfo=UTC)
FORK = "the pull request comes from a fork, which gets neither OIDC nor a token that writes"
USERS = "alice bob carol@example.com dave erin eve frank grace"

READ = ("s3:GetObject", "s3:ListBucket")


def allowing(*actions: str, denied: Sequence[str] = (), on: Any = "*", **also: Any) -> dict[str, Any]:
    """Properties of a role whose one policy allows these actions, and denies some on everything."""
    statements = [{"Effect": "Allow", "Action": [*actions], "Resource": on}]
    if denied:
        statements.append({"Effect": "Deny", "Action": [*denied], "Resource": "*"})
    return {"Policies": [{"PolicyName": "Main", "PolicyDocument": {"Statement": statements}}], **also}


ROLES: Mapping[str, Mapping[str, object]] = {
    "AdminRole": allowing("*"),
    "ReadOnlyRole": allowing(*READ, denied=["s3:DeleteObject"]),
}
FOUR = ("prod", "dev", "test", "cdn")
BEFORE = "prod: {AdminRole: [alice, bob], ReadOnlyRole: [dave, erin]}\ndev: {ReadOnlyRole: [erin]}\n"


def access(users: str | None = BEFORE, roles: Any = ROLES, accounts: Sequence[str] = FOUR, config: str = "") -> Policy:
    """A policy with the roles of these cases."""
    return policy(users, roles=roles, accounts=accounts, config=config)


def cloud_of(base: Policy) -> FakeCloud:
    """An AWS that is what the base says."""
    cloud = FakeCloud(USERS)
    assert cloud.run(base).is_complete
    return cloud


def parts_of(base: Policy | None, head: Policy, cloud: FakeCloud | str, **how: Any) -> list[Part]:
    """The parts of a summary. `cloud` is a sentence where AWS is not read. `how`: changed, author, warnings, facts."""
    asked = request(base, head, TODAY, how.get("changed", ()))
    judged: Judged | str
    if isinstance(cloud, str):
        judged = cloud
    else:
        planned = cloud.planned(head)
        plan = attribute(planned.plan, base, head, TODAY)
        reviewed = reviewed_plan(EVERYTHING, planned, head)
        refusals = reviewed if isinstance(reviewed, tuple) else ()
        judged = Judged(plan, refusals, headroom(plan, planned.live.master))
    author = how.get("author", Author("heidi"))
    return requested_change(asked, judged, how.get("facts", FACTS), author, how.get("warnings", ()))


def summary(base: Policy | None, head: Policy, cloud: FakeCloud | str | None = None, **how: Any) -> str:
    """The change summary; AWS is what the base says where no other is given."""
    if cloud is None:
        cloud = cloud_of(base or access("{}"))
    return as_comment(parts_of(base, head, cloud, **how), FACTS)


def planned() -> str:
    """An administrator comes, one goes, a grant for a while: small, without drift."""
    head = access(
        "prod:\n"
        "  AdminRole:\n"
        "    - alice\n"
        "    - {user: carol@example.com, expires: 2027-01-31, reason: 'on-call, OPS-1423'}\n"
        "  ReadOnlyRole: [dave, erin]\n"
        "dev: {ReadOnlyRole: [dave, erin]}\n"
    )
    return summary(access(), head)


def everything() -> str:
    """Every section that there is."""
    base = access(BEFORE + "test: {ReadOnlyRole: [frank, {user: grace, expires: 2026-11-22}]}", accounts=FOUR)
    roles = {
        "AdminRole": allowing("*", MaxSessionDuration="7200"),
        "ReadOnlyRole": allowing(*READ, "s3:PutObject"),
        "DeployRole": allowing("iam:PassRole", "ec2:RunInstances"),
    }
    head = access(
        "prod:\n"
        "  AdminRole: [alice, {user: carol@example.com, expires: 2027-01-31, reason: on-call}]\n"
        "  ReadOnlyRole: [{user: dave, expires: 2027-03-01}, erin]\n"
        "  DeployRole: [ghost]\n"
        "test: {ReadOnlyRole: [{user: grace, expires: 2026-11-22}]}\n",
        roles=roles,
        accounts=["prod", "dev", "test", "cdn absent"],
        config="guards: {revoke_percent: 10, revoke_floor: 1}",
    )
    cloud = cloud_of(base)
    cloud.groups["RM.prod.AdminRole"].members.add("eve")
    cloud.groups["RM.test.ReadOnlyRole"].members |= {"grace"}
    cloud.groups["RM.test.ReadOnlyRole"].attached.append("arn:aws:iam::aws:policy/AdministratorAccess")
    cloud.fail("DescribeStacks", "dev")
    changed = ("config.yml", "users.yml", "roles.yml", ".github/workflows/access.yml", ".github/CODEOWNERS")
    warning = Problem(
        Place("users.yml", 6, 24),
        "RM310",
        "the grant of `grace` ended on 2026-11-22",
        "Remove the line.",
        Severity.WARNING,
    )
    return summary(
        base, head, cloud, changed=changed, author=Author("carol-gh", ("carol@example.com",)), warnings=[warning]
    )


def without_aws() -> str:
    """A pull request from a fork."""
    return summary(access(), access(BEFORE.replace("bob]", "bob, frank]")), FORK)


def _problems() -> str:
    return as_comment(problems_found(found_problems(), FACTS), FACTS)


def told(report: Report, head: Policy, cloud: FakeCloud, base: Policy | None = None) -> str:
    """The comment on a merged pull request."""
    plan = attribute(report.plan, base or access(), head, TODAY)
    origins = {replace(change, origin=None): change.origin for change in plan.changes}
    outcomes = tuple(replace(o, change=replace(o.change, origin=origins[o.change])) for o in report.outcomes)
    links = switch_links(head, cloud.planned(head).live.stacks)
    dangers = request(head, head, TODAY).dangers
    parts = outcome(replace(report, plan=plan, outcomes=outcomes), links, dangers, FACTS, WHEN)
    return as_comment(parts, FACTS)


AFTER = (
    BEFORE.replace("alice, bob]", "alice, {user: carol@example.com, expires: 2027-01-31}]") + "cdn: {NewRole: [frank]}"
)


def applied() -> str:
    """Everything went well."""
    head = access(BEFORE.replace("alice, bob]", "alice, {user: carol@example.com, expires: 2027-01-31}]"))
    cloud = cloud_of(access())
    cloud.groups["RM.dev.ReadOnlyRole"].members.add("eve")
    return told(cloud.run(head), head, cloud)


def applied_with_failures() -> str:
    """One stack fails, and who was to get in there does not."""
    head = access(AFTER, roles={**ROLES, "NewRole": allowing("ec2:Describe*")})
    cloud = cloud_of(access())
    cloud.accounts["cdn"].endings = ["UPDATE_ROLLBACK_COMPLETE"]
    return told(cloud.run(head), head, cloud)


def nothing_to_apply() -> str:
    """A merge of what AWS has already."""
    cloud = cloud_of(access())
    return told(cloud.run(access()), access(), cloud)


def refused() -> str:
    """A guard stops the merge."""
    base, head = access(), access("{}")
    planned = cloud_of(base).planned(head)
    refusals = reviewed_plan(EVERYTHING, planned, head)
    assert isinstance(refusals, tuple)
    return as_comment(refused_by_guard(refusals, FACTS, WHEN), FACTS)


def refused_before_merge() -> str:
    """A plan that a guard would stop."""
    return summary(access(), access("{}"))


def stale() -> str:
    """The branch has moved on."""
    reason = (
        "`main` is at 1234567 by now, and this run is about abc1234.",
        "The run of 1234567 applies everything up to it.",
    )
    return as_comment(left_to_another(" ".join(reason), FACTS, WHEN), FACTS)


def nothing() -> str:
    """Only a reason changes."""
    return summary(access(), access(BEFORE.replace("erin]}\ndev", "{user: erin, reason: audit}]}\ndev")))


def _roles(**properties: Any) -> str:
    return summary(access(), access(roles={**ROLES, **properties}))


def role_widened() -> str:
    """A role can do more in four accounts."""
    return _roles(ReadOnlyRole=allowing(*READ, "s3:PutObject"))


def role_made_administrator() -> str:
    """A role that three people hold becomes as good as an administrator, by a managed policy."""
    managed = ["arn:aws:iam::aws:policy/IAMFullAccess"]
    return _roles(ReadOnlyRole=allowing(*READ, denied=["s3:DeleteObject"], ManagedPolicyArns=managed))


def role_narrowed() -> str:
    """A role can do less, and its sessions end sooner."""
    return _roles(ReadOnlyRole=allowing(READ[0], denied=["s3:DeleteObject"], MaxSessionDuration="1800"))


def role_added_and_removed() -> str:
    """One role for another."""
    head = access(
        BEFORE.replace("ReadOnlyRole", "LookRole"), roles={"AdminRole": allowing("*"), "LookRole": allowing(*READ)}
    )
    return summary(access(), head)


def trust_changed() -> str:
    """Somebody else's account may take on a role."""
    own = {"AWS": {"Fn::Sub": "arn:aws:iam::${AssumingAccountID}:root"}}
    trust = {
        "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": own},
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "arn:aws:iam::999999999999:root"}},
        ]
    }
    return _roles(AdminRole=allowing("*", AssumeRolePolicyDocument=trust))


def trusting(*principals: Any) -> dict[str, Any]:
    """A trust policy."""
    statements = [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": who} for who in principals]
    return {"Statement": statements}


def role_with_a_back_door() -> str:
    """A role comes that nobody is granted, and that another account may take on."""
    trust = trusting({"AWS": "arn:aws:iam::999999999999:root"}, {"Service": "ec2.amazonaws.com"})
    return _roles(AuditRole=allowing("*", AssumeRolePolicyDocument=trust))


def mfa_taken_away() -> str:
    """Administrators need no second factor any more."""
    own = {"Fn::Sub": "arn:aws:iam::${AssumingAccountID}:root"}
    trust = trusting({"AWS": own})
    trust["Statement"][0]["Condition"] = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    base = access(roles={**ROLES, "AdminRole": allowing("*", AssumeRolePolicyDocument=trust)})
    return summary(base, access())


def beside_the_roles() -> str:
    """A user with a key of its own comes with the stacks."""
    base = access()
    body = {
        name: {"Type": "AWS::IAM::Role", "Properties": role["Properties"]}
        for name, role in base.template.body["Resources"].items()
    }
    body["Backdoor"] = {"Type": "AWS::IAM::User", "Properties": {"UserName": "backdoor"}}
    text = json.dumps({"Parameters": {"AssumingAccountID": {"Type": "String"}}, "Resources": body})
    return summary(base, access(roles=text))


def account_added() -> str:
    """An account joins, with grants."""
    return summary(access(accounts=FOUR[:3]), access(BEFORE + "cdn: {AdminRole: [frank]}"))


def first_request() -> str:
    """Nothing was there: a role for a service, and something beside the roles."""
    ec2 = trusting({"AWS": {"Fn::Sub": "arn:aws:iam::${AssumingAccountID}:root"}, "Service": "ec2.amazonaws.com"})
    roles = {**ROLES, "DeployRole": allowing("iam:PassRole", AssumeRolePolicyDocument=ec2)}
    body = access(roles=roles, accounts=["prod"]).template.body["Resources"]
    body = {**body, "Hook": {"Type": "Custom::Hook", "Properties": {"ServiceToken": "arn:aws:lambda:x"}}}
    text = json.dumps({"Parameters": {"AssumingAccountID": {"Type": "String"}}, "Resources": body})
    return summary(None, access(roles=text, accounts=["prod", "dev"]), FORK)


def account_renamed() -> str:
    """An account goes, and another comes that is the same in AWS."""
    base, head = access("{}", accounts=["prod", "dev"]), access("{}", accounts=["prod", "test"])
    prod, test = head.accounts
    return summary(base, replace(head, accounts=(prod, replace(test, account_id="333333333333"))), FORK)


def account_removed() -> str:
    """An account goes, with what people had there."""
    head = access(BEFORE.partition("dev:")[0], accounts=["prod", "dev absent", "test", "cdn"])
    return summary(access(), head)


def longer_and_shorter() -> str:
    """Last days move."""
    base = access(
        "prod: {AdminRole: [{user: alice, expires: 2026-12-31}, bob], "
        "ReadOnlyRole: [{user: dave, expires: 2026-12-31}, {user: erin, expires: 2027-06-30}]}"
    )
    head = access(
        "prod: {AdminRole: [alice, {user: bob, expires: 2026-12-31}], "
        "ReadOnlyRole: [{user: dave, expires: 2027-12-31, reason: 'thesis'}, {user: erin, expires: 2026-12-01}]}"
    )
    return summary(base, head)


def files_changed() -> str:
    """Nothing but files that decide: config, a workflow, who has to approve, the roles of CI."""
    changed = ("bootstrap/account.yml", "config.yml", "README.md", ".github/workflows/access.yml", ".github/CODEOWNERS")
    return summary(access(), access(), changed=changed)


def settings_changed() -> str:
    """The config: what weakens something, and what does not."""
    base = access(config="protected: [{user: alice, account: prod}]\nguards: {revoke_percent: 25}")
    head = access(
        config="protected: [{role: AdminRole}]\nguards: {revoke_percent: 90}\nstack_deadline: 30\n"
        "github_oidc: {plan_role: look, apply_role: make}\ngroup_prefix: ''"
    )
    prod, dev, *others = head.accounts
    swapped = (replace(prod, account_id=dev.account_id), replace(dev, account_id=prod.account_id))
    renamed = tuple(replace(account, profile="sandbox") for account in others)
    return summary(base, replace(head, accounts=(*swapped, *renamed)), FORK, changed=("config.yml",))


def self_benefit() -> str:
    """Who asks is who gains."""
    head = access(BEFORE.replace("dev: {", "dev: {AdminRole: [frank], "))
    return summary(access(), head, author=Author("Frank", ("frank@example.com",)))


def map_given_up() -> str:
    """The config names no user map any more."""
    return summary(access(), access(None), changed=("config.yml",))


def no_base() -> str:
    """What was there before cannot be used."""
    return summary(None, access(), cloud_of(access()))


def drifted() -> FakeCloud:
    """An AWS in which somebody did things by hand."""
    cloud = cloud_of(access())
    cloud.groups["RM.prod.AdminRole"].members.add("eve")
    cloud.groups["RM.dev.ReadOnlyRole"].members.discard("erin")
    cloud.groups["RM.dev.ReadOnlyRole"].policies["Extra"] = {"Version": "2012-10-17", "Statement": []}
    return cloud


def drift_only() -> str:
    """The request touches a file that decides, and AWS differs."""
    return summary(access(), access(), drifted(), changed=(".github/CODEOWNERS",))


def nightly(cloud: FakeCloud, head: Policy, *, repair: bool) -> str:
    """The job summary of a scheduled run."""
    plan = attribute(cloud.plan(head), head, head, TODAY)
    report = cloud.run(head) if repair else None
    return as_summary(drift_found(plan, request(head, head, TODAY).dangers, FACTS, report), FACTS)


def drift_report() -> str:
    """A night in which something differs and a grant is over; nothing is put right."""
    head = access(BEFORE + "test: {ReadOnlyRole: [{user: grace, expires: 2026-11-22}]}")
    cloud = drifted()
    cloud.groups["RM.test.ReadOnlyRole"].members.add("grace")
    return nightly(cloud, head, repair=False)


def drift_repaired() -> str:
    """A night in which everything is put right."""
    return nightly(drifted(), access(), repair=True)


def no_drift() -> str:
    """A quiet night."""
    return nightly(cloud_of(access()), access(), repair=False)


def drift_unknown() -> str:
    """A night in which an account cannot be read."""
    cloud = drifted()
    cloud.fail("DescribeStacks", "prod")
    return nightly(cloud, access(), repair=False)


def many(number: int, accounts: int = 4) -> tuple[Policy, Policy]:
    """A base, and a head with that many grants more; one in fifty is an administrator's."""
    names = [f"account-{n:03}" for n in range(accounts)]
    grants: dict[str, dict[str, list[str]]] = {name: {"AdminRole": [], "ReadOnlyRole": []} for name in names}
    for n in range(number):
        role = "AdminRole" if n % 50 == 0 else "ReadOnlyRole"
        grants[names[n % accounts]][role].append(
            f"{{user: person-{n:04}@example.com, expires: 2027-01-31, reason: 'project {n}'}}"
        )
    users = "".join(
        f"{name}:\n" + "".join(f"  {role}: [{', '.join(entries)}]\n" for role, entries in roles.items())
        for name, roles in grants.items()
    )
    return access("{}", accounts=names), access(users, accounts=names)


def five_hundred() -> str:
    """A department joins."""
    return summary(*many(500), FORK)


COMMENTS: Mapping[str, Callable[[], str]] = {
    "planned": planned,
    "planned-everything": everything,
    "planned-without-AWS": without_aws,
    "problems": _problems,
    "applied": applied,
    "applied-with-failures": applied_with_failures,
    "applied-nothing": nothing_to_apply,
    "refused": refused,
    "refused-before-merge": refused_before_merge,
    "stale": stale,
    "nothing": nothing,
    "role-widened": role_widened,
    "role-made-administrator": role_made_administrator,
    "role-narrowed": role_narrowed,
    "role-added-and-removed": role_added_and_removed,
    "trust-changed": trust_changed,
    "role-with-a-back-door": role_with_a_back_door,
    "mfa-taken-away": mfa_taken_away,
    "beside-the-roles": beside_the_roles,
    "account-added": account_added,
    "account-removed": account_removed,
    "account-renamed": account_renamed,
    "first-request": first_request,
    "longer-and-shorter": longer_and_shorter,
    "files-changed": files_changed,
    "settings-changed": settings_changed,
    "self-benefit": self_benefit,
    "map-given-up": map_given_up,
    "no-base": no_base,
    "drift-only": drift_only,
    "drift-report": drift_report,
    "drift-repaired": drift_repaired,
    "no-drift": no_drift,
    "drift-unknown": drift_unknown,
    "500-grants": five_hundred,
}
