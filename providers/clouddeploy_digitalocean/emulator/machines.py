"""The nodes of a DOKS cluster, as its pools have them. DigitalOcean knows regions, and no zones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from clouddeploy.emulator.machines import INSTANCE_TYPE, REGION, Machine, Machines
from clouddeploy_digitalocean.emulator import catalog
from clouddeploy_digitalocean.emulator.records import Cluster, Pool


def machines_of(cluster: Cluster) -> Machines:
    """A node for each Droplet of every pool."""

    def found(_: bool) -> Sequence[Machine]:
        return tuple(one for pool in cluster.pools for one in _nodes(cluster, pool))

    return found


def _nodes(cluster: Cluster, pool: Pool) -> Iterator[Machine]:
    cpus, gib, _ = catalog.SIZES[pool.size]
    labels = {
        **pool.labels,
        INSTANCE_TYPE: pool.size,
        REGION: cluster.region,
        "doks.digitalocean.com/node-pool": pool.name,
        "doks.digitalocean.com/node-pool-id": pool.id,
    }
    for node in pool.nodes:
        more = {"doks.digitalocean.com/node-id": node.id}
        yield Machine(node.name(pool.name), {**labels, **more}, cpus, gib)
