"""Reasons to refuse a valid plan. `approve` asks all of them and is the only maker of `Approved`."""
