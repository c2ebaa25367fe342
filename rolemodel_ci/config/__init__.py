"""The three files of an access repository to one desired state, or to everything that is wrong with them.

Here belong the loader, the JSON Schemas' interpreter and the user map's reader.
Not here: rules that need more than one file (`checks`).
"""
