"""What DigitalOcean refuses beyond its description's schemas: rules in words, and what is there already."""

from __future__ import annotations

from typing import Any

import pytest
import urllib3

from moto_fixtures.digitalocean import EXISTING, LOCKED, DigitalOceanAccount
from tests.providers.digitalocean.test_digitalocean_emulator import ask

_UNKNOWN = "9b5ee0dc-7d6a-4f2f-8f5e-3c1f0f0f0f0f"
_POOL = {"name": "workers", "size": "s-2vcpu-4gb", "count": 1}
_CLUSTER = {"name": "demo", "region": "fra1", "version": "1.36", "node_pools": [_POOL]}
_OVERLAP = "This range/size overlaps with another VPC network in your account: "


def scaled(most: int) -> dict[str, Any]:
    return {**_POOL, "auto_scale": True, "min_nodes": 1, "max_nodes": most}


def create(account: DigitalOceanAccount, **more: Any) -> tuple[int, str]:
    """Status and message of a creation."""
    status, told, _ = ask(account, "POST", "/v2/kubernetes/clusters", {**_CLUSTER, **more})
    return status, told.get("message", "")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"worker_subnet_uuid": _UNKNOWN}, "vpc_uuid is required"),
        ({"worker_subnet_uuid": _UNKNOWN, "vpc_uuid": "VPC"}, "worker subnet does not exist in the VPC"),
        ({"isolated_workers": True}, "isolated workers need a NAT gateway"),
        ({"sso": {"required": True}}, "SSO can be required only when it is enabled"),
        (
            {"sso": {"enabled": True, "issuer_url": "https://example.com"}},
            "an issuer URL and a client id",
        ),
        ({"control_plane_firewall": {"allowed_addresses": ["here"]}}, "invalid allowed address"),
    ],
)
def test_what_a_cluster_cannot_be_told(
    more: dict[str, Any], said: str, do_account: DigitalOceanAccount
) -> None:
    vpc = do_account.cloud.network.default_of("fra1").id
    status, told = create(do_account, **{**more, **({"vpc_uuid": vpc} if "vpc_uuid" in more else {})})
    assert status == 422
    assert said in told
    assert do_account.cloud.ledger() == []


def test_the_pods_of_a_cluster_have_a_range_of_their_own_in_the_account(
    do_account: DigitalOceanAccount,
) -> None:
    """digitalocean-labs/mcp-digitalocean#260."""
    vpc = do_account.cloud.network.default_of("fra1")
    doing = "creating vpc pod subnet overlay: rpc error: code = InvalidArgument desc = "
    assert create(do_account, cluster_subnet=vpc.ip_range) == (422, f"{doing}{_OVERLAP}{vpc.ip_range}")
    assert create(do_account, cluster_subnet="10.30.0.0/16")[0] == 201
    assert create(do_account, cluster_subnet="10.30.64.0/20") == (422, f"{doing}{_OVERLAP}10.30.0.0/16")
    wish = {"name": "new", "region": "fra1", "ip_range": "10.30.0.0/20"}
    status, told, _ = ask(do_account, "POST", "/v2/vpcs", wish)
    assert (status, told["message"]) == (422, f"{_OVERLAP}10.30.0.0/16")


def test_a_pool_that_may_grow_counts_with_its_largest_size(do_account: DigitalOceanAccount) -> None:
    """digitalocean/doctl#1619."""
    assert create(do_account, node_pools=[scaled(26)]) == (
        422,
        "validation error: autoscale desired max nodes exceed limits, "
        "26 additional nodes but not enough available droplet limit",
    )
    assert create(do_account, node_pools=[scaled(25)])[0] == 201


def test_more_nodes_than_anybody_has_are_refused_at_once(do_account: DigitalOceanAccount) -> None:
    status, told = create(do_account, node_pools=[{**_POOL, "count": 10**9}])
    assert status == 422
    assert "1000000000 additional nodes but not enough available droplet limit" in told


def test_a_pool_cannot_grow_nor_be_called_as_another(do_account: DigitalOceanAccount) -> None:
    do_account.plant(EXISTING)
    (planted,) = do_account.cloud.kubernetes.clusters.values()
    other = {**_POOL, "name": "other"}
    body = {"name": "two", "region": "fra1", "version": "1.36", "node_pools": [_POOL, other]}
    made = ask(do_account, "POST", "/v2/kubernetes/clusters", body)[1]["kubernetes_cluster"]
    do_account.cloud.kubernetes.join()
    do_account.cloud.clock.advance(1000)
    path = f"/v2/kubernetes/clusters/{made['id']}/node_pools/{made['node_pools'][0]['id']}"
    for wish, said in (
        ({"name": "other", "count": 1}, "node pool names must be unique"),
        ({**scaled(23), "name": "workers"}, "22 additional nodes but not enough available droplet limit"),
    ):
        status, told, _ = ask(do_account, "PUT", path, wish)
        assert status == 422
        assert said in told["message"]
    assert ask(do_account, "PUT", path, {**scaled(22), "name": "workers"})[0] == 202
    assert planted.pools[0].name == "workers"


def test_droplets_are_in_the_vpc_of_their_cluster(do_account: DigitalOceanAccount) -> None:
    do_account.plant(EXISTING)
    (cluster,) = do_account.cloud.kubernetes.clusters.values()
    found = ask(do_account, "GET", f"/v2/vpcs/{cluster.vpc}/members")[1]["members"]
    kinds = [one["urn"].split(":")[1] for one in found]
    assert kinds == ["kubernetes", "droplet", "droplet"]
    path = f"/v2/vpcs/{cluster.vpc}/members?resource_type=droplet"
    assert len(ask(do_account, "GET", path)[1]["members"]) == 2


