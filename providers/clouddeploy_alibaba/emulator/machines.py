"""The nodes of an ACK cluster, as its node pools ask for them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from clouddeploy.emulator.machines import INSTANCE_TYPE, REGION, ZONE, Machine, Machines
from clouddeploy_alibaba.emulator.ack import Ack
from clouddeploy_alibaba.emulator.records import PoolRecord
from clouddeploy_alibaba.emulator.world import World

_GIB_PER_CPU = {"c": 2, "g": 4, "r": 8}
_LARGE = 2


def machines_of(ack: Ack, world: World, cluster_id: str) -> Machines:
    """The nodes of every pool that is not being deleted."""

    def found(_: bool) -> Sequence[Machine]:
        record = ack.find(cluster_id)
        pools = list(record.pools.values()) if record else []
        return tuple(
            node
            for place, pool in enumerate(pools)
            if pool.gone_at is None
            for node in _nodes(world, pool, place)
        )

    return found


def size_of(machine: str) -> tuple[int, int]:
    """vCPUs and GiB of a type such as ecs.c9i.xlarge or ecs.e-c1m2.large.

    https://www.alibabacloud.com/help/en/ecs/user-guide/instance-family-naming-and-classification
    """
    _, family, size = machine.split(".")
    factor = re.fullmatch(r"([0-9]*)xlarge", size)
    cpus = _LARGE if factor is None else 4 * int(factor[1] or 1)
    ratio = re.search(r"c1m([0-9]+)", family)
    return cpus, cpus * (int(ratio[1]) if ratio else _GIB_PER_CPU[family[0]])


def _nodes(world: World, pool: PoolRecord, place: int) -> Iterator[Machine]:
    group = pool.request["scaling_group"]
    machine, vswitch = group["instance_types"][0], world.resources.get(group["vswitch_ids"][0])
    labels = {
        INSTANCE_TYPE: machine,
        REGION: world.region,
        ZONE: vswitch.zone if vswitch else f"{world.region}-a",
        "alibabacloud.com/nodepool-id": pool.id,
    }
    arch = "arm64" if machine.split(".")[1].endswith("y") else "amd64"
    for number in range(pool.desired):
        name = f"{world.region}.10.0.{place}.{number + 1}"
        yield Machine(name, labels, *size_of(machine), arch=arch)
