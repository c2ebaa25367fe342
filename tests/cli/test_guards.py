"""What one run may not take away; every refusal names what would let it pass, and changes nothing."""

from __future__ import annotations

import json
from typing import Any

from edge.surroundings import MASTER, PROD

from rolemodel_ci.sandbox.fixtures import APPLY_ROLE, CI_USER

from .company import MAP, Company, Map, changes, role
from .running import run

MANY: Map = {"prod": {"AdminRole": ["alice", "bob", "carol", "dave", "erin"], "ReadRole": ["alice", "bob", "carol"]}}
"""Eight memberships: six of them are more than 25 %, and more than the floor of five."""


def many(company: Company) -> Company:
    company.users(MANY)
    return company.applied()


def test_mass_revocation(company: Company) -> None:
    many(company).users({"prod": {"AdminRole": ["alice"], "ReadRole": ["alice"]}})
    ran = run("apply", "--yes")
    assert ran.code == 4
    assert "Refused: nothing was changed." in ran.out
    assert "mass-revocation: 6 of 8 memberships would be revoked (75 %); one run may revoke 25 %" in ran.out
    assert "--allow mass-revocation" in ran.out
    assert "`guards: revoke_percent:` in access/config.yml" in ran.out
    assert company.aws.writes() == {}
    assert run("apply", "--yes", "--allow", "mass-revocation").code == 0
    assert sum(map(len, company.members().values())) == 2


def test_mass_revocation_in_json_and_markdown(company: Company) -> None:
    many(company).users({"prod": {"AdminRole": ["alice"], "ReadRole": ["alice"]}})
    ran = run("apply", "--yes", "--format", "json")
    assert (ran.code, ran.json["format"]) == (4, "rolemodel-ci/refusal")
    assert [refusal["guard"] for refusal in ran.json["refusals"]] == ["mass-revocation"]
    assert run("apply", "--yes", "--format", "markdown").out.startswith("### Refused")


def test_settings_of_the_config_let_it_pass(company: Company) -> None:
    company.config(guards={"revoke_percent": 75})
    many(company).users({"prod": {"AdminRole": ["alice"], "ReadRole": ["alice"]}})
    assert run("apply", "--yes").code == 0


def test_few_revocations_are_never_too_many(company: Company) -> None:
    many(company).users({"prod": {"AdminRole": ["alice"], "ReadRole": ["alice", "bob"]}})
    assert run("apply", "--yes").code == 0


def test_a_plan_is_shown_whatever_the_guards_say(company: Company) -> None:
    many(company).users({"prod": {"AdminRole": ["alice"], "ReadRole": ["alice"]}})
    ran = run("plan", "--format", "json")
    assert ran.code == 0
    assert len(changes(ran)) == 6
    told = run("plan")
    assert told.code == 0
    assert told.out.endswith("in access/config.yml in a change of its own.\n"), told.out
    assert "`apply` would refuse this." in told.out


def test_empty_map(company: Company) -> None:
    company.applied().write("users.yml", "{}")
    ran = run("apply", "--yes")
    assert ran.code == 4
    assert "empty-map: all 6 memberships would be revoked" in ran.out
    assert "access/users.yml" in ran.out
    assert company.aws.writes() == {}
    assert run("apply", "--yes", "--allow", "empty-map").code == 4  # six are too many as well
    assert run("apply", "--yes", "--allow", "empty-map", "--allow", "mass-revocation").code == 0
    assert not any(company.members().values())


def test_renamed_groups(company: Company) -> None:
    company.config(group_prefix="")
    company.users({"prod": {"AdminRole": ["carol"], "ReadRole": ["alice"]}})
    company.applied()
    assert "prod.AdminRole" in company.members()
    company.config()
    ran = run("apply", "--yes")
    assert ran.code == 4
    assert "renamed-groups: 4 groups under /RoleModel/" in ran.out
    assert 'Write `group_prefix: ""` in access/config.yml' in ran.out
    assert company.aws.writes() == {}
    assert run("apply", "--yes", "--allow", "renamed-groups").code == 0
    assert company.members()["RM.prod.AdminRole"] == {"carol"}
    company.assert_nothing_left()


