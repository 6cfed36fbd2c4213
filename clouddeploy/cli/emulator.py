"""`clouddeploy emulator up|down|status`: emulated clouds that stay while you work."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated
from urllib.request import getproxies_environment

import typer

from clouddeploy.cli import emulated, view
from clouddeploy.errors import NotFoundError

Cloud = Annotated[
    str,
    typer.Option(
        "--cloud",
        envvar="CLOUDDEPLOY_CLOUD",
        help="Which cloud to emulate; a,b or all for several in one process.",
    ),
]
Pace = Annotated[float, typer.Option(help="Emulated seconds in a real one.", min=0.1)]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(no_args_is_help=True, help="Emulated clouds on loopback, for any client.")
    group.command("up")(up)
    group.command("down")(down)
    group.command("status")(status)
    group.command("run", hidden=True)(run)
    app.add_typer(group, name="emulator")


def up(
    cloud: Cloud = emulated.USUAL, account: str | None = None, region: str | None = None, pace: Pace = 60
) -> None:
    """Start emulated clouds and print the variables that point any client at them.

    Use it as: eval "$(clouddeploy emulator up)"
    """
    running = emulated.find(cloud)
    if running is None:
        running = emulated.start(
            cloud, emulated.home(cloud), account=account, region=region, pace=pace, keep=True
        )
    for name, value in {**running.environment, **_past_proxies()}.items():
        view.secret_result(f"export {name}={shlex.quote(value)}")
    view.note(f"emulated {cloud} runs as process {running.pid}; its credentials work only here")
    bundles = sorted(name for name in running.environment if name.endswith("_CA_BUNDLE"))
    if bundles:
        view.note(f"so that they go nowhere else, {' and '.join(bundles)} let this shell trust no other host")
    view.next_step(f"clouddeploy emulator down{_named(cloud)}", why="ends it")


def down(cloud: Cloud = emulated.USUAL) -> None:
    """End an emulated cloud and forget what was in it."""
    running = emulated.find(cloud)
    if running is None:
        view.note(f"no emulated {cloud} is running")
        for other in emulated.all_running():
            view.next_step(f"clouddeploy emulator down{_named(other.cloud)}", why="this one is")
        return
    emulated.stop(running)
    view.say(f"emulated {cloud} ended")
    view.next_step(f"unset {' '.join(running.environment)}", why="in a shell that has its variables")


def status() -> None:
    """Show which emulated clouds run."""
    running = emulated.all_running()
    view.table(("CLOUD", "PROCESS", "SINCE"), [(one.cloud, str(one.pid), one.since) for one in running])
    if not running:
        view.next_step('eval "$(clouddeploy emulator up)"', why="none is running")


def run(
    cloud: str,
    directory: Path,
    account: str | None = None,
    region: str | None = None,
    pace: float = 60,
) -> None:
    """Serve in the foreground until standard input closes or SIGTERM; prints its variables as JSON."""
    if not directory.is_dir():
        raise NotFoundError(f"{directory} is not a folder", fix="clouddeploy emulator up makes one")
    emulated.serve(cloud, directory, account=account, region=region, pace=pace)


def _named(cloud: str) -> str:
    """The option that names a cloud; nothing for the one that is meant without it."""
    return "" if cloud == emulated.USUAL else f" --cloud {cloud}"


def _past_proxies() -> dict[str, str]:
    """Where the shell has proxies: its exceptions from them, and loopback, which no proxy can reach."""
    proxies = getproxies_environment()
    if set(proxies) <= {"no"}:
        return {}
    past = [name for name in proxies.get("no", "").split(",") if name]
    value = ",".join(dict.fromkeys([*past, "127.0.0.1", "localhost"]))
    return {"NO_PROXY": value, "no_proxy": value}
