"""What a CloudFormation template means: parse it, evaluate it for one account, find its roles.

Here belong intrinsic functions, conditions, parameters and resources.
Not here: what IAM makes of a policy (`iam`), how a stack is deployed (`reconcile`).
"""
