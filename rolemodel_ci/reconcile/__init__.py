"""From the desired state to AWS: observe, diff, attribute, guard, apply. `pipeline` has the order on one page.

Here belong changes, plans and outcomes, and the steps that make and apply them.
Not here: the AWS API (`adapters.aws`; `ports` says what is asked of it), what is printed (`render`).
"""
