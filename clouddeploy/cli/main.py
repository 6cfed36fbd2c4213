"""The entry point: version and overview at once, everything else through typer.

The only place where errors are caught and turned into exit codes.
"""

from __future__ import annotations

import gc
import os
import sys

INTERRUPTED = 130


def main() -> None:
    """Run the command line in `sys.argv` and exit with its code."""
    try:
        _main()
    except KeyboardInterrupt:  # before there is a command to interrupt, or again while that is told
        sys.stderr.write("interrupted\n")
        sys.exit(INTERRUPTED)


def _main() -> None:
    arguments = sys.argv[1:]
    if arguments in (["--version"], ["-V"]):
        from clouddeploy import __version__

        sys.stdout.write(f"clouddeploy {__version__}\n")
    elif arguments in ([], ["--help"], ["-h"]):
        from clouddeploy.cli.commands import overview

        sys.stdout.write(overview() + "\n")
    else:
        _hurry()
        from clouddeploy.cli.run import run

        sys.exit(run(arguments))


def _hurry() -> None:
    """Leave out what a short life does not need; together an eighth of `clouddeploy compare`."""
    # Loading makes objects that stay: looking for garbage among them again and again finds none.
    gc.set_threshold(50_000, 20, 20)
    # Typer reads arguments through pydantic, whose plugins would be sought in every installed package.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
