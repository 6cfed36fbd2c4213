"""The entry point: version and overview at once, everything else through typer.

The only place where errors are caught and turned into exit codes.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line in `sys.argv` and exit with its code."""
    arguments = sys.argv[1:]
    if arguments in (["--version"], ["-V"]):
        from clouddeploy import __version__

        sys.stdout.write(f"clouddeploy {__version__}\n")
    elif arguments in ([], ["--help"], ["-h"]):
        from clouddeploy.cli.commands import overview

        sys.stdout.write(overview() + "\n")
    else:
        from clouddeploy.cli.run import run

        sys.exit(run(arguments))
