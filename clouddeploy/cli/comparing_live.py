"""What `compare --live` asks the targets' accounts and clusters, and how it is shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from clouddeploy.app.load import describes_app
from clouddeploy.app.model import ALL, App, Target
from clouddeploy.cli import view
from clouddeploy.cli.project import chosen, find_app
from clouddeploy.errors import CloudDeployError, ConfigError, ForeignResourceError, NotFoundError
from clouddeploy.prices.allocatable import Room
from clouddeploy.prices.live import Live
from clouddeploy.seam.provider import Provider


def ask(app: App | None, to: Sequence[str] | None, config: Path | None) -> tuple[Live, ...]:
    """Every target that answers; ConfigError when there is none to ask."""
    targets = _targets(app, to, config)
    if not targets:
        raise ConfigError("there is no target to ask", fix="name one: --live --to aws")
    return tuple(_asked(targets))


def _targets(app: App | None, to: Sequence[str] | None, config: Path | None) -> list[Target]:
    if app is None and (config or describes_app(Path.cwd())):
        app = find_app(config, show_inferred=False)
    here = Path.cwd()
    app = app or App("app", here, here, (), {})
    return chosen(app, to or [ALL]) if to or app.targets else []


def _asked(targets: Sequence[Target]) -> Iterator[Live]:
    from clouddeploy.release.targets import connected

    for target in targets:
        name = target.settings.name
        try:
            yield _read(target, connected(target))
        except CloudDeployError as error:
            view.note(f"{name} was not asked: {error.message}", style="yellow")


def _read(target: Target, provider: Provider) -> Live:
    """What the account offers, and what its cluster leaves to pods where there is one."""
    from clouddeploy.kube.capacity import capacity
    from clouddeploy.kube.client import connect
    from clouddeploy.release.deploy import access

    settings, asked = target.settings, provider.inventory
    machines = {one.name: one for one in asked.machines()} if asked else {}
    quotas = tuple(asked.quotas()) if asked else ()
    region = settings.region or ""
    found = Live(settings.name, settings.provider, region, machines, quotas)
    try:
        reached = access(target, provider)
    except (NotFoundError, ForeignResourceError):  # nodes of others say nothing about ours
        return found
    with connect(reached) as kube:
        told = capacity(kube)
    rooms = {name: Room(one.cpu, one.memory, one.pods) for name, one in told.machines.items()}
    daemons = Room(told.daemons.cpu, told.daemons.memory, told.daemons.pods)
    return Live(settings.name, settings.provider, region, machines, quotas, rooms, daemons, told.nodes)


def show(live: Sequence[Live]) -> None:
    """What each target said."""
    view.say("\nlive", style="bold")
    for one in live:
        types = f"{len(one.machines)} machine types on offer" if one.machines else "machine types not told"
        nodes = f", {one.nodes} nodes" if one.nodes else ", no cluster yet"
        view.say(f"{one.target}: {types}{nodes}")
        for name, room in one.rooms.items():
            view.say(f"  {name} leaves {room.cpu}m, {room.memory}Mi, {room.pods} pods")
        if one.daemons and one.nodes:
            view.say(f"  DaemonSets take {one.daemons.cpu}m, {one.daemons.memory}Mi, {one.daemons.pods} pods")
        for quota in one.quotas:
            most = "not told" if quota.limit is None else quota.limit
            used = "" if quota.used is None else f", {quota.used} used"
            view.say(f"  quota: {most} {quota.what}{used}")
