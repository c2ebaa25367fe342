"""The nouns of the repository and of AWS: frozen values without behavior that touches the world.

Here belong values that more than one package needs: the desired state, the live state, problems, the applied state.
Not here: changes and plans (`reconcile`), what IAM policies mean (`iam`), anything that reads or writes.
"""
