"""What has to happen inside a cluster before the cloud deletes it."""

from __future__ import annotations

from clouddeploy.errors import CloudDeployError
from clouddeploy.progress import SILENT, Progress
from clouddeploy.seam.cluster import Cluster, Status
from clouddeploy.seam.provider import Provider


def billed_inside(provider: Provider, cluster: Cluster) -> list[str]:
    """The load balancers and volumes that deleting the cluster will take away: "Service shop/web", ….

    Empty for a cluster that cannot be asked.
    """
    from clouddeploy.kube.billed import find_billed
    from clouddeploy.kube.client import connect

    if cluster.state.status is not Status.READY:
        return []
    try:
        with connect(provider.clusters.access(cluster.name)) as kube:
            return [str(one) for one in find_billed(kube)]
    except CloudDeployError:
        return []


def release_inside(provider: Provider, cluster: Cluster, *, progress: Progress = SILENT) -> str | None:
    """Give back the load balancers and volumes of our own cluster, while its controllers still run.

    Returns why that did not succeed, None when it did. It is no reason not to delete the
    cluster: what stays is a leftover and is listed as one.
    """
    from clouddeploy.kube.billed import release_billed
    from clouddeploy.kube.client import connect

    if cluster.state.status is not Status.READY:
        return f"the cluster is {cluster.state.detail or cluster.state.status.value}"
    try:
        with connect(provider.clusters.access(cluster.name)) as kube:
            release_billed(kube, progress=progress)
    except CloudDeployError as error:
        return error.message
    return None
