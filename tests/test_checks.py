"""The table of checks, and what each must not report. What each must report is in tests/bad and docs/checks.md."""

from __future__ import annotations

from datetime import date

import pytest
from loading import BASE, TODAY, base_with, found, loaded, policy, problems

from rolemodel_ci.checks import CHECKS, check
from rolemodel_ci.model.problem import Severity

ID = "    account_id: 222222222222\n"
PARAMETER = "    Type: String\n"
TRUST = "              AWS: !Sub arn:aws:iam::${AssumingAccountID}:root\n"
EVERYBODY = "              AWS: '*'\n"
PROPERTY = "        - arn:aws:iam::aws:policy/ReadOnlyAccess\n"


def with_parameter(rules: str, values: str) -> list[str]:
    """What is found where the template has a parameter P with these rules, and `dev` sets it."""
    roles = base_with("roles", (PARAMETER, f"{PARAMETER}  P: {{{rules}}}\n"))
    return found(roles=roles, config=BASE["config.yml"] + f"    parameters: {{P: {values}}}\n")


def with_principal(principal: str) -> list[str]:
    """What is found where the first role has this principal."""
    return found(roles=base_with("roles", ("            Principal:\n" + TRUST, principal)))


def test_base_is_good() -> None:
    assert check(policy(), TODAY) == ()


def test_the_table() -> None:
    assert [each.code for each in CHECKS] == sorted({each.code for each in CHECKS})
    assert all(each.sentence.endswith(".") and each.find.__name__ for each in CHECKS)


def test_findings_are_sorted_whatever_the_order_of_the_checks() -> None:
    loaded_policy = policy(users="qa:\n  AdminRole: [a, a, A]\nprod:\n  Nothing: [{user: b, expires: 2020-01-01}]\n")
    places = [(problem.place.line, problem.place.column, problem.code) for problem in check(loaded_policy, TODAY)]
    assert places == [(1, 1, "RM301"), (2, 18, "RM305"), (2, 21, "RM306"), (4, 3, "RM303"), (4, 20, "RM310")]


def test_a_grant_holds_on_its_last_day_and_not_on_the_next() -> None:
    loaded_policy = policy()
    assert check(loaded_policy, date(2027, 1, 31)) == ()
    (problem,) = check(loaded_policy, date(2027, 2, 1))
    assert (problem.code, problem.severity) == ("RM310", Severity.WARNING)


SIX = "assumable_roles: roles.yml\nusers: users.yml\nmaster_account_id: 111111111111\nassumable_accounts:\n" + "".join(
    f"  - {{name: a{i}, account_id: {i:012d}}}\n" for i in range(6)
)


def grants(count: int, more: str = "") -> str:
    pairs = [(f"a{i}", role) for i in range(6) for role in ("AdminRole", "ReadOnlyRole")][:count]
    accounts = dict.fromkeys(account for account, _ in pairs)
    return "".join(f"{a}:\n" + "".join(f"  {r}: [alice{more}]\n" for b, r in pairs if a == b) for a in accounts)


def test_ten_groups_are_fine_and_eleven_are_not() -> None:
    assert found(config=SIX, users=grants(10)) == []
    assert found(config=SIX, users=grants(11)) == ["users.yml:17:15 RM307"]


def test_the_same_group_twice_counts_once() -> None:
    codes = {line.split()[1] for line in found(config=SIX, users=grants(10, ", alice"))}
    assert codes == {"RM305"}


def test_many_users_with_too_many_groups_take_no_time() -> None:
    names = ", ".join(f"u{i}" for i in range(1_000))
    users = "".join(f"a{i}:\n  AdminRole: [{names}]\n  ReadOnlyRole: [{names}]\n" for i in range(6))
    assert len(found(config=SIX, users=users)) == 1_000


@pytest.mark.parametrize(
    ("rules", "value"),
    [
        ("Type: String, AllowedValues: [a, b]", "b"),
        ("Type: String, AllowedValues: [1, 2]", "'1'"),
        ("Type: CommaDelimitedList, AllowedValues: [a, b]", "'b, a'"),
        ("Type: String, AllowedPattern: '[a-z]+'", "abc"),
        ("Type: String, AllowedPattern: '\\p{Alpha}+'", "abc"),
        ("Type: String, AllowedPattern: 'a{99999999999}'", "abc"),
        ("Type: String, MinLength: 3, MaxLength: 3", "abc"),
        (f"Type: String, MaxLength: {'9' * 5_000}", "abc"),
        ("Type: String, MinLength: x", "abc"),
        ("Type: Number, MinValue: 1, MaxValue: 2.5", "2.5"),
        ("Type: Number, MaxValue: '1e3'", "-7"),
        ("Type: 'List<Number>', MaxValue: 3", "'1, 2,3'"),
        ("Type: 'AWS::SSM::Parameter::Value<String>'", "name"),
    ],
)
def test_values_that_the_rules_allow(rules: str, value: str) -> None:
    roles_default = rules + f", Default: {value}"
    assert with_parameter(roles_default, value) == []


