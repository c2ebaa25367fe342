"""A second opinion on whether a change of roles widens access: nothing in here knows how rolemodel-ci decides."""
