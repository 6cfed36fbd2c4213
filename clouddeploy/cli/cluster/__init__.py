"""`clouddeploy cluster create|list|show|kubeconfig|scale|upgrade|delete|leftovers`"""

from __future__ import annotations

import typer

from clouddeploy.cli.late import Row, add_group

ROWS = (
    Row(
        "create",
        "clouddeploy.cli.cluster.make",
        "create",
        "Make the target's cluster, or go on where an interrupted create stopped.",
    ),
    Row(
        "list",
        "clouddeploy.cli.cluster.look",
        "list_clusters",
        "List the clusters that the credentials can see; * marks those that clouddeploy made.",
    ),
    Row(
        "show",
        "clouddeploy.cli.cluster.look",
        "show",
        "Show one cluster and the state of each resource that it is made of.",
    ),
    Row(
        "kubeconfig",
        "clouddeploy.cli.cluster.look",
        "kubeconfig",
        "Write a context for kubectl that asks clouddeploy for its tokens.",
    ),
    Row(
        "scale",
        "clouddeploy.cli.cluster.change",
        "scale",
        "Give the target's cluster so many worker nodes, and wait until they are there.",
    ),
    Row(
        "upgrade",
        "clouddeploy.cli.cluster.change",
        "upgrade",
        "Bring the target's cluster to a later Kubernetes, one minor version at a time.",
    ),
    Row(
        "delete",
        "clouddeploy.cli.cluster.remove",
        "delete",
        "Delete the target's cluster and everything that was made for it, last made first.",
    ),
    Row(
        "leftovers",
        "clouddeploy.cli.cluster.remove",
        "leftovers",
        "List what is billed beside the cluster and outlives it: load balancers, volumes, addresses.",
    ),
    Row(
        "token",
        "clouddeploy.cli.token",
        "token",
        "Print a Kubernetes ExecCredential for a cluster. kubectl calls this.",
        hidden=True,
    ),
)


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    add_group(app, "cluster", "Make, see, use, change and delete clusters.", ROWS)
