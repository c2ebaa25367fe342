"""What the scripted server says: stacks, templates, events, the users and groups of an account."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from urllib.parse import quote
from xml.sax.saxutils import escape

from .scripted import Answer, fault, result

STACK = "RoleModel"
_DAY = "2026-01-01T00:00:00Z"


def done(action: str) -> Answer:
    """A success that says nothing."""
    return result(action)


def stack(status: str, parameters: Mapping[str, str] | None = None, owner: str | None = "default") -> Answer:
    """DescribeStacks of one stack."""
    tag = f"<Key>rolemodel-ci:owner</Key><Value>{owner}</Value>"
    given = _members(
        f"<ParameterKey>{key}</ParameterKey><ParameterValue>{value}</ParameterValue>"
        for key, value in (parameters or {}).items()
    )
    return result(
        "DescribeStacks",
        f"<Stacks><member><StackName>{STACK}</StackName><StackId>arn:aws:cloudformation:us-east-1:1:stack/{STACK}/1"
        f"</StackId><CreationTime>{_DAY}</CreationTime><StackStatus>{status}</StackStatus>"
        f"<Parameters>{given}</Parameters><Tags>{_members([tag] if owner else [])}</Tags></member></Stacks>",
    )


def no_stack() -> Answer:
    """How CloudFormation says that there is no stack."""
    return fault("ValidationError", f"Stack with id {STACK} does not exist")


def template(text: str) -> Answer:
    """GetTemplate."""
    return result("GetTemplate", f"<TemplateBody>{escape(text)}</TemplateBody>")


def resources(
    roles: Mapping[str, str], token: str = "", *, kind: str = "AWS::IAM::Role", status: str = "CREATE_COMPLETE"
) -> Answer:
    """ListStackResources: roles by logical id; `token` asks for another page."""
    listed = _members(
        f"<LogicalResourceId>{logical}</LogicalResourceId><PhysicalResourceId>{physical}</PhysicalResourceId>"
        f"<ResourceType>{kind}</ResourceType><ResourceStatus>{status}</ResourceStatus>"
        f"<LastUpdatedTimestamp>{_DAY}</LastUpdatedTimestamp>"
        for logical, physical in roles.items()
    )
    more = f"<NextToken>{token}</NextToken>" if token else ""
    return result("ListStackResources", f"<StackResourceSummaries>{listed}</StackResourceSummaries>{more}")


def events(*told: tuple[str, str, str, str]) -> Answer:
    """DescribeStackEvents, newest first: logical id, type, status, reason."""
    listed = _members(
        f"<StackId>1</StackId><EventId>{number}</EventId><StackName>{STACK}</StackName><Timestamp>{_DAY}</Timestamp>"
        f"<LogicalResourceId>{logical}</LogicalResourceId><ResourceType>{kind}</ResourceType>"
        f"<ResourceStatus>{status}</ResourceStatus><ResourceStatusReason>{escape(reason)}</ResourceStatusReason>"
        for number, (logical, kind, status, reason) in enumerate(told)
    )
    return result("DescribeStackEvents", f"<StackEvents>{listed}</StackEvents>")


def details(users: Mapping[str, Iterable[str]], groups: Mapping[str, str], marker: str = "") -> Answer:
    """GetAccountAuthorizationDetails: groups by user, ARNs by group that opens them; `marker`: more follows."""
    listed_users = _members(
        f"<UserName>{user}</UserName><UserId>AIDA</UserId><Path>/</Path><Arn>arn:aws:iam::1:user/{user}</Arn>"
        f"<CreateDate>{_DAY}</CreateDate><GroupList>{_members(names)}</GroupList>"
        for user, names in users.items()
    )
    listed_groups = _members(
        f"<GroupName>{name}</GroupName><GroupId>AGPA</GroupId><Path>/RoleModel/</Path>"
        f"<Arn>arn:aws:iam::1:group/RoleModel/{name}</Arn><CreateDate>{_DAY}</CreateDate>"
        f"<GroupPolicyList>{_policy(name, arn)}</GroupPolicyList><AttachedManagedPolicies/>"
        for name, arn in groups.items()
    )
    tail = f"<IsTruncated>true</IsTruncated><Marker>{marker}</Marker>" if marker else "<IsTruncated>false</IsTruncated>"
    return result(
        "GetAccountAuthorizationDetails",
        f"<UserDetailList>{listed_users}</UserDetailList><GroupDetailList>{listed_groups}</GroupDetailList>{tail}",
    )


def assumed(account: str, partition: str = "aws") -> Answer:
    """AssumeRole: keys of a role of the account."""
    keys = f"<AccessKeyId>{account}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
    arn = f"arn:{partition}:sts::{account}:assumed-role/Apply/test"
    return result(
        "AssumeRole",
        f"<Credentials>{keys}<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>"
        f"<AssumedRoleUser><AssumedRoleId>AROA:test</AssumedRoleId><Arn>{arn}</Arn></AssumedRoleUser>",
    )


def summary(**quotas: int) -> Answer:
    """GetAccountSummary."""
    entries = "".join(f"<entry><key>{key}</key><value>{value}</value></entry>" for key, value in quotas.items())
    return result("GetAccountSummary", f"<SummaryMap>{entries}</SummaryMap>")


def _policy(group: str, arn: str) -> str:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": arn}
    document = quote(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    return _members([f"<PolicyName>{group}-Policy</PolicyName><PolicyDocument>{document}</PolicyDocument>"])


def _members(items: Iterable[str]) -> str:
    return "".join(f"<member>{item}</member>" for item in items)