def test_groups_of_a_user_outside_of_the_repository_count_and_stop_nobody_else(company: Company) -> None:
    company.applied()
    for number in range(8):
        company.iam.create_group(GroupName=f"other{number}")
        company.iam.add_user_to_group(GroupName=f"other{number}", UserName="bob")
    company.users({"prod": {"AdminRole": ["bob", "erin"], "ReadRole": ["bob"]}, "dev": {"AdminRole": ["bob", "dave"]}})
    ran = run("apply", "--yes", "--format", "json", "--allow", "mass-revocation")
    assert ran.code == 5, ran
    members = company.members()
    assert members["RM.prod.AdminRole"] == {"erin"}  # carol is out, and bob not in
    assert (members["RM.prod.ReadRole"], members["RM.dev.AdminRole"]) == ({"bob"}, {"bob", "dave"})
    (block,) = ran.json["blocked"]
    assert (block["user"], block["group"], block["place"]["file"]) == ("bob", "RM.prod.AdminRole", "access/users.yml")
    assert "would be in 11 groups, those outside /RoleModel/ included; AWS allows 10" in block["reason"]
    assert {outcome["result"] for outcome in ran.json["outcomes"]} == {"done"}
    company.iam.remove_user_from_group(GroupName="other0", UserName="bob")
    assert run("apply", "--yes").code == 0
    assert company.members()["RM.prod.AdminRole"] == {"bob", "erin"}


def test_quota_of_aws_is_nobodys_to_override(company: Company) -> None:
    ran = run("apply", "--allow", "quota")
    assert ran.code == 2
    assert "'quota' is not one of" in ran.err


def test_revoke_most_is_absolute(company: Company) -> None:
    company.config(guards={"revoke_most": 1, "revoke_percent": 100})
    many(company).users({"prod": {**MANY["prod"], "ReadRole": ["alice"]}})
    ran = run("apply", "--yes")
    assert ran.code == 4
    assert "mass-revocation: 2 memberships would be revoked; one run may revoke 1" in ran.out
    assert "`guards: revoke_most:` in access/config.yml" in ran.out
    assert company.aws.writes() == {}


def test_protected(company: Company) -> None:
    company.config(protected=[{"user": "carol", "account": "prod"}])
    company.applied().users({"prod": {**MAP["prod"], "AdminRole": ["dave"]}, "dev": {"AdminRole": ["alice"]}})
    ran = run("apply", "--yes")
    assert ran.code == 4
    assert "protected: user `carol`, account `prod` is protected (access/config.yml:" in ran.out
    assert "and the membership of `RM.prod.AdminRole` would go" in ran.out
    assert "--allow protected" in ran.out
    assert company.aws.writes() == {}
    assert run("sync-users", "--yes").code == 4
    assert run("apply", "--yes", "--allow", "protected").code == 0
    assert company.members()["RM.prod.AdminRole"] == {"dave"}
    company.assert_nothing_left()


ADMIN = {"ManagedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"]}


def test_last_administrator(company: Company) -> None:
    company.roles(AdminRole=role(**ADMIN), ReadRole=role())
    company.applied().users({**MAP, "prod": {"ReadRole": ["alice", "bob", "carol"]}})
    ran = run("apply", "--yes")
    assert ran.code == 4
    assert "last-administrator: nobody would be administrator any more of `prod` (1 now: `carol`)" in ran.out
    assert "Grant `RM.prod.AdminRole` to somebody in the same change." in ran.out
    assert company.aws.writes() == {}
    company.users({**MAP, "prod": {"AdminRole": ["dave"], "ReadRole": ["alice", "bob", "carol"]}})
    assert run("apply", "--yes").code == 0
    assert company.members()["RM.prod.AdminRole"] == {"dave"}


