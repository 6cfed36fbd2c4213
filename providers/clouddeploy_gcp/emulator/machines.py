"""The nodes of a GKE cluster, as its instance groups have them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from clouddeploy.emulator.machines import INSTANCE_TYPE, REGION, ZONE, Machine, Machines
from clouddeploy_gcp.emulator import catalog
from clouddeploy_gcp.emulator.fleet import group_name
from clouddeploy_gcp.emulator.records import Record

_AUTOPILOT = "ek-standard-8"


def machines_of(record: Record) -> Machines:
    """The nodes of every pool; Autopilot makes one when a pod wants it."""

    def found(wanted: bool) -> Sequence[Machine]:
        if record.message.autopilot.enabled:
            zone = next(iter(record.message.locations), f"{record.message.location}-b")
            return (_autopilot(record, zone),) if wanted else ()
        return tuple(one for pool in record.message.node_pools for one in _nodes(record, pool))

    return found


def _nodes(record: Record, pool: Any) -> Iterator[Machine]:
    cpus, mebibytes, special = catalog.MACHINES[pool.config.machine_type]
    arch = "arm64" if special == "ARM64" else "amd64"
    group = group_name(record, pool).removesuffix("-grp")
    for zone in pool.locations:
        for number in range(record.groups.get((zone, f"{group}-grp"), 0)):
            labels = {**_labels(pool.config.machine_type, zone), "cloud.google.com/gke-nodepool": pool.name}
            name = f"{group}-{zone[-1]}{number:03}"
            yield Machine(name, labels, cpus, Decimal(mebibytes) / 1024, arch=arch)


def _autopilot(record: Record, zone: str) -> Machine:
    name = f"gk3-{record.message.name[:20]}-pool-1-{record.message.id[:8]}"
    return Machine(name, _labels(_AUTOPILOT, zone), 8, 32)


def _labels(machine: str, zone: str) -> dict[str, str]:
    return {INSTANCE_TYPE: machine, REGION: zone[:-2], ZONE: zone}
