"""From the common words of a cluster to what GKE offers: version, zones, machine type, disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from clouddeploy.contract import ClusterSpec
from clouddeploy.errors import ConfigError
from clouddeploy_gcp.compute import Compute, Machine, Region
from clouddeploy_gcp.errors import quota_used_up, translated
from clouddeploy_gcp.records import minor, ordered
from clouddeploy_gcp.session import Session
from clouddeploy_gcp.steps.naming import nearest

CHANNEL = "REGULAR"
NODES = 3
CPUS, MEMORY_GIB = 2, 4
DISK_GIB = 50
ZONES_WANTED = 3
_FAMILIES = ("e2", "n2d", "t2d", "n2", "n1")
"""General-purpose x86 families with balanced disks, cheapest first."""

_HYPERDISK = ("c4", "c4a", "c4d", "n4", "n4a", "n4d")
_BALANCED, _HYPER = "pd-balanced", "hyperdisk-balanced"


@dataclass(frozen=True)
class Layout:
    """Where a cluster's control plane is, and how many nodes in which zones."""

    location: str
    zones: Sequence[str]
    nodes_in_zone: int

    @property
    def nodes(self) -> int:
        """All nodes."""
        return self.nodes_in_zone * len(self.zones)


def autopilot(spec: ClusterSpec) -> bool:
    """Whether GKE shall make nodes as pods need them: when nothing is said about nodes."""
    return (spec.nodes, spec.cpus, spec.memory_gib, spec.machine) == (None, None, None, None)


def layout(spec: ClusterSpec, region: Region, zones: Sequence[str]) -> Layout:
    """One zone, or with `ha` as many of the region's `zones` as give exactly the wanted nodes.

    GKE counts nodes by zone: 3 nodes in 3 zones are 1 in each, 4 nodes go to 2 zones.
    """
    wanted = spec.nodes or NODES
    if not spec.ha:
        return Layout(zones[0], zones[:1], wanted)
    spread = max(n for n in range(1, min(len(zones), ZONES_WANTED) + 1) if wanted % n == 0)
    return Layout(region.name, zones[:spread], wanted // spread)


def zones_of(session: Session, region: Region, compute: Compute) -> Sequence[str]:
    """The region's zones that work, in order; only the target's own zone when it names one."""
    if session.zone:
        if session.zone not in region.zones:
            raise ConfigError(
                f"{region.name} has no zone {session.zone}", fix=f"use {nearest(session.zone, region.zones)}"
            )
        return [session.zone]
    up = compute.zones_up()
    return [zone for zone in region.zones if zone in up] or list(region.zones)


def machine(spec: ClusterSpec, offered: Sequence[Machine]) -> Machine:
    """The machine type that is named, else the smallest that is large enough."""
    if spec.machine:
        return _named(spec.machine, offered)
    cpus, memory = spec.cpus or CPUS, (spec.memory_gib or MEMORY_GIB) * 1024
    fitting = [one for one in offered if _usual(one) and one.cpus >= cpus and one.memory >= memory]
    if fitting:
        return min(fitting, key=lambda one: (one.cpus, _FAMILIES.index(one.family), one.memory))
    largest = max((one for one in offered if _usual(one)), key=lambda one: (one.cpus, one.memory))
    raise ConfigError(
        f"no machine type here has {cpus} vCPUs and {memory // 1024} GiB",
        fix=f"the largest is {largest.name} with {largest.cpus} vCPUs and {largest.memory // 1024} GiB",
    )


def _named(name: str, offered: Sequence[Machine]) -> Machine:
    found = next((one for one in offered if one.name == name), None)
    if found is None:
        raise ConfigError(
            f"the machine type {name} is not offered here",
            fix=f"use {nearest(name, [one.name for one in offered])}",
        )
    if found.architecture not in {"", "X86_64", "ARCHITECTURE_UNSPECIFIED"}:
        raise ConfigError(
            f"the machine type {name} is {found.architecture}, images are built for linux/amd64",
            fix="use an x86 machine type such as e2-standard-2",
        )
    return found


def _usual(one: Machine) -> bool:
    return one.family in _FAMILIES and not one.shared and one.architecture in {"", "X86_64"}


def disk_type(machine_name: str) -> str:
    """The cheapest disk with good speed that a machine type takes."""
    return _HYPER if machine_name.partition("-")[0] in _HYPERDISK else _BALANCED


def versions(session: Session, location: str) -> tuple[str, Sequence[str]]:
    """The regular channel's default version and all of its versions, newest first."""
    with translated(f"list the Kubernetes versions of {location}"):
        found = session.sdk.container("get_server_config", {"name": session.parent(location)})
    channels: list[dict[str, Any]] = found.get("channels", [])
    channel = next((one for one in channels if one.get("channel") == CHANNEL), {})
    offered = sorted(channel.get("validVersions", []), key=ordered, reverse=True)
    return str(channel.get("defaultVersion") or found.get("defaultClusterVersion", "")), offered


def version(wanted: str | None, default: str, offered: Sequence[str]) -> str:
    """The newest offered version that `wanted` means: a minor such as 1.33, or a full one."""
    if wanted is None:
        return default
    found = next(
        (one for one in offered if one == wanted or one.startswith((f"{wanted}.", f"{wanted}-"))), None
    )
    if found:
        return found
    minors = sorted({minor(one) for one in offered}, key=ordered)
    raise ConfigError(
        f"GKE's {CHANNEL.lower()} channel does not offer Kubernetes {wanted}",
        fix=f"use {_nearest_version(wanted, minors)}; offered: {', '.join(minors)}",
    )


def needed(found: Machine, count: int) -> dict[str, float]:
    """What nodes take of a region's quotas."""
    disk = "SSD_TOTAL_GB" if disk_type(found.name) == _BALANCED else "HDB_TOTAL_GB"
    family = found.family.upper()
    cpus = "CPUS" if found.family in {"e2", "n1"} else f"{family}_CPUS"
    return {
        cpus: found.cpus * count,
        "CPUS_ALL_REGIONS": found.cpus * count,
        "INSTANCES": count,
        "IN_USE_ADDRESSES": count,
        disk: DISK_GIB * count,
    }


def check_quota(region: Region, take: dict[str, float]) -> None:
    """Raises PreconditionError that names every quota that would not do."""
    short = [
        f"{metric}: needs {wanted:g}, {left:g} left of {region.quotas[metric][0]:g}"
        for metric, wanted in take.items()
        if (left := region.left(metric)) is not None and left < wanted
    ]
    if short:
        error = quota_used_up(f"create nodes in {region.name}", "; ".join(short))
        names = " and ".join(one.partition(":")[0] for one in short)
        error.message = f"the quota for {names} in {region.name} is too small: {'; '.join(short)}"
        error.args = (error.message,)
        raise error


def _nearest_version(wanted: str, minors: Sequence[str]) -> str:
    if not minors:
        return "no version: none is offered here"
    if not (numbers := ordered(wanted)):
        return minors[-1]
    return min(
        minors, key=lambda one: abs(100 * (numbers[0] - ordered(one)[0]) + (*numbers, 0)[1] - ordered(one)[1])
    )
