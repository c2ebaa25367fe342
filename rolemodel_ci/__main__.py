"""`python -m rolemodel_ci`."""

from rolemodel_ci.cli import main

main()
