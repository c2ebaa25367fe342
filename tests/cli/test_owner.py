"""Two access repositories on one master account: neither takes what the other one made."""

from __future__ import annotations

from edge.surroundings import DEV, PROD

from .company import MAP, Company
from .running import run

ONLY_PROD = ({"name": "prod", "account_id": PROD, "profile": "prod"},)
ONLY_DEV = ({"name": "web", "account_id": DEV, "profile": "dev"},)
PROD_GROUPS = {"RM.prod.AdminRole": {"carol"}, "RM.prod.ReadRole": {"alice", "bob"}}


def first(company: Company) -> None:
    """The repository that was there first: it has prod."""
    company.config(accounts=ONLY_PROD)
    company.users({"prod": MAP["prod"]})
    company.applied()
    assert company.members() == PROD_GROUPS


def second(company: Company, **settings: str) -> None:
    """Another one, whose account is called web."""
    company.config(accounts=ONLY_DEV, **settings)
    company.users({"web": {"AdminRole": ["dave"]}})


def nothing_left(company: Company) -> None:
    """The next run writes nothing, and tells of the other repository's groups."""
    company.aws.mark()
    ran = run("apply", "--yes")
    assert (ran.code, company.aws.writes()) == (0, {})
    assert ran.out.startswith("Nothing to do: AWS is what the repository says.\n")


def test_second_repository_without_an_owner_is_refused(company: Company) -> None:
    first(company)
    second(company)
    for arguments in (("apply",), ("apply", "--account", "web"), ("update",), ("delete",)):
        ran = run(*arguments, "--yes")
        assert ran.code == 4, ran
        assert "foreign-groups: 2 groups (the first: `RM.prod.AdminRole`) under /RoleModel/" in ran.out
        assert "Write `owner: NAME` into access/config.yml" in ran.out
    assert company.aws.writes() == {}


def test_other_prefix_makes_no_difference(company: Company) -> None:
    first(company)
    second(company, group_prefix="W.", stack_name="Web")
    assert run("apply", "--yes").code == 4
    assert company.members() == PROD_GROUPS


def test_second_repository_with_an_owner_takes_nothing_of_the_first(company: Company) -> None:
    first(company)
    second(company, owner="web")
    assert run("apply", "--yes").code == 0
    web = {"RM.web.AdminRole": {"dave"}, "RM.web.ReadRole": set[str]()}
    assert company.members() == PROD_GROUPS | web
    assert company.iam.get_group(GroupName="RM.web.AdminRole")["Group"]["Path"] == "/RoleModel/web/"
    nothing_left(company)
    company.config(accounts=ONLY_PROD)  # the first one again
    company.users({"prod": MAP["prod"]})
    nothing_left(company)
    assert run("delete", "--yes").code == 0
    assert company.members() == web


def test_delete_of_the_second_leaves_the_first(company: Company) -> None:
    first(company)
    second(company, owner="web")
    assert run("apply", "--yes").code == 0
    assert run("delete", "--yes").code == 0
    assert company.members() == PROD_GROUPS


def test_names_of_another_owners_groups_are_not_taken_over(company: Company) -> None:
    first(company)
    company.config(accounts=({"name": "prod", "account_id": DEV, "profile": "dev"},), owner="web")
    company.users({"prod": {"AdminRole": ["dave"]}})
    ran = run("apply", "--yes")
    assert ran.code == 4
    assert "2 groups (the first: `RM.prod.AdminRole`) of another owner (path /RoleModel/)" in ran.out
    assert company.members() == PROD_GROUPS


def test_owner_that_is_set_later_is_told_how_to_move(company: Company) -> None:
    first(company)
    company.config(accounts=ONLY_PROD, owner="web")
    ran = run("apply", "--yes")
    assert ran.code == 4
    assert "`aws iam update-group --group-name NAME --new-path /RoleModel/web/`" in ran.out
    assert company.aws.writes() == {}
    assert company.members() == PROD_GROUPS


def test_account_that_goes_still_loses_its_groups(company: Company) -> None:
    company.applied()
    company.config(accounts=ONLY_PROD)
    company.users({"prod": MAP["prod"]})
    assert run("apply", "--yes").code == 0
    assert company.members() == PROD_GROUPS


def test_group_that_opens_nothing_is_no_other_repositorys(company: Company) -> None:
    company.iam.create_group(GroupName="Stray", Path="/RoleModel/")
    assert run("apply", "--yes").code == 0
    assert "Stray" not in company.members()


def test_accounts_without_ids_are_not_taken_for_others(company: Company) -> None:
    company.config(accounts=({"name": "prod", "profile": "prod"}, {"name": "dev", "profile": "dev"}))
    company.applied()
    company.users({"prod": {"AdminRole": ["dave"]}})
    assert run("sync-users", "--yes").code == 0
    assert company.members()["RM.prod.AdminRole"] == {"dave"}
