"""`clouddeploy cluster list|show|kubeconfig`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clouddeploy.cli import options, token, view
from clouddeploy.cli.cluster.common import Name, connect, naming, settings_of
from clouddeploy.cli.project import chosen, find_app
from clouddeploy.errors import NotFoundError
from clouddeploy.release.targets import connected
from clouddeploy.seam.cluster import Cluster, Status

Kubeconfig = Annotated[
    Path | None,
    typer.Option("--kubeconfig", help="Instead of the first file of KUBECONFIG or ~/.kube/config."),
]


def list_clusters(
    to: options.To = None, config: options.Config = None, output: options.Form = options.Output.table
) -> None:
    """List the clusters that the credentials can see; * marks those that clouddeploy made."""
    targets = chosen(find_app(config, show_inferred=False), to)
    found = [
        (target.settings.name, cluster) for target in targets for cluster in connected(target).clusters.list()
    ]
    if output is not options.Output.table:
        view.data([{"target": target, **_plain(cluster)} for target, cluster in found], output.value)
        return
    view.table(
        ("TARGET", "CLUSTER", "STATE", "KUBERNETES", "ENDPOINT"),
        [
            (target, c.name + (" *" if c.owned else ""), c.state.status.value, c.version, c.endpoint)
            for target, c in found
        ],
    )
    if not found:
        view.next_step(f"clouddeploy cluster create --to {targets[0].settings.name}", why="there is none")


def show(
    to: options.To = None,
    config: options.Config = None,
    name: Name = None,
    output: options.Form = options.Output.table,
) -> None:
    """Show one cluster and the state of each resource that it is made of."""
    target, provider = connect(to, config)
    settings = settings_of(target, name)
    wanted = name or provider.cluster or settings.cluster.name
    cluster = next((c for c in provider.clusters.list() if c.name == wanted), None)
    maker = provider.provisioner if not cluster or cluster.owned else None
    steps = maker.steps(settings.cluster) if maker else ()
    parts = [(step.title, step.state()) for step in steps]
    if cluster is None and all(state.status is Status.ABSENT and not state.detail for _, state in parts):
        raise NotFoundError(
            f"there is no cluster {wanted} on {target.settings.name}",
            fix=f"clouddeploy cluster create {naming(settings, name)}",
        )
    if output is not options.Output.table:
        resources = [{"title": title, "status": s.status.value, "detail": s.detail} for title, s in parts]
        view.data(
            {**(_plain(cluster) if cluster else {"name": wanted}), "resources": resources}, output.value
        )
        return
    if cluster:
        view.table(("", ""), list(_plain(cluster).items()))
    if parts:
        view.table(("RESOURCE", "STATE", ""), [(title, s.status.value, s.detail) for title, s in parts])


def kubeconfig(
    to: options.To = None,
    config: options.Config = None,
    name: Name = None,
    namespace: options.Namespace = None,
    path: Kubeconfig = None,
    use: Annotated[bool, typer.Option("--use", help="Make it the current context.")] = False,
) -> None:
    """Write a context for kubectl that asks clouddeploy for its tokens.

    Other contexts in the file stay as they are; the file gets mode 0600.
    """
    from clouddeploy.kube.kubeconfig import default_path, merge_context

    target, provider = connect(to, config)
    cluster = name or provider.cluster or target.settings.cluster.name
    context = (
        f"{target.settings.provider}-{target.settings.region}-{cluster}"
        if target.settings.region
        else (f"{target.settings.name}-{cluster}")
    )
    command, environment = token.exec_command(target.settings, provider, cluster)
    written = merge_context(
        path or default_path(),
        context=context,
        access=provider.clusters.access(cluster),
        exec_command=command,
        exec_env=environment,
        namespace=namespace or target.namespace,
        use=use,
    )
    view.say(f"context {context} is in {written}")
    view.next_step(f"kubectl --context {context} get pods")


def _plain(cluster: Cluster) -> dict[str, str]:
    return {
        "name": cluster.name,
        "state": cluster.state.status.value,
        "kubernetes": cluster.version,
        "endpoint": cluster.endpoint,
        "made by": "clouddeploy" if cluster.owned else "somebody else",
    }
