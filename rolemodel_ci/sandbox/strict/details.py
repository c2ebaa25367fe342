"""The XML of GetAccountAuthorizationDetails, for the items of one page only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape


class Details:
    """Renders the details of users, groups, roles and policies of the account a request is for."""

    def __init__(self, iam: Any) -> None:
        self._iam = iam

    def xml(self, chosen: Mapping[str, list[str]]) -> str:
        """The four lists of the answer. `chosen` holds the names of each kind."""
        of_user = self._groups_by_user() if chosen.get("User") else {}
        users = _members(self._user(name, of_user.get(name, [])) for name in chosen.get("User", []))
        groups = _members(self._group(name) for name in chosen.get("Group", []))
        roles = _members(self._role(name) for name in chosen.get("Role", []))
        policies = _members(self._policy(arn) for arn in chosen.get("Policy", []))
        return (
            f"<UserDetailList>{users}</UserDetailList><GroupDetailList>{groups}</GroupDetailList>"
            f"<RoleDetailList>{roles}</RoleDetailList><Policies>{policies}</Policies>"
        )

    def _groups_by_user(self) -> dict[str, list[str]]:
        """Built once a page: asking every group about every user takes seconds in a large account."""
        index: dict[str, list[str]] = defaultdict(list)
        for name, group in self._iam._groups.items():
            for user in group["Users"]:
                index[user].append(name)
        return index

    def _user(self, name: str, groups: list[str]) -> str:
        user = self._iam._users[name]
        inline = _documents(self._iam._user_inline_policies.get(name) or {})
        return (
            f"{_common(user, 'User')}<UserPolicyList>{inline}</UserPolicyList>"
            f"<GroupList>{_members(sorted(groups))}</GroupList>{self._attached(user)}{_tags(user)}"
        )

    def _group(self, name: str) -> str:
        group = self._iam._groups[name]
        inline = _documents(self._iam._group_inline_policies.get(name) or {})
        return f"{_common(group, 'Group')}<GroupPolicyList>{inline}</GroupPolicyList>{self._attached(group)}"

    def _role(self, name: str) -> str:
        role = self._iam._roles[name]
        trust = quote(role.get("AssumeRolePolicyDocument") or "{}", safe="")
        inline = _documents(role.get("InlinePolicies") or {})
        return (
            f"{_common(role, 'Role')}<AssumeRolePolicyDocument>{trust}</AssumeRolePolicyDocument>"
            f"<RolePolicyList>{inline}</RolePolicyList>{self._attached(role)}"
            f"<InstanceProfileList></InstanceProfileList>{_tags(role)}"
        )

    def _policy(self, arn: str) -> str:
        policy = self._iam._policies[arn]
        versions = _members(
            f"<Document>{quote(version.get('Document') or '{}', safe='')}</Document>"
            f"<VersionId>{version['VersionId']}</VersionId>"
            f"<IsDefaultVersion>{str(bool(version.get('IsDefaultVersion'))).lower()}</IsDefaultVersion>"
            for version in policy.get("Versions", {}).values()
        )
        return f"{self._iam._managed_policy_xml(arn)}<PolicyVersionList>{versions}</PolicyVersionList>"

    def _attached(self, entity: Mapping[str, Any]) -> str:
        attached = _members(
            f"<PolicyName>{arn.rpartition('/')[2]}</PolicyName><PolicyArn>{arn}</PolicyArn>"
            for arn in entity.get("AttachedPolicies", [])
        )
        return f"<AttachedManagedPolicies>{attached}</AttachedManagedPolicies>"


def _common(entity: Mapping[str, Any], kind: str) -> str:
    """What every kind has: `<UserName>`, `<UserId>` and so on."""
    return (
        f"<{kind}Name>{entity[f'{kind}Name']}</{kind}Name><{kind}Id>{entity[f'{kind}Id']}</{kind}Id>"
        f"<Arn>{entity['Arn']}</Arn><Path>{entity['Path']}</Path><CreateDate>{entity['CreateDate']}</CreateDate>"
    )


def _documents(policies: Mapping[str, str]) -> str:
    return _members(
        f"<PolicyName>{name}</PolicyName><PolicyDocument>{quote(document, safe='')}</PolicyDocument>"
        for name, document in policies.items()
    )


def _tags(entity: Mapping[str, Any]) -> str:
    tags = _members(
        f"<Key>{escape(tag['Key'])}</Key><Value>{escape(tag['Value'])}</Value>" for tag in entity.get("Tags", [])
    )
    return f"<Tags>{tags}</Tags>"


def _members(items: Iterable[str]) -> str:
    return "".join(f"<member>{item}</member>" for item in items)
