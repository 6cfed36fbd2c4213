"""What a cluster will be: the wishes of a ClusterSpec, checked against what the region offers.

Asked only before the first write: deleting needs none of it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

from clouddeploy.contract import ClusterSpec
from clouddeploy.errors import ConfigError, PreconditionError
from clouddeploy_alibaba.costs import known_machines
from clouddeploy_alibaba.machines import choose
from clouddeploy_alibaba.roles import check_roles
from clouddeploy_alibaba.sdk import Json
from clouddeploy_alibaba.session import Session

BASIC, PRO = "ack.standard", "ack.pro.small"
BASIC_NODES = 10
"""The most nodes of a Basic cluster. Source: ACK documentation, "ACK Pro cluster billing"."""
DEFAULT_NODES = 2
_ZONES_WANTED = 2
_MOST_NODES = 500


class Wishes:
    """One cluster's wishes; every question is asked once."""

    def __init__(self, session: Session, spec: ClusterSpec) -> None:
        self.session = session
        self.spec = spec

    @property
    def nodes(self) -> int:
        """How many worker nodes; ConfigError for none or too many."""
        return checked_count(self.spec.nodes if self.spec.nodes is not None else DEFAULT_NODES)

    @property
    def edition(self) -> str:
        """Pro where high availability is wished or Basic is too small, else Basic, which costs nothing."""
        return PRO if self.spec.ha or self.nodes > BASIC_NODES else BASIC

    @cached_property
    def version(self) -> str:
        """The full version, such as `1.34.1-aliyun.1`; ConfigError names those that are offered."""
        offered = versions(self.session)
        wanted = self.spec.version
        if not wanted:
            return offered[0]
        found = next((one for one in offered if one == wanted or one.startswith(f"{wanted}.")), None)
        if found:
            return found
        minors = list(dict.fromkeys(minor(one) for one in offered))
        near = difflib.get_close_matches(wanted, minors, n=1, cutoff=0)
        raise ConfigError(
            f"ACK makes no cluster of Kubernetes {wanted}",
            fix=f"use {near[0] if near else offered[0]}; offered are {', '.join(minors)}",
        )

    @cached_property
    def zones(self) -> Sequence[str]:
        """The zones to use: those that offer the instance type, two of them where there are two."""
        return sorted(zone for zone, types in self._offers.items() if self.machine in types)[:_ZONES_WANTED]

    @cached_property
    def machine(self) -> str:
        """The instance type of the nodes."""
        return choose(self.offered, self.spec, known_machines(self.session.region))

    @property
    def offered(self) -> set[str]:
        """The instance types that some zone of the region has in stock."""
        return {name for types in self._offers.values() for name in types}

    def machine_in(self, zones: Sequence[str]) -> str:
        """The instance type of nodes that can only be in these zones."""
        offered = {name for zone in zones for name in self._offers.get(zone, ())}
        return choose(offered, self.spec, known_machines(self.session.region))

    def check(self) -> None:
        """Everything that can be refused before the first write.

        Raises ConfigError for what is not offered and PreconditionError for a service role that ACK lacks
        or a quota that is used up.
        """
        _ = self.nodes, self.version, self.zones
        check_roles(self.session)
        check_quota(self.session, self.spec)

    @cached_property
    def _offers(self) -> dict[str, list[str]]:
        """Zone -> the instance types that it has in stock, for pay-as-you-go."""
        answer = self.session.sdk.rpc(
            f"list the instance types of {self.session.region}",
            "ECS",
            "DescribeAvailableResource",
            DestinationResource="InstanceType",
            InstanceChargeType="PostPaid",
            NetworkCategory="vpc",
        )
        zones = answer.get("AvailableZones", {}).get("AvailableZone", [])
        return {zone["ZoneId"]: _in_stock(zone) for zone in zones if zone.get("Status") == "Available"}


def versions(session: Session, *, current: str | None = None) -> list[str]:
    """The versions that a cluster can be made of, or upgraded to from `current`; newest first."""
    body: Json = {"Region": session.region, "ClusterType": "ManagedKubernetes", "Profile": "Default"}
    if current:
        body |= {"KubernetesVersion": current, "Mode": "supported", "QueryUpgradableVersion": True}
    answer = session.sdk.ack(
        "list the Kubernetes versions of ACK", "describe_kubernetes_version_metadata", body=body
    )
    if current:
        found = [version for one in answer for version in one.get("upgradable_versions") or ()]
    else:
        found = [one["version"] for one in answer if one.get("creatable", True)]
    if not found and not current:
        raise PreconditionError(
            f"ACK offers no Kubernetes version in {session.region}", fix="choose another region"
        )
    return sorted(found, key=ordered, reverse=True)


def minor(version: str) -> str:
    """`1.34` of `1.34.1-aliyun.1`."""
    return ".".join(version.split(".")[:2])


def ordered(version: str) -> tuple[int, ...]:
    """A version's numbers, to sort by."""
    return tuple(int(number) for number in re.findall(r"\d+", version))


def checked_count(count: int) -> int:
    """ConfigError for a number of nodes that ACK would refuse."""
    if 1 <= count <= _MOST_NODES:
        return count
    raise ConfigError(f"a cluster cannot have {count} nodes", fix=f"use 1 to {_MOST_NODES} nodes")


def check_quota(session: Session, spec: ClusterSpec) -> None:
    """PreconditionError when there is no room for one more cluster, or for that many nodes."""
    limits = quota(session)
    used = count_clusters(session)
    wanted = spec.nodes if spec.nodes is not None else DEFAULT_NODES
    for name, limit, needed in (
        ("ACK clusters (cluster_quota)", limits.get("cluster_quota"), used + 1),
        ("managed ACK clusters (amk_cluster_quota)", limits.get("amk_cluster_quota"), used + 1),
        ("nodes in a cluster (node_quota)", limits.get("node_quota"), wanted),
    ):
        if isinstance(limit, int) and needed > limit:
            raise PreconditionError(
                f"the account's quota for {name} is {limit}, and {needed} would be needed",
                fix="raise it at https://quotas.console.alibabacloud.com, or delete what is unused",
            )


def quota(session: Session) -> Json:
    """The account's limits, as ACK names them."""
    answer: Json = session.sdk.ack("ask for the ACK quotas", "describe_user_quota")
    return answer


def count_clusters(session: Session) -> int:
    """How many clusters the account has, in all regions: the quota counts them all."""
    body = {"page_size": 1, "page_number": 1}
    answer = session.sdk.ack("count the ACK clusters", "describe_clusters_v1", body=body)
    return int(answer.get("page_info", {}).get("total_count", 0))


def with_nodes(spec: ClusterSpec, count: int) -> ClusterSpec:
    """The same wishes with another number of nodes."""
    return replace(spec, nodes=checked_count(count))


def _in_stock(zone: Json) -> list[str]:
    kinds = zone.get("AvailableResources", {}).get("AvailableResource", [])
    found = [
        each for kind in kinds for each in kind.get("SupportedResources", {}).get("SupportedResource", [])
    ]
    return [each["Value"] for each in found if each.get("Status") == "Available"]
