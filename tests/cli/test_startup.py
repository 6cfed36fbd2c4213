"""Starting costs nearly nothing: the overview and the version need no library at all."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from clouddeploy import __version__
from clouddeploy.cli import cluster, images, registry
from clouddeploy.cli.commands import COMMANDS, overview
from clouddeploy.cli.late import Row, load
from clouddeploy.cli.run import application

HEAVY = {
    "boto3",
    "botocore",
    "lightkube",
    "httpx2",
    "jinja2",
    "moto",
    "pydantic",
    "rich",
    "typer",
    "urllib3",
    "yaml",
}
SDKS = {"boto3", "botocore", "moto", "lightkube"}


def modules_after(*arguments: str) -> set[str]:
    """The top-level modules that a run of the command line has imported."""
    code = (
        "import atexit, json, sys\n"
        "def loaded(): return sorted({name.split('.')[0] for name in sys.modules})\n"
        "atexit.register(lambda: sys.stderr.write(json.dumps(loaded())))\n"
        f"sys.argv = ['clouddeploy', *{list(arguments)!r}]\n"
        "from clouddeploy.cli.main import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize("arguments", [(), ("--version",), ("-V",), ("--help",), ("-h",)])
def test_version_and_overview_import_no_library(arguments: tuple[str, ...]) -> None:
    assert not modules_after(*arguments) & HEAVY


@pytest.mark.parametrize("command", [command.name for command in COMMANDS])
def test_help_of_a_command_imports_no_sdk(command: str) -> None:
    assert not modules_after(command, "--help") & SDKS


@pytest.mark.parametrize(
    "arguments", [("images", "--help"), ("images", "copy", "--help"), ("registry", "--help")]
)
def test_what_needs_no_kubernetes_imports_none(arguments: tuple[str, ...]) -> None:
    assert not modules_after(*arguments) & (SDKS | {"yaml", "httpx2", "jinja2"})


@pytest.mark.parametrize("row", [*images.ROWS, *registry.ROWS, *cluster.ROWS], ids=lambda row: row.module)
def test_a_group_says_of_a_command_what_the_command_says(row: Row) -> None:
    command = load(row)
    assert command.name == row.name
    assert command.help.splitlines()[0] == row.help
    assert command.hidden is row.hidden


def test_a_command_of_a_group_is_called_with_its_options() -> None:
    done = CliRunner().invoke(application("images"), ["images", "copy", "--help"])
    assert "--from" in done.output
    unknown = CliRunner().invoke(application("images"), ["images", "cpoy"])
    assert unknown.exit_code == 2
    assert "No such command 'cpoy'" in unknown.output


def test_version_is_the_packages() -> None:
    done = subprocess.run([sys.executable, "-m", "clouddeploy", "--version"], capture_output=True, text=True)
    assert done.stdout == f"clouddeploy {__version__}\n"


def test_overview_fits_80_columns_and_names_every_command() -> None:
    text = overview()
    assert max(len(line) for line in text.splitlines()) <= 80
    assert all(f"  {command.name} " in text for command in COMMANDS)


def test_overview_and_application_know_the_same_commands() -> None:
    app = application()
    names = {command.name for command in app.registered_commands} | {g.name for g in app.registered_groups}
    assert names == {command.name for command in COMMANDS}


def test_unknown_command_names_the_nearest() -> None:
    done = subprocess.run([sys.executable, "-m", "clouddeploy", "pusch"], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr == "error: there is no command pusch; did you mean push?\n  fix: clouddeploy --help\n"


def test_unknown_option_is_a_usage_error() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "clouddeploy", "push", "--nope"], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
