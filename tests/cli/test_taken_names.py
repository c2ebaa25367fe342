"""Names that CloudFormation finds taken by what it would delete afterwards, and stacks that are elsewhere."""

from __future__ import annotations

from edge.surroundings import DEV, MASTER, PROD

from .company import Company, role
from .running import run

NEW_MAP = {"prod": {"Boss": ["carol"], "ReadRole": ["alice", "bob"]}, "dev": {"Boss": ["alice", "bob", "carol"]}}


def test_renamed_logical_id_that_keeps_its_role_name_is_refused(company: Company) -> None:
    company.roles(AdminRole=role(RoleName="Admin"), ReadRole=role())
    company.applied().roles(Boss=role(RoleName="admin"), ReadRole=role())
    company.users(NEW_MAP)
    before = company.members()
    for more in ((), ("--allow", "mass-revocation")):
        ran = run("apply", "--yes", *more)
        assert ran.code == 4, ran
        assert "taken-names: `Boss` is to have the RoleName `admin`, which `AdminRole` of the stack has" in ran.out
    assert "taken-names" in run("plan").out
    assert company.aws.writes() == {}
    assert company.members() == before


def test_managed_policies_have_names_too(company: Company) -> None:
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
    policy = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"ManagedPolicyName": "P", "PolicyDocument": document}}
    company.roles(AdminRole=role(), ReadRole=role(), One=policy)
    company.applied().roles(AdminRole=role(), ReadRole=role(), Other=policy)
    ran = run("apply", "--yes")
    assert ran.code == 4
    assert "`Other` is to have the ManagedPolicyName `P`, which `One` of the stack has" in ran.out


def test_other_path_with_the_same_name_is_refused(company: Company) -> None:
    company.roles(AdminRole=role(RoleName="Admin"), ReadRole=role())
    company.applied().roles(AdminRole=role(RoleName="Admin", Path="/team/"), ReadRole=role())
    ran = run("apply", "--yes")
    assert ran.code == 4
    assert "`AdminRole` is to be made anew for its Path, and keeps the RoleName `Admin`" in ran.out


def test_one_account_first_does_not_let_the_others_stacks_be_made_twice(company: Company) -> None:
    company.files.keys(master=MASTER, prod=PROD, dev=DEV)
    company.applied().config(stack_name="Access")
    for more in ((), ("--account", "prod")):
        ran = run("apply", "--yes", *more)
        assert ran.code == 4
        assert "moved-stacks" in ran.out
    assert run("apply", "--yes", "--account", "prod", "--allow", "moved-stacks").code == 0
    ran = run("apply", "--yes")
    assert ran.code == 4, ran
    assert "moved-stacks: 1 accounts (the first: `dev`) have no stack `Access`" in ran.out
