"""The known ways from one set of rights in AWS to more of them: which actions they take, and who describes them.

The ways named by an id are described at https://pathfinding.cloud/paths/ID (DataDog, read at the commit
84dd65c97fc21dee54f4587be6dfd5b7b5fe320c of 2025-12-17); with those that Cloudsplaining 0.9.1 lists
(https://github.com/salesforce/cloudsplaining, `PRIVILEGE_ESCALATION_METHODS`) they are all in here. Those without an id
follow from what AWS says that the actions do:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
Only facts were taken: names of actions, and which of them belong together. docs/decisions/0021 says how it is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from rolemodel_ci.iam.privilege import Privilege

_PASSING_ANY, _ASSUMING_ANY = "iam:PassRole", "sts:AssumeRole"


class EscalationPath(NamedTuple):
    """Actions that together, on every resource, bring whoever holds them to a level."""

    privilege: Privilege
    actions: tuple[str, ...]
    ids: tuple[str, ...] = ()


# Whoever may do one of these to every user, group, role or policy can get any other right.
_IDENTITIES = {
    "iam:AddUserToGroup": "iam-013",
    "iam:AttachGroupPolicy": "iam-010",
    "iam:AttachRolePolicy": "iam-009 iam-014 iam-019",
    "iam:AttachUserPolicy": "iam-008 iam-015",
    "iam:CreateAccessKey": "iam-002 iam-003",
    "iam:CreateLoginProfile": "iam-004",
    "iam:CreatePolicyVersion": "iam-001 iam-016 iam-020",
    "iam:PutGroupPolicy": "iam-011",
    "iam:PutRolePolicy": "iam-005 iam-017 iam-021",
    "iam:PutUserPolicy": "iam-007 iam-018",
    "iam:SetDefaultPolicyVersion": "",
    "iam:UpdateAssumeRolePolicy": "iam-012",
    "iam:UpdateLoginProfile": "iam-006",
}

ON_ITSELF = ("iam:AttachRolePolicy", "iam:PutRolePolicy")
"""Those of them that are enough if they are allowed on the role itself."""
ON_ITS_POLICIES = ("iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion")
"""Those of them that are enough if they are allowed on a policy that the role has."""

ON_OTHERS = ("iam:UpdateAssumeRolePolicy",)
"""Those of them that make another role one's own, if they are allowed on it."""

# What a role that may be passed can be passed to, by those who then act with its rights. Passing any role is a level of
# its own without them, for somebody else may do the rest.
_PASSING = {
    "airflow:CreateEnvironment": "",
    "apprunner:CreateService": "apprunner-001",
    "batch:RegisterJobDefinition batch:SubmitJob": "",
    "bedrock-agentcore:CreateCodeInterpreter bedrock-agentcore:StartCodeInterpreterSession"
    " bedrock-agentcore:InvokeCodeInterpreter": "bedrock-001",
    "cloudformation:CreateStack": "cloudformation-001",
    "cloudformation:CreateStackSet cloudformation:CreateStackInstances": "cloudformation-003",
    "cloudformation:UpdateStackSet": "cloudformation-004",
    "codebuild:CreateProject codebuild:StartBuild": "codebuild-001",
    "codebuild:CreateProject codebuild:StartBuildBatch": "codebuild-004",
    "codepipeline:CreatePipeline": "",
    "cognito-identity:SetIdentityPoolRoles": "",
    "datapipeline:CreatePipeline datapipeline:PutPipelineDefinition datapipeline:ActivatePipeline": "datapipeline-001",
    "ec2:AssociateIamInstanceProfile": "",
    "ec2:ReplaceIamInstanceProfileAssociation": "",
    "ec2:RequestSpotInstances": "ec2-003",
    "ec2:RunInstances": "ec2-001",
    "ecs:RegisterTaskDefinition ecs:CreateService": "ecs-001 ecs-003",
    "ecs:RegisterTaskDefinition ecs:RunTask": "ecs-002 ecs-004",
    "ecs:RegisterTaskDefinition ecs:StartTask": "ecs-005",
    "ecs:RegisterTaskDefinition ecs:UpdateService": "",
    "elasticmapreduce:RunJobFlow": "",
    "glue:CreateDevEndpoint": "glue-001",
    "glue:CreateJob glue:CreateTrigger": "glue-004",
    "glue:CreateJob glue:StartJobRun": "glue-003",
    "glue:CreateSession glue:RunStatement": "",
    "glue:UpdateJob glue:CreateTrigger": "glue-006",
    "glue:UpdateJob glue:StartJobRun": "glue-005",
    "lambda:CreateFunction lambda:AddPermission": "lambda-006",
    "lambda:CreateFunction lambda:CreateEventSourceMapping": "lambda-002",
    "lambda:CreateFunction lambda:InvokeFunction": "lambda-001",
    "rolesanywhere:CreateProfile": "",
    "sagemaker:CreateNotebookInstance": "sagemaker-001",
    "sagemaker:CreateProcessingJob": "sagemaker-003",
    "sagemaker:CreateTrainingJob": "sagemaker-002",
    "scheduler:CreateSchedule": "",
    "ssm:StartAutomationExecution": "",
    "states:CreateStateMachine states:StartExecution": "",
}