def test_another_vpc_becomes_the_default_and_none_ceases_to_be_it(do_account: DigitalOceanAccount) -> None:
    network = do_account.cloud.network
    first, other = network.default_of("fra1"), network.add_vpc("other", "fra1")
    elsewhere = network.default_of("nyc1")
    assert ask(do_account, "PATCH", f"/v2/vpcs/{first.id}", {"default": False})[0] == 422
    assert ask(do_account, "PATCH", f"/v2/vpcs/{other.id}", {"default": True})[0] == 200
    assert [one.default for one in (first, other, elsewhere)] == [False, True, True]
    assert ask(do_account, "DELETE", f"/v2/vpcs/{first.id}")[0] == 204
    assert ask(do_account, "DELETE", f"/v2/vpcs/{other.id}")[0] == 403


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/kubernetes/clusters", _CLUSTER),
        ("/vpcs", {"name": "new", "region": "fra1"}),
        ("/registries", {"name": "acme", "subscription_tier_slug": "basic"}),
    ],
)
def test_a_locked_account_makes_nothing(
    path: str, body: dict[str, Any], do_account: DigitalOceanAccount
) -> None:
    do_account.plant(LOCKED)
    status, told, _ = ask(do_account, "POST", f"/v2{path}", body)
    assert (status, told["id"], told["message"]) == (403, "forbidden", "Your account is locked")
    assert ask(do_account, "GET", "/v2/account")[1]["account"]["status"] == "locked"


@pytest.mark.parametrize(
    ("method", "scope", "status"),
    [
        ("GET", "repository:acme/web:pull,push", 200),
        ("GET", "", 200),
        ("GET", "repository:web:pull,push", 400),
        ("POST", "repository:acme/web:pull,push", 405),
    ],
)
def test_a_token_for_pushes_is_asked_for_by_its_full_name(
    method: str, scope: str, status: int, do_account: DigitalOceanAccount
) -> None:
    do_account.plant(EXISTING)
    user, password = do_account.cloud.docr.logins.give("acme", writes=True)
    headers = urllib3.make_headers(basic_auth=f"{user}:{password}")
    url = f"{do_account.cloud.url}/v2/registry/auth?service=registry.digitalocean.com&scope={scope}"
    with urllib3.PoolManager(retries=False) as pool:
        assert pool.request(method, url, headers=headers).status == status


def test_a_cluster_is_changed_in_what_the_request_says(do_account: DigitalOceanAccount) -> None:
    do_account.plant(EXISTING)
    (cluster,) = do_account.cloud.kubernetes.clusters.values()
    path = f"/v2/kubernetes/clusters/{cluster.id}"
    assert ask(do_account, "PUT", path, {"name": "new", "ha": True, "tags": ["team"]})[0] == 202
    shown = ask(do_account, "GET", path)[1]["kubernetes_cluster"]
    assert (shown["name"], shown["ha"], shown["tags"][0]) == ("new", True, "team")
    assert shown["version"] == "1.35.4-do.0"


def test_high_availability_is_for_good(do_account: DigitalOceanAccount) -> None:
    do_account.plant(EXISTING)
    (cluster,) = do_account.cloud.kubernetes.clusters.values()
    path = f"/v2/kubernetes/clusters/{cluster.id}"
    assert ask(do_account, "PUT", path, {"name": "demo", "ha": False})[0] == 202
    assert ask(do_account, "PUT", path, {"name": "demo", "ha": True})[0] == 202
    status, told, _ = ask(do_account, "PUT", path, {"name": "other", "ha": False})
    assert (status, told["message"]) == (422, "validation error: high availability cannot be disabled")
    assert (cluster.name, cluster.ha) == ("demo", True)


def test_everything_may_go_with_a_cluster_at_once(do_account: DigitalOceanAccount) -> None:
    do_account.plant(EXISTING)
    do_account.serve("demo")
    (cluster,) = do_account.cloud.kubernetes.clusters.values()
    path = f"/v2/kubernetes/clusters/{cluster.id}/destroy_with_associated_resources/dangerous"
    assert ask(do_account, "DELETE", path)[0] == 204
    assert [kind for kind, *_ in do_account.cloud.ledger()] == ["vpc"]


def test_what_goes_with_a_cluster_is_all_its_own_or_nothing_goes(do_account: DigitalOceanAccount) -> None:
    do_account.plant(EXISTING)
    do_account.serve("demo")
    (cluster,) = do_account.cloud.kubernetes.clusters.values()
    balancer = next(iter(do_account.cloud.network.balancers))
    path = f"/v2/kubernetes/clusters/{cluster.id}/destroy_with_associated_resources/selective"
    for foreign in ({"volumes": [_UNKNOWN]}, {"volume_snapshots": [_UNKNOWN]}):
        assert ask(do_account, "DELETE", path, {"load_balancers": [balancer], **foreign})[0] == 422
    assert balancer in do_account.cloud.network.balancers
    assert ask(do_account, "DELETE", path, {"load_balancers": [balancer]})[0] == 204
    assert do_account.cloud.network.balancers == {}
    assert len(do_account.cloud.network.volumes) == 1
