"""Which clusters may be made and deleted: the target's own, and only those."""

from __future__ import annotations

from collections.abc import Sequence

from clouddeploy.errors import ConfigError, ForeignResourceError, NotFoundError
from clouddeploy.seam.cluster import Cluster, Provisioner, Step
from clouddeploy.seam.provider import Provider
from clouddeploy.seam.target import TargetSettings


def steps_of(provider: Provider, target: TargetSettings) -> Sequence[Step]:
    """The steps of the target's own cluster. Raises ConfigError as `provisioner_of`."""
    return provisioner_of(provider, target).steps(target.cluster)


def next_version(provider: Provider, target: TargetSettings) -> str:
    """The version to which the target's own cluster would be upgraded next. Raises as `upgrade_steps`."""
    provisioner = provisioner_of(provider, target)
    return provisioner.next_version(_own(provider, target).name)


def upgrade_steps(provider: Provider, target: TargetSettings, version: str) -> Sequence[Step]:
    """The steps that bring the target's own cluster to `version`.

    Raises ConfigError as `provisioner_of`, NotFoundError when the cluster is not there and
    ForeignResourceError when it is not ours.
    """
    provisioner = provisioner_of(provider, target)
    return provisioner.upgrade(_own(provider, target).name, version)


def scale_steps(provider: Provider, target: TargetSettings, count: int) -> Sequence[Step]:
    """The steps that give the target's own cluster `count` nodes.

    Raises as `upgrade_steps`, and ConfigError when the provider's nodes are not counted.
    """
    provisioner_of(provider, target)
    if provider.nodes is None:
        raise ConfigError(
            f"{provider.name} makes and removes nodes as the pods need them: there is no number to set",
            fix="change the services' replicas or resources, and the nodes follow",
        )
    return provider.nodes.scale(_own(provider, target).name, count)


def provisioner_of(provider: Provider, target: TargetSettings) -> Provisioner:
    """What makes and changes the target's own cluster.

    Raises ConfigError when the cluster is somebody else's (`cluster: {existing: …}`) or the
    provider makes no clusters.
    """
    if target.existing:
        raise ConfigError(
            f"target {target.name} uses the existing cluster {target.cluster.name}, which clouddeploy "
            "neither creates, changes nor deletes",
            fix="write cluster: {name: …} to have one made, or use the tool that made this one",
        )
    if provider.provisioner is None:
        raise ConfigError(
            f"the provider {provider.name} does not make clusters",
            fix="make the cluster with its own tool and name it in the target",
        )
    return provider.provisioner


def require_ours(cluster: Cluster) -> Cluster:
    """The cluster, when it carries our ownership tag; else ForeignResourceError."""
    if cluster.owned:
        return cluster
    raise foreign(cluster.name, "; to delete it, use the tool that made it")


def foreign(name: str, otherwise: str = "") -> ForeignResourceError:
    """The refusal to touch a cluster of others; `otherwise` ends the fix."""
    return ForeignResourceError(
        f"cluster {name} was not made by clouddeploy and stays as it is",
        fix=f"to deploy to it, write cluster: {{existing: {name}}}{otherwise}",
    )


def _own(provider: Provider, target: TargetSettings) -> Cluster:
    name = target.cluster.name
    found = next((cluster for cluster in provider.clusters.list() if cluster.name == name), None)
    if found is None:
        raise NotFoundError(
            f"there is no cluster {name} on {target.name}; nothing was changed",
            fix=f"clouddeploy cluster create --to {target.name} --name {name}",
        )
    return require_ours(found)
