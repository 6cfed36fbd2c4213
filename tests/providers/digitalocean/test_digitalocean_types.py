"""A request with a value of a wrong type is refused, wherever the value is, and never answered 500."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import urllib3

from moto_fixtures.digitalocean import EXISTING, DigitalOceanAccount

_POOL = {
    "name": "workers",
    "size": "s-2vcpu-4gb",
    "count": 1,
    "tags": ["team"],
    "labels": {"team": "web"},
    "taints": [{"key": "gpu", "value": "yes", "effect": "NoSchedule"}],
    "auto_scale": True,
    "min_nodes": 1,
    "max_nodes": 2,
}
_CLUSTER = {
    "name": "other",
    "region": "fra1",
    "version": "1.36",
    "vpc_uuid": "VPC",
    "tags": ["team"],
    "cluster_subnet": "10.244.0.0/16",
    "service_subnet": "10.245.0.0/16",
    "maintenance_policy": {"start_time": "12:00", "day": "any"},
    "auto_upgrade": False,
    "surge_upgrade": False,
    "isolated_workers": False,
    "ha": False,
    "node_pools": [_POOL],
}
_INTEGRATION = {"cluster_uuids": ["CLUSTER"], "registries": ["acme"]}
_REQUESTS: Mapping[tuple[str, str], Mapping[str, Any]] = {
    ("POST", "/kubernetes/clusters"): _CLUSTER,
    ("PUT", "/kubernetes/clusters/CLUSTER/node_pools/POOL"): _POOL,
    ("POST", "/kubernetes/clusters/CLUSTER/upgrade"): {"version": "1.36.1-do.0"},
    ("POST", "/kubernetes/registries"): _INTEGRATION,
    ("DELETE", "/kubernetes/registries"): _INTEGRATION,
    ("DELETE", "/kubernetes/clusters/CLUSTER/destroy_with_associated_resources/selective"): {
        "load_balancers": ["x"],
        "volumes": ["x"],
    },
    ("POST", "/registries"): {"name": "more", "subscription_tier_slug": "professional", "region": "fra1"},
    ("POST", "/registries/validate-name"): {"name": "more"},
    ("POST", "/registries/subscription"): {"tier_slug": "professional"},
    ("POST", "/vpcs"): {"name": "n", "region": "fra1", "description": "d", "ip_range": "10.0.0.0/20"},
    ("PATCH", "/vpcs/VPC"): {"name": "n", "description": "d"},
}
_VALUES: tuple[Any, ...] = (5, 1.5, True, "x", [], ["x"], [5], [None], {}, {"x": 5}, [{}], [[]])


def _wrong(value: Any) -> Iterator[Any]:
    """The same with one value inside replaced by one of another type, for each value and type."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from ({**value, key: other} for other in _wrong(inner))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from ([*value[:index], other, *value[index + 1 :]] for other in _wrong(inner))
    yield from (other for other in _VALUES if type(other) is not type(value))


@pytest.mark.parametrize(
    ("method", "path"), _REQUESTS, ids=[f"{method} {path.rpartition('/')[2]}" for method, path in _REQUESTS]
)
def test_no_wrong_type_is_accepted_or_breaks_the_emulator(
    method: str, path: str, do_account: DigitalOceanAccount
) -> None:
    do_account.plant(EXISTING)
    cloud = do_account.cloud
    (cluster,) = cloud.kubernetes.clusters.values()
    ids = {"CLUSTER": cluster.id, "POOL": cluster.pools[0].id, "VPC": cluster.vpc}
    headers = {"Authorization": f"Bearer {cloud.token}"}
    with urllib3.PoolManager(retries=False) as pool:
        for wish in _wrong(dict(_REQUESTS[method, path])):
            sent, url = json.dumps(wish), f"{cloud.url}/v2{path}"
            for name, found in ids.items():
                sent, url = sent.replace(f'"{name}"', f'"{found}"'), url.replace(name, found)
            cloud.limit.forget()
            answer = pool.request(method, url, body=sent, headers=headers)
            assert answer.status in {400, 404, 422}, (answer.status, answer.data, sent)
            assert set(answer.json()) == {"id", "message", "request_id"}