@pytest.mark.parametrize(
    ("rules", "value", "why"),
    [
        ("Type: String, AllowedValues: [a, b]", "c", "it is none of a, b"),
        ("Type: CommaDelimitedList, AllowedValues: [a, b]", "'a,c'", "it is none of a, b"),
        ("Type: CommaDelimitedList, AllowedPattern: '[a-z]'", "'a,cc'", "it does not match [a-z]"),
        ("Type: String, AllowedPattern: '[a-z]+', ConstraintDescription: small letters", "ABC", "small letters"),
        ("Type: String, AllowedPattern: '[a-z]+'", '"abc\\n"', "it does not match [a-z]+"),
        ("Type: String, MinLength: 3", "ab", "its length is 2, MinLength is 3"),
        ("Type: String, MaxLength: 1", "ab", "its length is 2, MaxLength is 1"),
        ("Type: Number", "two", "it is no number"),
        ("Type: Number", "0x10", "it is no number"),
        ("Type: Number, MinValue: 5", "4.9", "it is less than 5"),
        ("Type: Number, MaxValue: 5", "51e-1", "it is more than 5"),
        ("Type: 'List<Number>', MaxValue: 3", "'1,4'", "it is more than 3"),
    ],
)
def test_values_that_the_rules_refuse(rules: str, value: str, why: str) -> None:
    roles = base_with("roles", (PARAMETER, f"{PARAMETER}  P: {{{rules}}}\n"))
    config = base_with("config", (ID, f"{ID}    parameters: {{P: {value}}}\n"))
    (problem,) = (p for p in problems(loaded(roles=roles, config=config)) if p.code == "RM210")
    assert problem.message == f"account `prod`: the template refuses this `P`: {why}"


@pytest.mark.parametrize(
    "principal",
    [
        "            Principal: {AWS: '*'}\n            Condition: {StringEquals: {aws:PrincipalOrgID: o-1}}\n",
        "            Principal: {AWS: 'arn:aws:iam::111111111111:user/*'}\n",
        *(
            f"            Principal: '*'\n            Condition: {{{test}}}\n"
            for test in (
                "StringEquals: {AWS:principalorgid: [o-1, o-2], 'sts:ExternalId': x}",
                "StringEquals: {aws:PrincipalOrgID: !ImportValue Org}",
                "'ForAnyValue:StringLike': {aws:PrincipalOrgPaths: ['o-1/r-1/*']}",
                "StringLike: {aws:PrincipalAccount: '111111111111'}, Bool: {'aws:SecureTransport': 'true'}",
                "ArnLike: {aws:PrincipalArn: 'arn:*:iam::111111111111:role/ci-*'}",
                "StringEquals: {aws:PrincipalAccount: !Ref AssumingAccountID}",
            )
        ),
        "            Principal: {AWS: '111111111111'}\n",
        "            Principal: {AWS: ['111111111111', '999999999999'], Service: ec2.amazonaws.com}\n",
        "            Principal: {AWS: !If [Nothing, '111111111111', x]}\n",
    ],
)
def test_trust_that_is_fine(principal: str) -> None:
    assert [line for line in with_principal(principal) if "RM416" not in line] == []


def test_denying_everybody_is_not_open() -> None:
    first = "          - Effect: Allow\n"
    denied = "          - {Effect: Deny, Principal: '*', Action: 'sts:*'}\n"
    assert found(roles=base_with("roles", (first, denied + first))) == []


def test_what_is_wrong_in_every_account_is_told_once() -> None:
    config = base_with("config", (ID, ID + "    parameters: {P: a}\n"))
    config += "    parameters: {P: b}\n"
    roles = base_with(
        "roles",
        (PARAMETER, PARAMETER + "  P: {Type: String}\n"),
        (PROPERTY, PROPERTY + "      MaxSessionDuration: 1\n      Path: x\n"),
        (TRUST, EVERYBODY),
    )
    result = problems(loaded(config=config, roles=roles))
    assert [problem.code for problem in result] == ["RM407", "RM415", "RM411"]
    assert all(problem.message.endswith("(account `prod` with its parameters)") for problem in result)


def test_what_is_wrong_in_one_account_names_it() -> None:
    config = BASE["config.yml"] + "    parameters: {Seconds: 5}\n"
    roles = base_with(
        "roles",
        (PARAMETER, PARAMETER + "  Seconds: {Type: Number, Default: 3600}\n"),
        (PROPERTY, PROPERTY + "      MaxSessionDuration: !Ref Seconds\n"),
    )
    (problem,) = problems(loaded(config=config, roles=roles))
    assert problem.message == "MaxSessionDuration of role `ReadOnlyRole` is `5` (account `dev` with its parameters)"


