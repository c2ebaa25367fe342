"""AWS's managed policies: the table in the package, and what it makes of ARNs."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date, timedelta
from typing import Any

import managed_policies as maker
import pytest
from loading import TODAY, loaded, problems

from rolemodel_ci.cloudformation.desired_stacks import evaluate_stacks
from rolemodel_ci.cloudformation.evaluate import EvaluatedTemplate
from rolemodel_ci.iam import managed_policies as module
from rolemodel_ci.iam.escalation import marks
from rolemodel_ci.iam.managed_policies import denies_only, is_of_aws, known_facts, origin
from rolemodel_ci.iam.permissions import EVERY_ACTION
from rolemodel_ci.iam.privilege import Mark, Privilege, Source, Untold
from rolemodel_ci.iam.role_privileges import marks_of

TABLE: dict[str, Any] = json.loads(maker.WRITTEN.read_text())
OF_AWS = "arn:aws:iam::aws:policy/"

# Those of which every reviewer of roles should know, with the lowest level that each may have.
WELL_KNOWN = {
    "AdministratorAccess": Privilege.ADMINISTRATOR,
    "IAMFullAccess": Privilege.IDENTITIES,
    "PowerUserAccess": Privilege.BORROWING,
    "job-function/DataScientist": Privilege.PASSING,
    "job-function/SystemAdministrator": Privilege.BORROWING,
    "service-role/AmazonElasticMapReduceRole": Privilege.PASSING,
    "AWSLambda_FullAccess": Privilege.PASSING,
    "AmazonSSMFullAccess": Privilege.BORROWING,
    "AmazonEC2FullAccess": Privilege.BORROWING,
    "AWSCloudFormationFullAccess": Privilege.BORROWING,
    "ReadOnlyAccess": Privilege.NONE,
    "SecurityAudit": Privilege.NONE,
    "job-function/ViewOnlyAccess": Privilege.NONE,
}


def by_arn(*arns: object) -> Mark:
    """What a role comes to that has these managed policies."""
    return marked({"ManagedPolicyArns": [*arns]})


def marked(properties: dict[str, Any]) -> Mark:
    """What a role with these properties comes to."""
    resources = {"R": {"Type": "AWS::IAM::Role", "Properties": properties}}
    return marks(EvaluatedTemplate(resources, {})).get("R", Mark(Privilege.NONE))


def test_the_table_says_what_it_was_made_of() -> None:
    made_of = TABLE["made_of"]

    assert (made_of["package"], made_of["version"]) == (maker.PACKAGE.name, maker.PACKAGE.version)
    assert (made_of["integrity"], made_of["published"]) == (maker.PACKAGE.integrity, maker.PUBLISHED)
    assert origin() == (*maker.PACKAGE[:3], date.fromisoformat(maker.PUBLISHED))


def test_the_table_is_of_the_actions_that_are_known_now() -> None:
    assert TABLE["actions"] == sorted(EVERY_ACTION), "the list of ways has changed: run `make managed-policies`"
    assert len(TABLE["policies"]) > 1_500


def test_the_table_is_what_its_source_comes_to() -> None:
    assert maker.table(maker.documents()) == TABLE


def test_a_policy_by_its_arn_is_marked_as_its_text_is() -> None:
    differing = {}
    for name, document in maker.documents().items():
        own = marked({"Policies": [{"PolicyName": "P", "PolicyDocument": document}]})
        arn = by_arn(f"{OF_AWS}{name}")
        if own != arn:
            differing[name] = own, arn

    # An administrator is one of them by its text, and the policies that AWS limits by conditions count as without.
    assert differing == {}


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov", "aws-eusc"])
@pytest.mark.parametrize("name", WELL_KNOWN)
def test_well_known_policies(name: str, partition: str) -> None:
    found = by_arn(f"arn:{partition}:iam::aws:policy/{name}")

    assert found.privilege >= WELL_KNOWN[name]
    assert found.is_dangerous is (WELL_KNOWN[name] > Privilege.NONE)
    assert found.untold == ()


@pytest.mark.parametrize(
    "arn",
    [
        f"{OF_AWS}NotMadeYet",
        f"{OF_AWS}SystemAdministrator",  # it has a path
        f"{OF_AWS}job-function/ReadOnlyAccess",
        f"{OF_AWS}service-role/{{{{resolve:ssm:/name}}}}",
        f"{OF_AWS}readonlyaccess",
        "arn:aws-mars:iam::aws:policy/ReadOnlyAccess",
        "arn:aws:iam:::policy/ReadOnlyAccess",
        "arn:aws:iam::aws:policy/",
        "ReadOnlyAccess",
        "",
        f"{OF_AWS}ReadOnlyAccess\n",
        " " + OF_AWS + "ReadOnlyAccess",
    ],
)
def test_a_name_that_is_not_known_has_unknown_rights(arn: str) -> None:
    found = by_arn(arn)

    assert (found.privilege, found.untold) == (Privilege.UNKNOWN, (Untold(Source.MANAGED_POLICY, arn),))


def test_a_name_in_another_case_counts_for_what_it_allows_and_not_for_what_it_denies() -> None:
    assert by_arn(f"{OF_AWS}ADMINISTRATORACCESS").privilege is Privilege.ADMINISTRATOR
    both = by_arn(f"{OF_AWS}AdministratorAccess", f"{OF_AWS}awsdenyall")
    assert both.privilege is Privilege.ADMINISTRATOR


def test_only_aws_own_policies_deny() -> None:
    admin = f"{OF_AWS}AdministratorAccess"

    assert by_arn(admin, f"{OF_AWS}AWSDenyAll").privilege is Privilege.NONE
    for arn in (
        "arn:aws:iam::222222222222:policy/AWSDenyAll",
        f"{OF_AWS}AWSDenyAllOrNot",
        f"{OF_AWS}x/AWSDenyAll",
        "arn:aws-mars:iam::aws:policy/AWSDenyAll",
    ):
        assert by_arn(admin, arn).privilege is Privilege.ADMINISTRATOR
        assert by_arn(arn).privilege is Privilege.UNKNOWN
        assert not denies_only(arn)
    sometimes = {"Fn::If": ["Unknown", f"{OF_AWS}AWSDenyAll", {"Ref": "AWS::NoValue"}]}
    assert by_arn(admin, sometimes).privilege is Privilege.ADMINISTRATOR


@pytest.mark.parametrize("name", ["AWSDenyAll", "AWSCompromisedKeyQuarantineV3"])
def test_which_policies_only_deny(name: str) -> None:
    assert denies_only(f"{OF_AWS}{name}")
    assert denies_only(f"arn:aws-cn:iam::aws:policy/{name}")
    assert not denies_only(f"{OF_AWS}ReadOnlyAccess")


def test_rights_of_several_policies_add_up() -> None:
    half = {"Effect": "Allow", "Action": ["ec2:ModifyInstanceAttribute", "ec2:StopInstances"], "Resource": "*"}
    other = {"Effect": "Allow", "Action": "ec2:StartInstances", "Resource": "*"}
    policies = [{"PolicyName": "P", "PolicyDocument": {"Statement": half}}]

    assert marked({"Policies": policies}).privilege is Privilege.NONE
    policies.append({"PolicyName": "Q", "PolicyDocument": {"Statement": other}})
    assert marked({"Policies": policies}).privilege is Privilege.BORROWING


def test_the_age_of_the_table_is_told_where_a_template_names_a_policy_of_aws() -> None:
    def told(days: int, **files: str) -> list[str]:
        today = origin().published + timedelta(days=days)
        return [one.message for one in problems(loaded(users="prod: {}", **files), today) if one.code == "RM420"]

    assert told(365) == []
    (message,) = told(366)
    assert "is of 2026-09-16" in message
    assert told(3_660, roles="Resources: {R: {Type: AWS::IAM::Role}}") == []
    assert problems(loaded(), TODAY) == []


def test_the_table_is_read_only_where_it_is_needed() -> None:
    code = (
        "import rolemodel_ci.cli, rolemodel_ci.iam.managed_policies as m; "
        "print(m._table.cache_info().currsize); m.known_facts('x'); print(m._table.cache_info().currsize)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)

    assert done.stdout.split() == ["0", "0"]


def test_facts_of_a_policy_without_any() -> None:
    assert known_facts(f"{OF_AWS}ReadOnlyAccess") == module.Facts(some=known_some("ReadOnlyAccess"))
    assert not is_of_aws("arn:aws:iam::222222222222:policy/ReadOnlyAccess")


def known_some(name: str) -> frozenset[str]:
    """The numbers of the table as actions."""
    parts = (TABLE["policies"][name] or ";;").split(";")
    return frozenset(TABLE["actions"][int(number)] for number in parts[1].split())


def test_a_role_with_conditional_policies_is_looked_at_in_every_branch() -> None:
    branch = {"Fn::If": ["Unknown", "arn:aws:iam::aws:policy/NotMadeYet", {"Ref": "AWS::NoValue"}]}
    roles = {
        "Resources": {
            "R": {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "ManagedPolicyArns": [branch, {"Ref": "P"}, "arn:aws:iam::222222222222:policy/Ours"],
                    "AssumeRolePolicyDocument": {
                        "Statement": [
                            {"Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": "sts:AssumeRole"}
                        ]
                    },
                },
            },
        },
        "Parameters": {"P": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": f"{OF_AWS}ReadOnlyAccess"}},
        "Conditions": {"Unknown": {"Fn::Equals": [{"Ref": "P"}, "x"]}},
    }
    result = loaded(users="prod: {}", roles=json.dumps(roles))
    assert result.policy is not None
    (prod, _) = marks_of(evaluate_stacks(result.policy, TODAY).resolved).values()

    assert prod.privilege is Privilege.UNKNOWN
    assert len(prod.untold) == 3  # the name that is not known, what the parameter stands for, and one of ours
    assert [one.code for one in problems(result, TODAY)] == ["RM420"]


def test_an_administrator_gains_nothing() -> None:
    admin = by_arn(f"{OF_AWS}AdministratorAccess")

    assert Mark(Privilege.IDENTITIES, ("iam:PutRolePolicy",)).gained_since(admin) == ()
    assert not admin.worse_than(admin)
