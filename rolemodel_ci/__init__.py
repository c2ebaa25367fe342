"""Who may switch into which role of which AWS account, decided in a Git repository."""

__version__ = "0.9.0"
