"""The nodes of an ACK cluster, as its node pools ask for them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

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
    machine, zones = group["instance_types"][0], _zones(world, group)
    arch = "arm64" if machine.split(".")[1].endswith("y") else "amd64"
    for number in range(pool.desired):
        labels = {
            INSTANCE_TYPE: machine,
            REGION: world.region,
            ZONE: zones[number % len(zones)],
            "alibabacloud.com/nodepool-id": pool.id,
        }
        name = f"{world.region}.10.0.{place}.{number + 1}"
        yield Machine(name, labels, *size_of(machine), arch=arch)


def _zones(world: World, group: Mapping[str, Any]) -> Sequence[str]:
    """The zones of a pool's nodes, in turn: all with BALANCE, else the first vSwitch's while it has stock."""
    vswitches = [world.resources.get(each) for each in group["vswitch_ids"]]
    zones = [one.zone if one else f"{world.region}-a" for one in vswitches]
    return zones if group.get("multi_az_policy") == "BALANCE" else zones[:1]
