"""Desired state minus live state: what has to change. Pure: the same inputs give the same plan."""