# What runs with the rights of another role, and can be made to do what its caller wants.
_RUNNING = {
    "airflow:CreateCliToken": "",
    "airflow:CreateWebLoginToken": "",
    "apprunner:UpdateService": "apprunner-002",
    "bedrock-agentcore:StartCodeInterpreterSession bedrock-agentcore:InvokeCodeInterpreter": "bedrock-002",
    "cloudformation:CreateChangeSet cloudformation:ExecuteChangeSet": "cloudformation-005",
    "cloudformation:UpdateStack": "cloudformation-002",
    "cloudformation:UpdateStackSet": "",
    "codebuild:StartBuild": "codebuild-002",
    "codebuild:StartBuildBatch": "codebuild-003",
    "codebuild:UpdateProject": "",
    "codedeploy:CreateDeployment": "",
    "ec2-instance-connect:SendSSHPublicKey": "ec2instanceconnect-003",
    "ec2-instance-connect:SendSerialConsoleSSHPublicKey": "",
    "ec2:CreateLaunchTemplateVersion ec2:ModifyLaunchTemplate": "ec2-004",
    "ec2:ModifyInstanceAttribute ec2:StopInstances ec2:StartInstances": "ec2-002",
    "ecs:ExecuteCommand": "",
    "eks:CreateAccessEntry eks:AssociateAccessPolicy": "",
    "elasticmapreduce:AddJobFlowSteps": "",
    "glue:UpdateDevEndpoint": "glue-002",
    "lambda:UpdateFunctionCode": "lambda-003 lambda-004 lambda-005",
    "lambda:UpdateFunctionConfiguration": "",
    "sagemaker:CreateNotebookInstanceLifecycleConfig sagemaker:StopNotebookInstance"
    " sagemaker:UpdateNotebookInstance sagemaker:StartNotebookInstance": "sagemaker-005",
    "sagemaker:CreatePresignedDomainUrl": "",
    "sagemaker:CreatePresignedNotebookInstanceUrl": "sagemaker-004",
    "ssm:CreateAssociation": "",
    "ssm:SendCommand": "ssm-002",
    "ssm:StartAutomationExecution": "",
    "ssm:StartSession": "ssm-001",
    "states:UpdateStateMachine": "",
}

# What lifts a limit of rights, lets others in, or gives rights in other accounts of the organization.
_LIFTING = (
    "account-access:CreateEntitlement",
    "iam:AddClientIDToOpenIDConnectProvider",
    "iam:DeleteRolePermissionsBoundary",
    "iam:DeleteRolePolicy",
    "iam:DeleteUserPermissionsBoundary",
    "iam:DetachRolePolicy",
    "iam:PutRolePermissionsBoundary",
    "iam:PutUserPermissionsBoundary",
    "iam:UpdateOpenIDConnectProviderThumbprint",
    "iam:UpdateSAMLProvider",
    "identitystore:CreateGroupMembership",
    "organizations:DeletePolicy",
    "organizations:DetachPolicy",
    "organizations:DisablePolicyType",
    "organizations:UpdatePolicy",
    "rolesanywhere:CreateTrustAnchor",
    "rolesanywhere:UpdateTrustAnchor",
    "sso-directory:AddMemberToGroup",
    "sso:AttachCustomerManagedPolicyReferenceToPermissionSet",
    "sso:AttachManagedPolicyToPermissionSet",
    "sso:CreateAccountAssignment",
    "sso:DeletePermissionsBoundaryFromPermissionSet",
    "sso:PutInlinePolicyToPermissionSet",
    "sts:AssumeRoot",
)


def _ways() -> Iterator[EscalationPath]:
    for action, ids in _IDENTITIES.items():
        yield EscalationPath(Privilege.IDENTITIES, (action,), tuple(ids.split()))
    yield EscalationPath(Privilege.PASSING, (_PASSING_ANY,))
    for actions, ids in _PASSING.items():
        yield EscalationPath(Privilege.PASSING, (_PASSING_ANY, *actions.split()), tuple(ids.split()))
    for actions, ids in _RUNNING.items():
        yield EscalationPath(Privilege.BORROWING, tuple(actions.split()), tuple(ids.split()))
    for action in _LIFTING:
        yield EscalationPath(Privilege.BORROWING, (action,))
    yield EscalationPath(Privilege.CHAINING, (_ASSUMING_ANY,), ("sts-001",))


WAYS = tuple(_ways())
"""Every known way."""

IDENTITY_ACTIONS = tuple(_IDENTITIES)
"""The actions by which whoever has them on everything can give any right."""

ACTIONS = tuple(sorted({action for way in WAYS for action in way.actions}))
"""Every action that is part of a way, as AWS spells it."""
