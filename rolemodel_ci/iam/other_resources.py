"""What a template holds beside its roles by which somebody may get access that no role shows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rolemodel_ci.iam.canonical_policies import Opaque, Statement
from rolemodel_ci.iam.canonical_values import Call, Entries, Reference, Value, walk
from rolemodel_ci.iam.differences import DECLARED, OUTPUTS, TEXTS, Change, Difference, PropertyChange

# What stacks may hold beside roles without anybody getting in or anything being run by it, as long as it names no role,
# policy or principal. Whatever is not in the list may give access: custom resources and nested stacks run what no
# template here shows, resource policies let others in, functions run with the rights of a role. A policy may take
# a part from a parameter of Parameter Store.
_HARMLESS = frozenset({
    "AWS::Budgets::Budget", "AWS::CDK::Metadata", "AWS::CE::AnomalyMonitor", "AWS::CE::AnomalySubscription",
    "AWS::CloudFormation::WaitCondition", "AWS::CloudFormation::WaitConditionHandle", "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::CompositeAlarm", "AWS::CloudWatch::Dashboard", "AWS::Logs::LogGroup", "AWS::Logs::LogStream",
    "AWS::Logs::MetricFilter", "AWS::ResourceGroups::Group", "AWS::SNS::Topic", "AWS::SQS::Queue",
})  # fmt: skip
_HARMFUL_NAME = re.compile(r"role|policy|principal|function", re.IGNORECASE)

# What keeps nobody out, so that nobody gets in when it goes, as long as nothing is denied in it. Whatever is not in the
# list may have kept somebody out, such as a firewall, a control or a block of public access, or may run something when
# it goes, as a custom resource does.
_GIVING = frozenset({
    "AWS::ApiGateway::RestApi", "AWS::DynamoDB::Table", "AWS::EC2::Instance", "AWS::EC2::KeyPair",
    "AWS::ECR::Repository", "AWS::IAM::AccessKey", "AWS::IAM::InstanceProfile", "AWS::IAM::OIDCProvider",
    "AWS::IAM::SAMLProvider", "AWS::IAM::User", "AWS::KMS::Alias", "AWS::KMS::Key", "AWS::Lambda::Function",
    "AWS::S3::Bucket", "AWS::SNS::Subscription", "AWS::SSM::Parameter", "AWS::SecretsManager::Secret",
})  # fmt: skip


def gives_beside(difference: Difference) -> bool:
    """Whether something beside the roles comes, goes or changes by which somebody may get access."""
    if difference.is_role or difference.kind == TEXTS:
        return False
    if difference.kind in (OUTPUTS, DECLARED):
        return difference.direction.may_widen
    if difference.what == "removed":
        return _takes_away(difference)
    names = any(_HARMFUL_NAME.search(text) for change in difference.changes for text in texts_of(change))
    return names or difference.kind not in _HARMLESS


def _takes_away(difference: Difference) -> bool:
    """Whether something that goes may have kept somebody out."""
    texts = (text for change in difference.changes for text in texts_of(change))
    return difference.kind not in _HARMLESS | _GIVING or any("Deny" in text for text in texts)


def texts_of(change: Change) -> Iterator[str]:
    """Every text in a change, names of properties and keys as well."""
    if not isinstance(change, PropertyChange):
        yield "policy"
        statement = getattr(change, "statement", None)
        if isinstance(statement, Statement):
            yield from _words(statement.effect)
        elif isinstance(statement, Opaque):
            yield from _words(statement.value)
        return
    yield change.name
    for value in (change.before, change.after):
        if value is not None:
            yield from _words(value)


def _words(value: Value) -> Iterator[str]:
    for each in walk(value):
        match each:
            case str():
                yield each
            case Entries():
                yield from (key for key, _ in each.pairs)
            case Reference():
                yield f"{each.name}.{each.attribute}"
            case Call():
                yield each.function
            case _:
                pass