def test_template_that_tames_the_role_of_the_administrators(company: Company) -> None:
    company.roles(AdminRole=role(**ADMIN), ReadRole=role())
    company.applied().roles(AdminRole=role(), ReadRole=role())
    ran = run("update", "--yes")
    assert ran.code == 4
    assert "nobody would be administrator any more of `prod` (1 now: `carol`), `dev` (3 now: " in ran.out
    assert company.aws.writes() == {}
    assert run("update", "--yes", "--allow", "last-administrator").code == 0
    company.assert_nothing_left()


def test_own_lockout(company: Company) -> None:
    """A run with the profile of a role that the stack of `prod` holds."""
    trust = {"Effect": "Allow", "Principal": {"AWS": MASTER}, "Action": "sts:AssumeRole"}
    own: dict[str, Any] = role(RoleName="own-apply", **ADMIN)
    own["Properties"]["AssumeRolePolicyDocument"]["Statement"] = [trust]
    company.roles(AdminRole=role(), ReadRole=role(), OwnRole=own)
    company.applied()
    arn = f"arn:aws:iam::{PROD}:role/own-apply"
    may = {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": arn}], "Version": "2012-10-17"}
    company.iam.put_user_policy(UserName=CI_USER, PolicyName="own", PolicyDocument=json.dumps(may))
    config = company.directory / "aws-config"
    config.write_text(config.read_text().replace(f"arn:aws:iam::{PROD}:role/{APPLY_ROLE}", arn))
    company.roles(AdminRole=role(MaxSessionDuration=7200), ReadRole=role(), OwnRole=own)
    ran = run("apply", "--yes")
    assert ran.code == 0, ran  # another role of the stack may change
    company.aws.mark()
    company.roles(
        AdminRole=role(), ReadRole=role(), OwnRole={**own, "Properties": {**own["Properties"], "Path": "/x/"}}
    )
    ran = run("apply", "--yes")
    assert ran.code == 4
    assert "own-lockout: 1 of the roles by which rolemodel-ci gets in would be changed or deleted by it" in ran.out
    assert "role `own-apply` of `prod`" in ran.out
    assert company.aws.writes() == {}


def test_no_guard_stops_delete(company: Company) -> None:
    many(company)
    assert run("delete", "--yes").code == 0
    assert company.members() == {}


def test_expired_grants_count_for_nothing(company: Company) -> None:
    many(company)
    long_ago = [{"user": user, "expires": "2020-01-01"} for user in ("bob", "carol", "dave", "erin")]
    company.users({"prod": {"AdminRole": ["alice", *long_ago], "ReadRole": ["alice", *long_ago[:2]]}})
    assert run("apply", "--yes").code == 0
    assert company.members()["RM.prod.AdminRole"] == {"alice"}
    company.assert_nothing_left()


def test_account_removed_from_the_config(company: Company) -> None:
    company.applied().config(accounts=({"name": "prod", "profile": "prod"},))
    company.users({"prod": MAP["prod"]})
    ran = run("apply", "--yes")
    assert ran.code == 0
    assert "Note: account `dev` is no longer in the config: its groups go, but its stack cannot be reached." in ran.out
    assert set(company.members()) == {"RM.prod.AdminRole", "RM.prod.ReadRole"}
    company.assert_nothing_left()


def test_absent_account_loses_its_stack_too(company: Company) -> None:
    company.applied().config(
        accounts=({"name": "prod", "profile": "prod"}, {"name": "dev", "profile": "dev", "state": "absent"})
    )
    company.users({"prod": MAP["prod"]})
    assert run("apply").code == 2
    assert run("apply", "--yes").code == 0
    assert set(company.members()) == {"RM.prod.AdminRole", "RM.prod.ReadRole"}
    ran = run("apply", "--yes")
    assert (ran.code, "its entry can be taken out of the config" in ran.out) == (0, True)


def test_role_taken_out_of_the_template_takes_its_group(company: Company) -> None:
    company.applied().roles(AdminRole=role())
    company.users({"prod": {"AdminRole": ["carol"]}, "dev": MAP["dev"]})
    assert run("apply", "--yes").code == 0
    assert set(company.members()) == {"RM.prod.AdminRole", "RM.dev.AdminRole"}
    company.assert_nothing_left()
