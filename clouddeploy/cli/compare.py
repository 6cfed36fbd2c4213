"""`clouddeploy compare`"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from clouddeploy.app.model import App
from clouddeploy.cli import compare_options as given
from clouddeploy.cli import compared, options, view
from clouddeploy.errors import ConfigError
from clouddeploy.prices import cache, regions, units
from clouddeploy.prices.assume import assuming
from clouddeploy.prices.catalog import Catalog
from clouddeploy.prices.compare import compare as compare_clouds
from clouddeploy.prices.demand import Demand, Wishes, from_app, from_sizes, with_images
from clouddeploy.prices.live import Live
from clouddeploy.prices.offers import Comparison

if TYPE_CHECKING:
    from clouddeploy.prices.against import Change

Sized = Callable[[Demand], Demand]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("compare")(compare)


def compare(
    config: options.Config = None,
    cpus: given.Cpus = None,
    memory: given.Memory = None,
    replicas: given.Replicas = None,
    disk: given.Disk = None,
    lb: given.Lb = None,
    egress: given.Egress = None,
    registry_gb: given.RegistryGb = None,
    region: given.Region = None,
    arch: given.ArchOf = given.Arch.amd64,
    spot: given.Spot = False,
    commit: given.Commit = None,
    ha: given.Ha = False,
    private: given.Private = False,
    sla: given.Sla = None,
    kubernetes: given.Kubernetes = None,
    machine: given.MachineOf = None,
    surge: given.Surge = True,
    first: given.First = True,
    auto: given.Auto = False,
    assume: given.Assume = None,
    live: given.LiveToo = False,
    to: options.To = None,
    explain: given.Explain = None,
    against: given.Against = None,
    html: given.Html = None,
    verbose: given.Verbose = False,
    output: given.Form = given.Format.table,
) -> None:
    """Show what the app would cost per month on each cloud, and what it would get.

    Works offline, without an account. Sizes come from the app in this folder, or from flags such as
    --cpus, --memory and --replicas. An unknown price is counted as unknown, never as 0.
    """
    if explain and against:
        raise ConfigError(
            "--explain prints one comparison, --against compares two", fix="leave out one of them"
        )
    if spot and commit:
        raise ConfigError("spot nodes cannot be committed to", fix="leave out --spot or --commit")
    sized = _extras(disk or (), lb, egress, registry_gb)
    flags = cpus or memory or replicas is not None
    app = None if flags or (sized is not _as_it_is and not _app_here(config)) else _app(config)
    asked = _asked(app, to, config) if live else ()
    wishes = Wishes(
        region=region or regions.told(asked),
        arch=arch.value,
        spot=spot,
        ha=ha,
        private=private,
        sla=units.percent(sla) if sla else None,
        version=units.minor(kubernetes) if kubernetes else None,
        surge=surge,
        first=first,
        commit=commit.value if commit else None,
        auto=auto,
        machines=_machines(machine or ()),
    )
    demand = _demand(app) if app else _sizes(cpus, memory, replicas)
    found = compare_clouds(sized(demand), wishes, _catalog(), assuming(assume or ()), asked)
    changed = _changed(app, found, against, sized, config) if against else ()
    if html:
        _write(html, found)
    if explain:
        compared.explain(found, explain, output.value)
    else:
        _print(found, changed, against or "", output, verbose)


def _app_here(config: Path | None) -> bool:
    # late, as all that reads an app: sizes from flags need none of it
    from clouddeploy.app.load import describes_app

    return config is not None or describes_app(Path.cwd())


def _asked(app: App | None, to: Sequence[str] | None, config: Path | None) -> tuple[Live, ...]:
    from clouddeploy.cli.comparing_live import ask

    return ask(app, to, config)


def _demand(app: App, of: App | None = None) -> Demand:
    """What an app asks for, with the images of `of`, else its own, that are known here."""
    from clouddeploy.cli.project import image_sizes

    return from_app(app, image_sizes(of or app))


def _catalog() -> Catalog:
    catalog, problems = cache.load()
    for problem in problems:
        view.note(problem, style="yellow")
    return catalog


def _app(config: Path | None) -> App:
    if not _app_here(config):
        raise ConfigError(
            "no app in this folder and no sizes",
            fix="clouddeploy compare --cpus 500m --memory 512Mi --replicas 3",
        )
    from clouddeploy.cli.project import find_app

    return find_app(config, show_inferred=False)


def _sizes(cpus: str | None, memory: str | None, replicas: int | None) -> Demand:
    return from_sizes(units.cpu(cpus) if cpus else None, units.memory(memory) if memory else None, replicas)


def _extras(disk: Sequence[str], lb: int | None, egress: str | None, registry_gb: str | None) -> Sized:
    """What flags say about the rest of the app, in place of what the app says."""
    if not disk and lb is None and egress is None and registry_gb is None:
        return _as_it_is
    if lb is not None and lb < 0:
        raise ConfigError(f"--lb: there cannot be {lb} load balancers", fix="--lb 0 or more")
    volumes = tuple(units.disk(one) for one in disk)
    sent = None if egress is None else units.amount(egress, "--egress")
    kept = None if registry_gb is None else units.amount(registry_gb, "--registry-gb")

    def sized(demand: Demand) -> Demand:
        changed = replace(
            demand,
            volumes=volumes or demand.volumes,
            load_balancers=demand.load_balancers if lb is None else lb,
            egress_gb=demand.egress_gb if sent is None else sent,
        )
        return changed if kept is None else with_images(changed, kept)

    return sized


def _as_it_is(demand: Demand) -> Demand:
    return demand


def _machines(pinned: Sequence[str]) -> dict[str, str]:
    found = {}
    for one in pinned:
        cloud, _, name = one.partition("=")
        if not name:
            raise ConfigError(f"--machine: {one} names no cloud", fix="write it as --machine aws=t3.medium")
        found[compared.cloud_named(cloud)] = name
    return found


def _changed(
    app: App | None, now: Comparison, revision: str, sized: Sized, config: Path | None
) -> tuple[Change, ...]:
    if app is None:
        raise ConfigError(
            "--against needs an app in this folder", fix="leave out --cpus, --memory, --replicas"
        )
    from clouddeploy.prices.against import app_at, changes

    # of a file that was named the name counts: the path is one from here, perhaps an absolute one
    named = app.source.name if config else None
    before = sized(_demand(app_at(app.root, revision, named), app))
    return changes(compare_clouds(before, now.wishes, now.catalog, now.assumed, now.live), now)


def _print(
    found: Comparison, changed: Sequence[Change], revision: str, output: given.Format, verbose: bool
) -> None:
    if output is given.Format.markdown:
        from clouddeploy.prices.markdown import markdown

        view.result(markdown(found, changed, revision))
    elif output is given.Format.table:
        compared.table(found, changed, revision, verbose=verbose)
    else:
        view.data(compared.data(found, changed, revision), output.value)
    if not any(lane.offers for lane in found.lanes):
        raise _nobody(found)


def _nobody(found: Comparison) -> ConfigError:
    """Where only the catalogue ends, a cloud may well have what was asked for."""
    if any(one.too_small for lane in found.lanes for one in lane.unfit):
        return ConfigError(
            "no machine type that is known here runs this",
            fix="clouddeploy prices refresh, which reads of more types, or ask for less",
        )
    return ConfigError("no cloud can run this", fix="ask for less, or for another region")


def _write(path: Path, found: Comparison) -> None:
    from clouddeploy.prices.report import report

    try:
        path.write_text(report(found), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}", fix="name another file") from error
    view.note(f"written: {path}")
