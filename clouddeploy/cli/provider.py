"""`clouddeploy provider list|show|test|new`"""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from clouddeploy import plugins
from clouddeploy.cli import options, view
from clouddeploy.errors import CloudDeployError, ConfigError, MissingToolError

Provider = Annotated[str, typer.Argument(metavar="NAME", help="The provider's name.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(no_args_is_help=True, help="The clouds that clouddeploy can talk to.")
    group.command("list")(list_providers)
    group.command("show")(show)
    group.command("test")(conform)
    group.command("new")(new)
    app.add_typer(group, name="provider")


def list_providers(output: options.Form = options.Output.table) -> None:
    """List the providers: whether their packages are installed, and which can be rehearsed."""
    emulated = plugins.names(plugins.EMULATORS)
    found = [plugins.describe(name) for name in plugins.names()]
    if output is not options.Output.table:
        view.data([{**_plain(one), "rehearsed": one.name in emulated} for one in found], output.value)
        return
    rows = [
        (
            view.tick(not one.missing),
            one.name,
            "yes" if one.name in emulated else "no",
            one.install if one.missing else "installed",
        )
        for one in found
    ]
    view.table(("", "PROVIDER", "REHEARSED", "PACKAGES"), rows)


def show(name: Provider, output: options.Form = options.Output.table) -> None:
    """Show what a provider can do and where it comes from; asks its cloud nothing."""
    one = plugins.describe(name)
    abilities = plugins.abilities(name)
    if output is not options.Output.table:
        view.data({**_plain(one), "abilities": dict(abilities)}, output.value)
        return
    view.say(f"{one.name}   {one.package} {one.version}".rstrip(), style="bold")
    view.table(("", "ABILITY"), [(view.tick(has), ability) for ability, has in abilities.items()])
    if one.missing:
        view.next_step(one.install, why=f"missing: {', '.join(one.missing)}")


def conform(
    name: Provider,
    rig: Annotated[
        str | None,
        typer.Option("--rig", metavar="MODULE:ATTRIBUTE", help="Instead of the plug-in's own rig."),
    ] = None,
    only: Annotated[
        str | None,
        typer.Option("-k", metavar="EXPRESSION", help="Only tests whose names match, as in pytest."),
    ] = None,
) -> None:
    """Run the conformance suite over a provider: what every provider must do, against its emulated cloud."""
    plugins.describe(name)
    chosen = rig or plugins.rig(name)
    if chosen is None:
        raise ConfigError(
            f"the provider {name} brings no rig for the conformance suite",
            fix=f"name one with --rig module:attribute, or in the entry point group {plugins.RIGS}",
        )
    for tool in ("pytest", "cheroot"):
        if find_spec(tool) is None:
            raise MissingToolError(f"the suite needs {tool}", fix="pip install 'clouddeploy[conformance]'")
    suite = Path(__file__).parents[1] / "conformance"
    command = [sys.executable, "-m", "pytest", "-q", str(suite), "-c", str(suite / "pytest.ini")]
    command += ["--rig", chosen, "--provider", name, *(["-k", only] if only else [])]
    paths = [entry for entry in (str(Path.cwd()), os.environ.get("PYTHONPATH")) if entry]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    if subprocess.run(command, env=environment, check=False).returncode:
        raise CloudDeployError(f"{name} does not conform", fix="see the failures above")
    view.say(f"{name} conforms", style="bold green")


def new(
    name: Provider,
    folder: Annotated[Path, typer.Option("--folder", help="Where to make clouddeploy-NAME.")] = Path(),
) -> None:
    """Write a plug-in that works and passes the suite, to be filled with a cloud of your own."""
    from clouddeploy.scaffold import write_plugin

    made = write_plugin(name, folder)
    view.say(f"{made} is a provider that works on an emulated cloud")
    view.next_step(f"pip install -e '{made}[test]'")
    view.next_step(f"clouddeploy provider test {name}")


def _plain(one: plugins.Plugin) -> dict[str, object]:
    return {
        "name": one.name,
        "package": one.package,
        "version": one.version,
        "missing": list(one.missing),
        "install": one.install,
    }
