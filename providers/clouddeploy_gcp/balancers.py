"""Whose a load balancer is that GKE's newer controller made, on a day when its cluster may be gone.

It names the cluster in nothing that it makes, but in the names of all is an id of the cluster: in those of
forwarding rules that of the second scheme, in those of an Ingress' backend services that of the first.
Firewall rules have one of them too, and as their target the tag of the nodes,
`gke-<cluster>-<hash>-node`. Source: kubernetes/ingress-gce, pkg/utils/namer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from clouddeploy_gcp.compute import Compute

NAME_PART = 20  # GKE shortens long cluster names in those of nodes, groups and tags
_INGRESS, _SERVICE = "kubernetes.io/ingress-name", "networking.gke.io/service-name"
_ALL_INGRESSES = "k8s-fw-l7--"
_SECOND = re.compile(r"k8s2-(?:(?:fr|fs|um|tcp|udp|l3)-)?([a-z0-9]{8})-.+")
"""A forwarding rule, a url map, or the firewall rule of a Service."""

Json = Mapping[str, Any]


def of_cluster(compute: Compute, rules: Sequence[Json], cluster: str) -> Iterator[Json]:
    """Those of the forwarding rules that are of a cluster of this name; asks nothing where none can be."""
    candidates = [one for one in rules if _INGRESS in _said(one) or _SERVICE in _said(one)]
    tag = re.compile(rf"gk[e3]-{re.escape(cluster[:NAME_PART])}-[0-9a-f]{{8}}-node")
    walls = [
        one["name"]
        for one in (compute.firewalls() if candidates else ())
        if any(map(tag.fullmatch, one.get("targetTags", [])))
    ]
    first = {one.removeprefix(_ALL_INGRESSES) for one in walls if one.startswith(_ALL_INGRESSES)}
    maps = compute.aggregated("urlMaps") if first else ()
    names = [*walls, *(one["name"] for one in maps if _leads_to(one, first))]
    second = {found[1] for one in names if (found := _SECOND.fullmatch(one))}
    for rule in candidates:
        found = _SECOND.fullmatch(rule["name"])
        if (found and found[1] in second) or rule["name"].rpartition("--")[2] in first:
            yield rule


def _said(rule: Json) -> str:
    return str(rule.get("description", ""))


def _leads_to(url_map: Json, first: set[str]) -> bool:
    """Whether a backend service of a url map is of a cluster with one of these ids."""
    names = [str(one).rpartition("/")[2] for one in _services(url_map)]
    ends, starts = tuple(f"--{one}" for one in first), tuple(f"k8s1-{one[:8]}-" for one in first)
    return any(one.endswith(ends) or one.startswith(starts) for one in names)


def _services(url_map: Json) -> Iterator[str]:
    yield url_map.get("defaultService", "")
    for matcher in url_map.get("pathMatchers", []):
        yield matcher.get("defaultService", "")
        yield from (one.get("service", "") for one in matcher.get("pathRules", []))
