"""What IAM policies mean: canonical policies and trust, their differences, privileges of roles.

Here belongs everything that compares or judges policies without AWS.
Not here: groups and their members (`reconcile.diff`), sentences about policies (`render`).
"""
