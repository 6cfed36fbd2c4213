"""What a request says about a cluster and its node pools, checked as DOKS checks it, beyond `described`.

The words of a refusal are DigitalOcean's where a comment names where they were seen, else UNVERIFIED.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from clouddeploy_digitalocean.emulator import catalog, extras, fields
from clouddeploy_digitalocean.emulator.answers import invalid
from clouddeploy_digitalocean.emulator.described import EXTRAS
from clouddeploy_digitalocean.emulator.records import Cluster, Node, Pool

_NAME = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")
_TAG = re.compile(r"[A-Za-z0-9:_-]{1,255}")
_TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")
_SWITCHES = ("auto_upgrade", "surge_upgrade", "isolated_workers")
_SUBNETS = {"cluster_subnet": "10.244.0.0/16", "service_subnet": "10.245.0.0/16"}
_MOST = 10_000  # Droplets; no account may have so many, and nobody makes their list first
_HA_SINCE = (1, 36)


def cluster(body: Mapping[str, Any], ready: float) -> Cluster:
    """The cluster that a request describes, in no VPC yet; `ready` is when it runs."""
    name, region, version = _head(body)
    extras.check(body)
    minor = tuple(int(part) for part in version.split(".")[:2])
    return Cluster(
        name=name,
        region=region,
        version=version,
        vpc="",
        tags=_tags(body),
        pools=[_pool_of(one, region, ready) for one in _distinct(fields.objects(body, "node_pools"))],
        ha=fields.flag(body, "ha", minor >= _HA_SINCE),
        switches={key: fields.flag(body, key) for key in _SWITCHES},
        subnets={key: _subnet(body, key, default) for key, default in _SUBNETS.items()},
        overlay=fields.text(body, "cluster_subnet"),
        extras={key: body[key] for key in EXTRAS if body.get(key) is not None},
        maintenance=_maintenance(fields.mapping(body, "maintenance_policy")),
        ready_at=ready,
    )


def update(cluster: Cluster, body: Mapping[str, Any]) -> None:
    """Change a cluster as a request says, or nothing of it.

    "The property cannot be disabled" is the description's word on `ha`. UNVERIFIED: what an update leaves out
    stays as it is. Left out: that tags which go need the scope `tag:delete`.
    """
    name, policy = fields.text(body, "name"), fields.mapping(body, "maintenance_policy")
    given = {key: body[key] for key in EXTRAS if body.get(key) is not None}
    _check_name(name)
    extras.check(given)
    if cluster.ha and not fields.flag(body, "ha", cluster.ha):
        raise invalid("high availability cannot be disabled")
    tags = _tags(body) if body.get("tags") is not None else cluster.tags
    maintenance = _maintenance(policy) if policy else cluster.maintenance
    cluster.name, cluster.tags, cluster.maintenance = name, tags, maintenance
    cluster.ha = fields.flag(body, "ha", cluster.ha)
    cluster.extras |= given
    for key in _SWITCHES:
        cluster.switches[key] = fields.flag(body, key, cluster.switches[key])


def changed(pool: Pool, body: Mapping[str, Any]) -> Pool:
    """The pool with its nodes, as an update says.

    UNVERIFIED: what an update leaves out stays as it is.
    """
    _count(body)
    wish = {**_described(pool), **{key: value for key, value in body.items() if value is not None}}
    return replace(_pool(wish, list(pool.nodes)), size=pool.size, id=pool.id)


def _described(pool: Pool) -> dict[str, Any]:
    keys = ("size", "tags", "labels", "taints", "auto_scale", "min_nodes", "max_nodes")
    return {key: getattr(pool, key) for key in keys}


def _head(body: Mapping[str, Any]) -> tuple[str, str, str]:
    """Name, region and the slug of the version."""
    name, region, wanted = (fields.text(body, key) for key in ("name", "region", "version"))
    _check_name(name)
    if region not in catalog.REGIONS:
        raise invalid("invalid region slug")
    version = catalog.find_version(wanted)
    if version is None:
        raise invalid("invalid version slug")
    return name, region, version


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise invalid("name must comprise only lowercase letters, digits and dashes")


def _distinct(pools: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if len({fields.text(one, "name") for one in pools}) < len(pools):
        raise invalid("node pool names must be unique")
    return pools


def _pool_of(body: Mapping[str, Any], region: str, ready: float) -> Pool:
    if fields.text(body, "size") not in catalog.node_sizes(region):
        raise invalid("invalid droplet size")
    return _pool(body, [Node(ready) for _ in range(_count(body))])


def _count(body: Mapping[str, Any]) -> int:
    count = fields.number(body, "count")
    if count < 1:
        raise invalid("node pool count must be at least 1")
    if count > _MOST:
        raise invalid(f"{count} additional nodes but not enough available droplet limit")
    return count


def _pool(body: Mapping[str, Any], nodes: list[Node]) -> Pool:
    name = fields.text(body, "name")
    if not _NAME.fullmatch(name):  # its nodes are called after it
        raise invalid("node pool name must comprise only lowercase letters, digits and dashes")
    scaled = fields.flag(body, "auto_scale")
    least, most = _bounds(body) if scaled else (0, 0)
    return Pool(
        name=name,
        size=fields.text(body, "size"),
        tags=_tags(body),
        nodes=nodes,
        labels=fields.words(body, "labels"),
        taints=[_taint(one) for one in fields.objects(body, "taints")],
        auto_scale=scaled,
        min_nodes=least,
        max_nodes=most,
    )


def _bounds(body: Mapping[str, Any]) -> tuple[int, int]:
    """At least 0 and at most as many as the maximum.

    Source: https://docs.digitalocean.com/products/kubernetes/how-to/autoscale/, 2025-06; the form of the
    words is that of terraform-provider-digitalocean#602, when 1 was the least.
    """
    least, most = fields.number(body, "min_nodes"), fields.number(body, "max_nodes")
    if least < 0:
        raise invalid("worker_node_pool_spec.min nodes must be greater than or equal to 0")
    if most < 1:
        raise invalid("worker_node_pool_spec.max nodes must be greater than or equal to 1")
    if least > most:
        raise invalid("worker_node_pool_spec.min nodes must be less than or equal to max nodes")
    return least, most


def _taint(body: Mapping[str, Any]) -> dict[str, str]:
    taint = {key: fields.text(body, key) for key in ("key", "value", "effect")}
    if not (taint["key"] and taint["effect"]):
        raise invalid("taint key and effect are required")
    return taint


def _tags(body: Mapping[str, Any]) -> list[str]:
    tags = fields.texts(body, "tags")
    if not all(_TAG.fullmatch(tag) for tag in tags):
        raise invalid("invalid tag")
    return tags


def _maintenance(policy: Mapping[str, Any]) -> dict[str, str]:
    start, day = fields.text(policy, "start_time", "00:00"), fields.text(policy, "day", "any")
    if not _TIME.fullmatch(start):
        raise invalid("invalid maintenance policy start time")
    return {"start_time": start, "duration": "4h0m0s", "day": day}


def _subnet(body: Mapping[str, Any], key: str, default: str) -> str:
    given = fields.text(body, key, default)
    try:
        ipaddress.IPv4Network(given, strict=False)
    except ValueError:
        given = ""
    if "/" not in given:
        raise invalid(f"invalid {key.replace('_', ' ')}")
    return given
