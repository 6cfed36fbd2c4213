"""From the common words of a cluster to what DOKS offers: version, size, count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from clouddeploy.contract import ClusterSpec
from clouddeploy.errors import ConfigError
from clouddeploy_digitalocean.names import nearest
from clouddeploy_digitalocean.records import Offer, Size, Version

NODES = 2
CPUS = 2
MEMORY_GIB = 4
"""What a cluster has when nobody says; half a GiB and more of each node is DOKS's own."""


@dataclass(frozen=True)
class Choice:
    """What is asked of DOKS."""

    region: str
    version: str
    size: str
    count: int
    ha: bool


def choose(spec: ClusterSpec, region: str, offer: Offer, sizes: Sequence[Size]) -> Choice:
    """ConfigError for what is not offered, with the nearest that is."""
    if region not in offer.regions:
        raise ConfigError(
            f"DOKS is not offered in the region {region}",
            fix=f"{nearest(region, offer.regions)}regions: {', '.join(sorted(offer.regions))}",
        )
    count = NODES if spec.nodes is None else spec.nodes
    if count < 1:
        raise ConfigError("a DOKS cluster needs at least 1 node", fix="set nodes: 1 or more")
    version = pick_version(spec.version, offer.versions)
    here = [size for size in sizes if region in size.regions and size.slug in offer.sizes]
    return Choice(region, version.slug, pick_size(spec, region, here), count, bool(spec.ha))


def pick_version(wanted: str | None, versions: Sequence[Version]) -> Version:
    """The newest of a minor such as "1.35", an exact slug, or the newest of all for None."""
    newest = sorted(versions, key=lambda one: one.order, reverse=True)
    fitting = [one for one in newest if wanted in (None, one.slug, one.minor, one.kubernetes)]
    if fitting:
        return fitting[0]
    minors = list(dict.fromkeys(one.minor for one in newest))
    raise ConfigError(
        f"DOKS does not offer Kubernetes {wanted}",
        fix=f"{nearest(str(wanted), minors)}versions: {', '.join(minors)}",
    )


def pick_size(spec: ClusterSpec, region: str, sizes: Sequence[Size]) -> str:
    """`machine` when it is there, else the cheapest that is large enough."""
    if spec.machine:
        return _named(spec.machine, region, sizes)
    cpus = CPUS if spec.cpus is None else spec.cpus
    memory = MEMORY_GIB if spec.memory_gib is None else spec.memory_gib
    fitting = [one for one in sizes if one.cpus >= cpus and one.memory >= memory * 1024 and not one.gpu]
    if fitting:
        return min(fitting, key=lambda one: (one.monthly, one.cpus, one.memory, one.slug)).slug
    largest = max(sizes, key=lambda one: (one.memory, one.cpus), default=None)
    most = f"; the largest is {largest.slug}" if largest else ""
    raise ConfigError(
        f"DOKS has no node of {cpus} vCPU and {memory} GiB in {region}",
        fix=f"ask for smaller nodes and more of them{most}",
    )


def _named(machine: str, region: str, sizes: Sequence[Size]) -> str:
    slugs = sorted(one.slug for one in sizes)
    if machine in slugs:
        return machine
    raise ConfigError(
        f"DOKS has no node size {machine} in {region}",
        fix=f"{nearest(machine, slugs)}sizes: {', '.join(slugs)}",
    )
