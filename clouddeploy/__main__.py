"""`python -m clouddeploy` is the same as the `clouddeploy` command."""

from clouddeploy.cli.main import main

main()
