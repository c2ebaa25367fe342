"""The only code that touches the world: AWS, GitHub, Git, the terminal, processes.

Here belong translations: calls to values, errors to `RolemodelError` with a remedy.
Not here: decisions.
"""
