"""What a change in Git asks for: base against head, without AWS.

Here belong grants, roles and settings that differ between two commits.
Not here: what AWS holds (`reconcile`), how it is shown (`render.comment`).
"""
