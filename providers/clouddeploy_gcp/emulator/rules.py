"""What GKE refuses, in its own words where they are public."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from clouddeploy_gcp.emulator import catalog, versions
from clouddeploy_gcp.emulator.answers import ApiError, invalid
from clouddeploy_gcp.emulator.labels import check_labels
from clouddeploy_gcp.emulator.pools import check_nodes

_NAME = re.compile(r"[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?")
_CONSOLE = "https://console.cloud.google.com/iam-admin/quotas?usage=USED&project="
_AUTOPILOT_REFUSED = ("node_pools", "locations")


def check_cluster(cluster: Any, location: str, project: str) -> None:
    """Name, labels, version, network, nodes."""
    if not _NAME.fullmatch(cluster.name):
        raise invalid(
            f'Invalid value for field "cluster.name": "{cluster.name}". Must be a match of regex '
            "'(?:[a-z](?:[-a-z0-9]{0,38}[a-z0-9])?)'."
        )
    check_labels(cluster.resource_labels)
    versions.initial(cluster)
    if cluster.network not in {"", "default"}:
        raise invalid(f'Project does not have a network named "{cluster.network}".')
    if cluster.subnetwork not in {"", "default"}:
        raise invalid(f'Subnetwork "{cluster.subnetwork}" is not valid for network "default".')
    _check_addresses(cluster)
    _check_ranges(cluster.ip_allocation_policy, project)
    if cluster.autopilot.enabled:
        _check_autopilot(cluster, location)
    else:
        check_nodes(cluster, location, project)


def check_accounts(configs: Iterable[Any], accounts: Collection[str], *, may_act: bool) -> None:
    """INVALID_ARGUMENT for nodes that shall run as nobody, or as somebody that the caller may not act as.

    The text of the second is as Terraform shows it: `googleapi: Error 400: …, badRequest`.
    """
    for name in sorted({one.service_account for one in configs} - {""}) or ["default"]:
        if name not in {"default", *accounts}:
            raise invalid(f'Service account "{name}" does not exist.')
        if not may_act:
            text = "Ask a project owner to grant you the iam.serviceAccountUser role on the service account."
            raise invalid(f'The user does not have access to service account "{name}". {text}')


def _check_addresses(cluster: Any) -> None:
    """What excludes each other: the discovery document, at `IPAllocationPolicy`; texts UNVERIFIED."""
    policy = cluster.ip_allocation_policy
    if policy.use_ip_aliases and policy.use_routes:
        raise invalid("IPAllocationPolicy.use_ip_aliases and use_routes cannot both be true.")
    if policy.cluster_ipv4_cidr_block and cluster.cluster_ipv4_cidr:
        raise invalid("Cluster.cluster_ipv4_cidr must be blank when cluster_ipv4_cidr_block is set.")


def _check_ranges(policy: Any, project: str) -> None:
    """The default network has no secondary ranges that somebody has named."""
    pods, services = policy.cluster_secondary_range_name, policy.services_secondary_range_name
    if pods and pods == services:  # gruntwork-io/terraform-google-gke#118
        text = f"Pod secondary range name ({pods}) should not be the same as service secondary range name."
        raise invalid(text)
    network = f"https://www.googleapis.com/compute/v1/projects/{project}/global/networks/default"
    for kind, name in (("Pod", pods), ("Service", services)):
        if name:  # fabianlee/gcp-gke-clusters-ingress#2; for services the text is UNVERIFIED
            where = f'network "{network}", subnetwork "default"'
            raise invalid(f'{kind} secondary range "{name}" not found in {where}.')


def _check_autopilot(cluster: Any, location: str) -> None:
    if location not in catalog.REGIONS:
        raise invalid("Autopilot clusters must be regional clusters.")
    if cluster.HasField("release_channel") and not cluster.release_channel.channel:
        # googleforgames/agones, site/content/en/docs/Installation; text UNVERIFIED
        raise invalid("Autopilot clusters must be enrolled in a release channel.")
    refused = [name for name in _AUTOPILOT_REFUSED if getattr(cluster, name)]
    if refused == ["node_pools"] and _is_gclouds_placeholder(cluster.node_pools):
        refused = []
    if cluster.initial_node_count or refused:
        raise invalid("Setting node pools is not allowed on Autopilot clusters.")


def _is_gclouds_placeholder(pools: Any) -> bool:
    """`gcloud container clusters create-auto` sends one default pool of one node, which GKE ignores."""
    return len(pools) == 1 and pools[0].name == "default-pool" and not pools[0].config.machine_type


def pool_needs(pool: Any, nodes: int) -> dict[str, float]:
    """What `nodes` nodes of a pool take of the region's quotas."""
    machine = pool.config.machine_type or "e2-medium"
    disk = pool.config.disk_type or "pd-balanced"
    cpus = catalog.MACHINES[machine][0] * nodes
    return {
        catalog.cpu_quota(machine): cpus,
        "CPUS_ALL_REGIONS": cpus,
        "INSTANCES": nodes,
        "IN_USE_ADDRESSES": nodes,
        catalog.disk_quota(disk): (pool.config.disk_size_gb or 100) * nodes,
    }


def total(needs: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """The sum for each quota."""
    found: dict[str, float] = {}
    for one in needs:
        for metric, amount in one.items():
            found[metric] = found.get(metric, 0.0) + amount
    return found


def check_quota(
    take: Mapping[str, float], used: Mapping[str, float], limits: Mapping[str, float], project: str
) -> None:
    """PERMISSION_DENIED, GKE's odd way to say that a quota is too small."""
    short = []
    for metric, wanted in take.items():
        left = limits[metric] - used.get(metric, 0.0)
        if wanted > left:
            short.append(
                f"resource \"{metric}\": request requires '{wanted:.1f}' and is short '{wanted - left:.1f}'. "
                f"project has a quota of '{limits[metric]:.1f}' with '{left:.1f}' available. "
                f"View and manage quotas at {_CONSOLE}{project}."
            )
    if short:
        listed = "\n\t".join(f"({number}) {text}" for number, text in enumerate(short, 1))
        text = short[0] if len(short) == 1 else listed
        raise ApiError("PERMISSION_DENIED", f"Insufficient regional quota to satisfy request: {text}")


def busy(operation: str) -> ApiError:
    """One operation at a time for each cluster."""
    text = f"Cluster is running incompatible operation {operation}."
    return ApiError("FAILED_PRECONDITION", text)
