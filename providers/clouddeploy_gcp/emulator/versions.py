"""Which Kubernetes version a request means, and which ones GKE lets a control plane and its nodes have.

What the aliases mean is in the discovery document, at `Cluster.initialClusterVersion` and its like.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from clouddeploy_gcp.emulator import catalog
from clouddeploy_gcp.emulator.answers import invalid

CHANNELS = {1: "RAPID", 2: "REGULAR", 3: "STABLE", 4: "EXTENDED"}
_MATURE = (3, 2, 1)
"""The channels that a cluster without one is looked for in, in this order: `Cluster.releaseChannel`."""

_BEHIND = 2
"""Minor versions that nodes may be behind: google/gke-policy-automation#97."""

_VERSION = re.compile(r"1\.[0-9]+(?:\.[0-9]+(?:-gke\.[0-9]+)?)?")


def offered(channel: int) -> Sequence[str]:
    """The versions of a channel, of all without one; newest first."""
    return catalog.CHANNELS[CHANNELS[channel]] if channel else catalog.VERSIONS


def find(wanted: str, among: Sequence[str]) -> str | None:
    """The newest version that `wanted` is an alias of: `latest`, `1.X`, `1.X.Y`, or a full one."""
    if wanted == "latest":
        return among[0]
    if not _VERSION.fullmatch(wanted):
        return None
    return next((one for one in among if one == wanted or one.startswith((f"{wanted}.", f"{wanted}-"))), None)


def enrol(cluster: Any) -> None:
    """Give a new cluster the channel that it has not named; one that names UNSPECIFIED gets none."""
    if cluster.HasField("release_channel"):
        return
    wanted = cluster.initial_cluster_version
    having = (one for one in _MATURE if find(wanted, offered(one)))
    cluster.release_channel.channel = 2 if wanted in {"", "-"} else next(having, 0)


def initial(cluster: Any) -> str:
    """The version of a new cluster; INVALID_ARGUMENT for one that its channel has not."""
    channel = int(cluster.release_channel.channel)
    if channel not in {0, *CHANNELS}:  # text UNVERIFIED
        raise invalid(f"Release channel {channel} is not supported.")
    return _master(cluster.initial_cluster_version, channel)


def upgraded(cluster: Any, wanted: str) -> str:
    """The control plane's next version: one minor at most, never back, and no node too far behind.

    Only the text about unsupported versions is public; the others are UNVERIFIED.
    """
    current = cluster.current_master_version
    version = _master(wanted, int(cluster.release_channel.channel))
    if minor(version) > minor(current) + 1:
        raise invalid(f'Master cannot be upgraded to "{version}": only one minor version at a time.')
    if number(version) < number(current):
        raise invalid(f'Master version "{version}" is older than the current "{current}".')
    if version == current:
        raise invalid(f'Master is at version "{version}" already.')
    for pool in cluster.node_pools:
        if minor(pool.version) < minor(version) - _BEHIND:
            raise invalid(
                f'Master cannot be upgraded to "{version}": node pool "{pool.name}" with version '
                f'"{pool.version}" would be more than {_BEHIND} minor versions behind.'
            )
    return version


def of_nodes(cluster: Any, pool: Any, wanted: str) -> str:
    """The version that nodes go to: not ahead of the control plane, and not far behind."""
    master = cluster.current_master_version
    version = master if wanted in {"", "-"} else find(wanted, catalog.VERSIONS)
    if version is None:
        raise invalid(f'Node version "{wanted}" is unsupported.')
    if minor(version) > minor(master):  # hashicorp/terraform-provider-google#6405
        raise invalid(
            f'Node version "{version}" must not have a greater minor version than master version "{master}".'
        )
    if number(version) > number(master):  # text UNVERIFIED
        raise invalid(f'Node version "{version}" must not be newer than master version "{master}".')
    if pool.management.auto_upgrade and minor(version) < minor(master) - 1:
        raise invalid(  # hashicorp/terraform-provider-google#21116
            f'Auto-upgrade is enabled, node version "{version}" must be within one minor version of master '
            f'version "{master}".'
        )
    if minor(version) < minor(master) - _BEHIND:  # text UNVERIFIED
        raise invalid(
            f'Node version "{version}" is more than {_BEHIND} minor versions behind master "{master}".'
        )
    return version


def minor(version: str) -> int:
    """33 of 1.33.4-gke.1001000."""
    return int(version.split(".")[1])


def number(version: str) -> tuple[int, ...]:
    """A key that sorts full versions."""
    return tuple(int(part) for part in re.findall("[0-9]+", version))


def _master(wanted: str, channel: int) -> str:
    if wanted in {"", "-"}:
        return catalog.DEFAULTS[CHANNELS[channel]] if channel else catalog.DEFAULT_VERSION
    version = find(wanted, offered(channel))
    if version is None:
        where = f" in the {CHANNELS[channel]} channel" if channel else ""
        raise invalid(f'Master version "{wanted}" is unsupported{where}.')
    return version
