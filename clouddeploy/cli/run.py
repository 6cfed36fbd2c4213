"""Run one command: load its module alone, catch what it raises, return its exit code."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module

import typer

from clouddeploy.cli import view
from clouddeploy.cli.aim import aimed, target_of
from clouddeploy.cli.commands import COMMANDS, overview
from clouddeploy.cli.main import INTERRUPTED
from clouddeploy.errors import CloudDeployError, ConfigError
from clouddeploy.seam.secret import redact

_GOES_ON = "the same command goes on where this one stopped"


def run(arguments: Sequence[str]) -> int:
    """The exit code of `clouddeploy ARGUMENTS`; errors are printed, not raised."""
    debug = "--debug" in arguments or os.environ.get("CLOUDDEPLOY_DEBUG", "") not in ("", "0")
    words = [word for word in arguments if word != "--debug"]
    try:
        return _call(words)
    except CloudDeployError as error:
        if debug:
            sys.stderr.write(redact(traceback.format_exc()))
        error.fix = aimed(error.fix, target_of(words))
        view.failure(error)
        return error.exit_code
    except KeyboardInterrupt as error:
        # A command that would mean something else the next time says which one goes on.
        view.note(f"interrupted; {error.args[0] if error.args else _GOES_ON}")
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except Exception as error:
        if debug:
            sys.stderr.write(redact(traceback.format_exc()))
        view.failure(_unforeseen(error))
        return 1


def application(wanted: str | None = None) -> typer.Typer:
    """The typer application, with one command or with all of them."""
    app = typer.Typer(
        name="clouddeploy",
        help=overview().splitlines()[2],
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(lambda: None)
    for command in COMMANDS:
        if wanted in (None, command.name):
            import_module(command.module).register(app)
    return app


def _call(words: Sequence[str]) -> int:
    completing = "_CLOUDDEPLOY_COMPLETE" in os.environ
    name = next((word for word in words if not word.startswith("-")), None)
    if name and not completing and name not in {command.name for command in COMMANDS}:
        raise _unknown(name)
    try:
        application(None if completing else name)(args=list(words), prog_name="clouddeploy")
    except SystemExit as end:
        if stop := _interruption(end):
            raise stop from None
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def _interruption(end: BaseException) -> KeyboardInterrupt | None:
    """The Ctrl-C behind an exit: typer makes one of it, without a word."""
    found: BaseException | None = end
    while found:
        if isinstance(found, KeyboardInterrupt):
            return found
        found = found.__cause__ or found.__context__
    return None


def _unknown(name: str) -> ConfigError:
    import difflib

    near = difflib.get_close_matches(name, [command.name for command in COMMANDS], n=1)
    meant = f"; did you mean {near[0]}?" if near else ""
    return ConfigError(f"there is no command {name}{meant}", fix="clouddeploy --help")


def _unforeseen(error: Exception) -> CloudDeployError:
    return CloudDeployError(
        f"unexpected {type(error).__name__}: {error}",
        fix="run it again with --debug and report what it prints: this is a defect of clouddeploy",
    )
