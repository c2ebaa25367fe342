"""Git: the access repository as a directory, as commits, and as a history."""
