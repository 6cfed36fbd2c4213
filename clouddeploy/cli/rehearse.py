"""`clouddeploy rehearse`: the whole line against an emulated cloud, from an empty account."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from clouddeploy import plugins
from clouddeploy.app.load import load_app
from clouddeploy.app.model import App
from clouddeploy.app.select import select_targets
from clouddeploy.cli import emulated, live, options, view
from clouddeploy.errors import CloudDeployError, ConfigError, PreconditionError, TemporaryError
from clouddeploy.images.store import Store
from clouddeploy.release.build import build_app
from clouddeploy.seam.target import TargetSettings

Folders = Annotated[
    list[Path] | None, typer.Argument(help="Apps; the first one that can be built here is rehearsed.")
]
Pace = Annotated[float, typer.Option(help="Emulated seconds in a real one.", min=1)]


@dataclass(frozen=True)
class Stage:
    """One command of the rehearsal, and what its success shows."""

    arguments: tuple[str, ...]
    shows: str


@dataclass(frozen=True)
class Played:
    """A stage that was run: its exit code and its time in seconds."""

    stage: Stage
    code: int
    seconds: float


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("rehearse")(rehearse)


def rehearse(folders: Folders = None, to: options.To = None, pace: Pace = 240) -> None:
    """Build, push, make a cluster, deploy and clean up on an emulated cloud: no account needed.

    Every command is the real one with the cloud's real SDK; only the cloud is emulated, on
    loopback, with a registry and a Kubernetes API. Nothing outside this machine is touched.
    """
    project = _first_buildable(folders or [Path.cwd()])
    for target in _targets(project, to):
        _report(_rehearse(project, target, pace), project, target)


def _rehearse(project: App, target: TargetSettings, pace: float) -> list[Played]:
    with tempfile.TemporaryDirectory(prefix="clouddeploy-rehearse-") as scratch:
        view.note(f"starting an emulated {target.provider} with an empty account …")
        cloud = emulated.start(
            target.provider,
            Path(scratch) / target.provider,
            account=target.account,
            region=target.region,
            pace=pace,
            keep=False,
        )
        try:
            return _play(stages(target.name), project.root, _environment(cloud, Path(scratch)))
        finally:
            emulated.stop(cloud)


def stages(target: str) -> list[Stage]:
    """The commands of a rehearsal, in order."""
    to = ("--to", target)
    return [
        Stage(("build",), "images in the local store"),
        Stage(("push", *to), "digests read back from it"),
        Stage(("cluster", "create", *to, "--yes"), "all that it needs, nothing twice"),
        Stage(("cluster", "kubeconfig", *to), "a context that mints tokens"),
        Stage(("deploy", *to), "every replica is ready"),
        Stage(("status", *to), "what runs is what was pushed"),
        Stage(("down", *to, "--yes"), "only what was ours is gone"),
        Stage(("cluster", "delete", *to, "--yes"), "nothing billed stays of it"),
    ]


def _first_buildable(folders: Sequence[Path]) -> App:
    reasons: list[str] = []
    for folder in folders:
        project = load_app(folder.resolve())
        try:
            with live.progress() as progress:
                build_app(project, Store.default(), progress=progress)
        except (PreconditionError, TemporaryError) as error:
            reason = error.message.splitlines()[0]
            reasons.append(f"{folder}: {reason}")
            view.note(f"{folder} cannot be built here: {reason}", style="yellow")
            continue
        view.say(f"rehearsing {folder}" + (", which needs no engine" if reasons else ""), style="bold")
        return project
    raise PreconditionError(
        "none of the apps can be built here:\n  " + "\n  ".join(reasons),
        fix="install docker, podman or buildah, or use a Dockerfile without RUN",
    )


def _targets(project: App, to: Sequence[str] | None) -> list[TargetSettings]:
    """Those of --to, else the app's first that can be emulated; ConfigError for one that cannot."""
    known = plugins.names(plugins.EMULATORS)
    wanted = list(to or ()) or [n for n, t in project.targets.items() if t.settings.provider in known][:1]
    found = [one.settings for one in select_targets(project, wanted or [emulated.USUAL], plugins.names())]
    for target in found:
        if target.provider not in known:
            raise ConfigError(
                f"{target.name} cannot be rehearsed: there is no emulator of {target.provider}",
                fix=f"rehearse one of: {', '.join(known)}",
            )
    return found


def _environment(cloud: emulated.Running, scratch: Path) -> dict[str, str]:
    """The emulated cloud's variables in place of every one of the same family; no proxy, no flags of ours."""
    families = ("CLOUDDEPLOY_", *{f"{name.partition('_')[0]}_" for name in cloud.environment})
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(families) and not name.lower().endswith("_proxy")
    }
    return {**inherited, **cloud.environment, "KUBECONFIG": str(scratch / "kubeconfig")}


def _play(planned: Sequence[Stage], folder: Path, environment: Mapping[str, str]) -> list[Played]:
    played: list[Played] = []
    for stage in planned:
        view.say("\n$ clouddeploy " + " ".join(stage.arguments), style="bold cyan")
        sys.stdout.flush()
        start = time.monotonic()
        command = [sys.executable, "-m", "clouddeploy", *stage.arguments]
        code = subprocess.run(command, cwd=folder, env=dict(environment), check=False).returncode
        played.append(Played(stage, code, time.monotonic() - start))
        if code:
            break
    return played


def _report(played: Sequence[Played], project: App, target: TargetSettings) -> None:
    view.say(f"\nrehearsal of {project.name} on emulated {target.provider}", style="bold")
    view.table(("", "COMMAND", "TOOK", "SHOWN"), [_row(one) for one in played])
    failed = next((one for one in played if one.code), None)
    if failed:
        words = " ".join(failed.stage.arguments)
        error = CloudDeployError(f"the rehearsal stopped at clouddeploy {words}", fix="see its error above")
        raise error
    view.next_step(f"clouddeploy push --to {target.name}", why="the same, with your own credentials")


def _row(one: Played) -> tuple[str | Text, ...]:
    words = " ".join(word for word in one.stage.arguments if word != "--yes")
    shown = one.stage.shows if one.code == 0 else f"exit code {one.code}"
    return view.tick(one.code == 0), words, f"{one.seconds:.1f}s", shown
