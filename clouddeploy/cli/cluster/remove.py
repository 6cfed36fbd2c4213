"""`clouddeploy cluster delete|leftovers`"""

from __future__ import annotations

from clouddeploy import clusters
from clouddeploy.cli import live, options, view
from clouddeploy.cli.cluster.common import PATIENCE, Name, connect, naming, print_plan, settings_of
from clouddeploy.cli.cluster.money import print_leftovers
from clouddeploy.cli.project import seconds
from clouddeploy.progress import Progress
from clouddeploy.release.teardown import billed_inside, release_inside
from clouddeploy.seam.cluster import Cluster
from clouddeploy.seam.provider import Provider
from clouddeploy.seam.target import TargetSettings


def delete(
    to: options.To = None,
    config: options.Config = None,
    name: Name = None,
    timeout: options.Timeout = None,
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
) -> None:
    """Delete the target's cluster and everything that was made for it, last made first.

    The load balancers and volumes of what runs in it go too, and with them their data.
    """
    target, provider = connect(to, config)
    settings = settings_of(target, name)
    steps, cluster = clusters.steps_of(provider, settings), settings.cluster.name
    planned = clusters.plan_down(steps)
    if dry_run:
        print_plan(planned)
    else:
        clusters.require_possible(planned)
    listed = _own(provider, cluster)
    if listed is None and all(one.action is clusters.Action.GONE for one in planned):
        _say_there_is_none(provider, settings, name)
        return
    inside = billed_inside(provider, listed) if listed else []
    if inside:
        view.table(("DELETED WITH IT",), [(one,) for one in inside])
    if dry_run:
        view.note("nothing was changed")
        return
    view.confirm(f"delete cluster {cluster} on {settings.name} with all that runs in it?", yes=yes)
    with live.progress() as progress:
        if listed:
            _release(provider, listed, progress)
        clusters.down(steps, progress=progress, timeout=seconds(timeout, PATIENCE))
    gone = f"cluster {cluster} is gone, nothing billed stays of it"
    _say_what_stays(provider, settings, name, otherwise=gone)
    view.note("what is in the registry stays, and may be billed")
    view.next_step(f"clouddeploy images ls --to {settings.name}", why="lists it")


def leftovers(
    to: options.To = None,
    config: options.Config = None,
    name: Name = None,
    output: options.Form = options.Output.table,
) -> None:
    """List what is billed beside the cluster and outlives it: load balancers, volumes, addresses."""
    target, provider = connect(to, config)
    settings = settings_of(target, name)
    cluster = settings.cluster.name
    left = clusters.provisioner_of(provider, settings).leftovers(cluster)
    there = _own(provider, cluster)
    if there:
        state = there.state.detail or there.state.status.value
        tell = view.say if output is options.Output.table else view.note
        tell(f"cluster {cluster} is still there ({state}), and billed until deleted", style="yellow")
    if output is not options.Output.table:
        plain = [
            {
                "kind": one.kind,
                "id": one.id,
                "monthly": None if one.monthly is None else str(one.monthly),
                "detail": one.detail,
            }
            for one in left
        ]
        view.data(plain, output.value)
    elif left:
        print_leftovers(left)
    elif not there:
        view.say(f"nothing billed is left of cluster {cluster}", style="bold green")
    if there:
        view.next_step(f"clouddeploy cluster delete {naming(settings, name)}")


def _say_there_is_none(provider: Provider, settings: TargetSettings, name: str | None) -> None:
    mine = sorted(one.name for one in provider.clusters.list() if one.owned)
    others = f"; made by clouddeploy are: {', '.join(mine)}" if mine else ""
    there_is_none = f"there is no cluster {settings.cluster.name} on {settings.name}, nothing to delete"
    _say_what_stays(provider, settings, name, otherwise=f"{there_is_none}{others}")


def _say_what_stays(provider: Provider, settings: TargetSettings, name: str | None, otherwise: str) -> None:
    left = clusters.provisioner_of(provider, settings).leftovers(settings.cluster.name)
    if left:
        print_leftovers(left)
        view.next_step(f"clouddeploy cluster leftovers {naming(settings, name)}", why="shows them again")
    else:
        view.say(otherwise, style="bold green")


def _own(provider: Provider, name: str) -> Cluster | None:
    found = (one for one in provider.clusters.list() if one.name == name and one.owned)
    return next(found, None)


def _release(provider: Provider, cluster: Cluster, progress: Progress) -> None:
    reason = release_inside(provider, cluster, progress=progress)
    if reason:
        view.note(f"load balancers and volumes may stay: {reason}", style="yellow")
