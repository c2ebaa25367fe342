"""What the container runs in GitHub Actions: one module for each kind of event.

Here belong the steps of `rolemodel-ci ci` and what they publish.
Not here: the command line for people (`cli`), GitHub's API (`adapters.github`), sentences (`render.comment`).
"""