@pytest.mark.parametrize(
    "added",
    [
        "      MaxSessionDuration: 3600\n",
        "      MaxSessionDuration: 43200\n",
        "      MaxSessionDuration: !ImportValue X\n",
        "      Path: /\n",
        f"      Path: /{'p' * 29}/\n      RoleName: {'r' * 33}\n",
        f"      RoleName: {'r' * 63}\n",
        "      RoleName: !GetAtt AdminRole.RoleId\n",
        "      Description: ${not.a.reference}\n",
        "      Description: !Sub '${!Literal} ${AWS::Region} ${AdminRole.Arn} ${AssumingAccountID}'\n",
        "      Description: !Sub ['${own}', {own: x}]\n",
    ],
)
def test_properties_that_are_fine(added: str) -> None:
    assert found(roles=base_with("roles", (PROPERTY, PROPERTY + added))) == []


NEITHER = "`X` is neither a parameter nor a resource of the template"


@pytest.mark.parametrize(
    ("added", "message"),
    [
        ("      Path: !Ref X\n", NEITHER),
        ("      Description: !GetAtt X.Arn\n", NEITHER),
        ("      Description: !Sub '${X.Arn} ${X} ${AdminRole}'\n", NEITHER),
        ("      Description: !Sub ['${own} ${X}', {own: x}]\n", NEITHER),
        ("      Description: !If [X, a, b]\n", "the template has no condition `X`"),
        ("      Description: !FindInMap [X, a, b]\n", "the template has no mapping `X`"),
    ],
)
def test_dangling_references(added: str, message: str) -> None:
    result = problems(loaded(roles=base_with("roles", (PROPERTY, PROPERTY + added))))
    assert [problem.message for problem in result if problem.code == "RM416"] == [message]


def test_conditions_and_outputs_refer_as_well() -> None:
    roles = (
        BASE["roles.yml"]
        + """Outputs:
  A: {Condition: C, Value: !Ref B}
Conditions:
  D: !Not [!Condition E]
  F: !Equals [!Ref G, x]
  H: !And [!Condition D, !Condition F]
"""
    )
    assert found(roles=roles) == [
        "roles.yml:28:7 RM416",
        "roles.yml:28:28 RM416",
        "roles.yml:30:12 RM416",
        "roles.yml:31:15 RM416",
    ]


def test_a_conditional_role_is_looked_at_where_it_is_made() -> None:
    conditions = "Conditions: {InProd: !Equals [!Ref 'AWS::AccountId', '222222222222']}\n"
    roles = conditions + base_with("roles", ("  ReadOnlyRole:\n", "  ReadOnlyRole:\n    Condition: InProd\n"))
    assert found(roles=roles) == []
    assert found(roles=roles, users="dev: {ReadOnlyRole: [alice]}\n") == ["users.yml:1:7 RM304"]


def test_a_role_that_only_the_last_account_makes_is_looked_at() -> None:
    conditions = "Conditions: {InDev: !Equals [!Ref 'AWS::AccountId', '333333333333']}\n"
    roles = base_with("roles", ("  AdminRole:\n", "  AdminRole:\n    Condition: InDev\n"), (TRUST, EVERYBODY))
    assert found(roles=conditions + roles, users="{}") == ["roles.yml:10:7 RM407"]


def test_an_absent_account_needs_no_parameters_and_makes_no_groups() -> None:
    config = BASE["config.yml"] + "    state: absent\nguards: {groups_quota: 2}\n"
    assert found(config=config, users="prod: {AdminRole: [alice]}\n") == []


def test_without_a_map_nothing_is_said_of_users() -> None:
    assert found(config=BASE["config.yml"].replace("users: users.yml\n", ""), users="nonsense") == []


def test_an_id_missing_from_the_config_is_fine_where_ci_does_not_get_in() -> None:
    assert found(config=base_with("config", ("account_id: 333333333333", "profile: dev"))) == []


def test_a_role_that_is_removed_is_not_taken_for_another() -> None:
    users = "prod:\n  AuditRole: [alice]\n  AdmniRole: [bob]\n"
    removed, slip = problems(loaded(users=users))
    assert removed.remedy == "Add it to roles.yml, or remove it here."
    assert slip.remedy == "Did you mean `AdminRole`?"


def test_a_policy_that_is_removed_is_not_taken_for_another() -> None:
    policies = "".join(
        f"  {name}Policy: {{Type: 'AWS::IAM::ManagedPolicy', Properties: {{PolicyDocument: {{Statement: []}}}}}}\n"
        for name in ("Admin", "Billing")
    )
    roles = base_with("roles", (PROPERTY, "        - !Ref AuditPolicy\n")) + policies
    (problem,) = problems(loaded(roles=roles))
    assert problem.remedy == "Correct the name, or declare it."


def test_control_characters_of_names_do_not_reach_the_messages() -> None:
    (problem,) = problems(loaded(users='"x\\n::error::y": {}\n'))
    assert problem.message == "account `x\\n::error::y` is not in the config"
