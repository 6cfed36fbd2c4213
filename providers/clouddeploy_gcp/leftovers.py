"""Billed things that a cluster's controllers made and that outlive it.

Deleting a GKE cluster deletes its nodes, and neither the load balancers nor the disks of its volumes
(GKE documentation, "Deleting a cluster"). Disks carry the label `goog-k8s-cluster-name`; the load balancer of
a Service names the cluster only in the nodes that its target pool was given, `gke-<cluster>-…`, that of an
Ingress, and of a Service without a target pool, only in a firewall rule: see `balancers`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from clouddeploy.contract import Leftover
from clouddeploy.errors import NotFoundError, PreconditionError
from clouddeploy_gcp import costs
from clouddeploy_gcp.balancers import NAME_PART, of_cluster
from clouddeploy_gcp.clusters import every, in_region, lives_elsewhere
from clouddeploy_gcp.compute import Compute
from clouddeploy_gcp.errors import DISABLED, translated
from clouddeploy_gcp.registry import Home
from clouddeploy_gcp.session import Session
from clouddeploy_gcp.steps.naming import LABEL, POOL

IMAGES = "images"
"""The kind of what pushes leave in the registry."""


_GOOGLES_LABEL = "goog-k8s-cluster-name"
_CONTROLLER = "kubernetes.io/service-name"


def leftovers(session: Session, name: str) -> Sequence[Leftover]:
    """Load balancers, disks, addresses, instances, images; in the target's region."""
    compute = Compute(session)
    try:
        return [
            *_balancers(compute, session, name),
            *_disks(compute, session, name),
            *_addresses(compute, session, name),
            *_instances(compute, session, name),
            *_images(session, name),
        ]
    except PreconditionError as error:
        if error.code != DISABLED:
            raise
        return []  # without the API nothing can be there


def _labelled(found: Mapping[str, Any], name: str) -> bool:
    labels = found.get("labels", {})
    return name in {labels.get(LABEL), labels.get(_GOOGLES_LABEL)}


def _here(found: Mapping[str, Any], session: Session) -> bool:
    where = str(found.get("zone") or found.get("region") or session.region)
    return in_region(where.rpartition("/")[2], session.region)


def _balancers(compute: Compute, session: Session, name: str) -> Iterator[Leftover]:
    pools = {one["selfLink"]: one.get("instances", []) for one in compute.aggregated("targetPools")}
    rules = [one for one in compute.aggregated("forwardingRules") if _here(one, session)]
    for rule in rules:
        nodes = pools.get(rule.get("target", ""), [])
        mine = _labelled(rule, name) or any(_is_node(url, name) for url in nodes)
        if mine and _CONTROLLER in rule.get("description", ""):
            yield _balancer(rule)
    found = list(of_cluster(compute, rules, name))
    if any(map(_is_global, found)) and lives_elsewhere(session, name):
        found = [one for one in found if not _is_global(one)]  # they could be those of that one
    yield from map(_balancer, found)


def _is_global(rule: Mapping[str, Any]) -> bool:
    return "region" not in rule


def _balancer(rule: Mapping[str, Any]) -> Leftover:
    return Leftover("load balancer", rule["name"], costs.forwarding_month(), rule.get("IPAddress", ""))


def _is_node(url: str, cluster: str) -> bool:
    """Standard nodes are gke-<cluster>-<pool>-…, Autopilot's gk3-<cluster>-pool-… or -nap-…"""
    short = re.escape(cluster[:NAME_PART])
    pool = f"{POOL}|pool|nap" if len(cluster) <= NAME_PART else ""
    return bool(re.match(f"gk[e3]-{short}-(?:{pool})", url.rpartition("/")[2]))


def _disks(compute: Compute, session: Session, name: str) -> Iterator[Leftover]:
    for disk in compute.aggregated("disks"):
        if _here(disk, session) and _labelled(disk, name) and not disk.get("users"):
            kind, size = str(disk.get("type", "")).rpartition("/")[2], int(disk.get("sizeGb", 0))
            price = costs.disk_month(kind, session.region, size)
            yield Leftover("disk", disk["name"], price, f"{size} GiB {kind}")


def _addresses(compute: Compute, session: Session, name: str) -> Iterator[Leftover]:
    for address in compute.aggregated("addresses"):
        if _here(address, session) and _labelled(address, name):
            yield Leftover(
                "IP address", address["name"], costs.address_month(), str(address.get("address", ""))
            )


def _instances(compute: Compute, session: Session, name: str) -> Iterator[Leftover]:
    """Nodes that stayed, when no cluster is there any more to count them."""
    if any(one.name == name for one in every(session)):
        return
    for instance in compute.aggregated("instances"):
        if _here(instance, session) and _labelled(instance, name):
            yield Leftover("instance", instance["name"], None, str(instance.get("status", "")))


def _images(session: Session, name: str) -> Iterator[Leftover]:
    home = Home(session, name)
    try:
        with translated(f"look for the repository {home.repository}"):
            found = session.sdk.artifacts("get_repository", {"name": home.name})
    except NotFoundError:
        return
    if found.get("labels", {}).get(LABEL) == name and not home.empty():
        size = int(found.get("sizeBytes", 0))
        yield Leftover(IMAGES, home.name, costs.images_month(size), f"{size / 10**6:.0f} MB")
