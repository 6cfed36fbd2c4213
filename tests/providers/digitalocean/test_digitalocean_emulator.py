"""The emulated DigitalOcean refuses what the real one refuses, in its words."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
import urllib3

from clouddeploy.conformance.images import TinyImage
from clouddeploy.emulator import EmulatorSettings
from clouddeploy.oci.client import RegistryClient
from clouddeploy.push import push_image
from clouddeploy_digitalocean import connect
from clouddeploy_digitalocean.emulator import start
from clouddeploy_digitalocean.emulator.cloud import DigitalOceanCloud
from moto_fixtures.digitalocean import EXISTING, WITH_SERVICES, DigitalOceanAccount

_POOL = {"name": "workers", "size": "s-2vcpu-4gb", "count": 1}
_CLUSTER = {"name": "demo", "region": "fra1", "version": "1.36", "node_pools": [_POOL]}


def _ranged(ip_range: str) -> dict[str, str]:
    return {"name": "new", "region": "fra1", "ip_range": ip_range}


def _scaled(least: int, most: int) -> dict[str, Any]:
    return {"auto_scale": True, "min_nodes": least, "max_nodes": most}


def ask(
    account: DigitalOceanAccount, method: str, path: str, body: Any = None, token: str | None = None
) -> tuple[int, Any, Any]:
    """Status, body and headers, without any SDK between."""
    status, answer, headers = ask_text(account, method, path, body, token)
    return status, json.loads(answer) if answer else None, headers


def ask_text(
    account: DigitalOceanAccount, method: str, path: str, body: Any = None, token: str | None = None
) -> tuple[int, str, Any]:
    """As `ask`, for an answer that may be YAML."""
    headers = {"Authorization": f"Bearer {token or account.cloud.token}"}
    with urllib3.PoolManager(retries=False) as pool:
        sent = json.dumps(body) if body is not None else None
        answer = pool.request(method, f"{account.cloud.url}{path}", body=sent, headers=headers)
        return answer.status, answer.data.decode(), answer.headers


def put(account: DigitalOceanAccount, repository: str) -> None:
    """An image in the registry."""
    registry = connect(account.target()).registry
    address = registry.ensure(repository).address
    with RegistryClient(address.partition("/")[0], registry.login) as client:
        push_image(TinyImage(), address, ["v1"], client)


@pytest.mark.parametrize("token", ["wrong", "dop_v1_" + "0" * 64])
def test_a_wrong_token(token: str, do_account: DigitalOceanAccount) -> None:
    status, body, _ = ask(do_account, "GET", "/v2/account", token=token)
    assert (status, body["id"], body["message"]) == (401, "unauthorized", "Unable to authenticate you")
    assert do_account.cloud.calls == []


def test_a_scope_that_the_token_lacks(do_account: DigitalOceanAccount) -> None:
    do_account.cloud.account.scopes = frozenset({"account:read"})
    assert ask(do_account, "GET", "/v2/account")[0] == 200
    status, body, _ = ask(do_account, "GET", "/v2/vpcs")
    assert (status, body["id"]) == (403, "forbidden")


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/v2/registries/acme", "registry:read"),
        ("DELETE", "/v2/registries/acme", "registry:delete"),
        ("GET", "/v2/kubernetes/clusters/ID/kubeconfig", "kubernetes:access_cluster"),
        ("DELETE", "/v2/kubernetes/clusters/ID", "kubernetes:delete"),
    ],
)
def test_no_operation_is_open_to_everybody(
    method: str, path: str, scope: str, do_account: DigitalOceanAccount
) -> None:
    do_account.plant(EXISTING)
    (cluster,) = do_account.cloud.kubernetes.clusters
    do_account.cloud.account.scopes = frozenset({"account:read"})
    assert ask(do_account, method, path.replace("ID", cluster))[0] == 403
    do_account.cloud.account.scopes = frozenset({scope})
    assert ask_text(do_account, method, path.replace("ID", cluster))[0] in {200, 204}


@pytest.mark.parametrize(
    ("more", "scopes"),
    [
        ({}, {"kubernetes:create"}),
        ({"tags": ["team"]}, {"kubernetes:create", "tag:read", "tag:create"}),
        ({"vpc_uuid": "VPC"}, {"kubernetes:create", "vpc:read"}),
        ({"node_pools": [{**_POOL, "tags": ["team"]}]}, {"kubernetes:create", "tag:read"}),
    ],
)
def test_tags_and_a_vpc_need_scopes_of_their_own(
    more: dict[str, Any], scopes: set[str], do_account: DigitalOceanAccount
) -> None:
    vpc = do_account.cloud.network.default_of("fra1").id
    body = {**_CLUSTER, **({"vpc_uuid": vpc} if "vpc_uuid" in more else more)}
    for lacking in scopes:
        do_account.cloud.account.scopes = frozenset(scopes - {lacking})
        assert ask(do_account, "POST", "/v2/kubernetes/clusters", body)[0] == 403
    do_account.cloud.account.scopes = frozenset(scopes)
    assert ask(do_account, "POST", "/v2/kubernetes/clusters", body)[0] == 201


def test_tags_are_shown_only_to_those_who_may_read_them(do_account: DigitalOceanAccount) -> None:
    do_account.plant(WITH_SERVICES)
    do_account.cloud.account.scopes -= {"tag:read"}
    (cluster,) = ask(do_account, "GET", "/v2/kubernetes/clusters")[1]["kubernetes_clusters"]
    (volume,) = ask(do_account, "GET", "/v2/volumes")[1]["volumes"]
    assert cluster["tags"] == cluster["node_pools"][0]["tags"] == volume["tags"] == []


def test_the_hourly_limit_is_told_and_kept(do_account: DigitalOceanAccount) -> None:
    _, _, headers = ask(do_account, "GET", "/v2/account")
    assert (headers["ratelimit-limit"], headers["ratelimit-remaining"]) == ("5000", "4999")
    do_account.cloud.limit.use_up()
    status, body, _ = ask(do_account, "GET", "/v2/account")
    assert (status, body["id"], body["message"]) == (429, "too_many_requests", "API Rate limit exceeded.")
    do_account.cloud.clock.advance(3600)
    assert ask(do_account, "GET", "/v2/account")[0] == 200


def test_each_request_counts_for_an_hour_of_its_own(do_account: DigitalOceanAccount) -> None:
    resets = []
    for remaining, pause in ((4999, 1800), (4998, 1799), (4997, 1), (4997, 0)):
        headers = ask(do_account, "GET", "/v2/account")[2]
        assert headers["ratelimit-remaining"] == str(remaining)
        resets.append(round(int(headers["ratelimit-reset"]) - time.time(), -2))
        do_account.cloud.clock.advance(pause)
    assert resets == [3600, 1800, 0, 1800]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": ""}, "name is required"),
        ({"name": "De mo"}, "lowercase letters"),
        ({"region": "moon1"}, "invalid region slug"),
        ({"version": "1.2"}, "invalid version slug"),
        ({"version": "1"}, "invalid version slug"),
        ({"version": "1.35.4"}, "invalid version slug"),
        ({"node_pools": [{**_POOL, "size": "huge"}]}, "invalid droplet size"),
        ({"node_pools": [{**_POOL, "name": ""}]}, "node_pools[0].name is required"),
        ({"node_pools": [{**_POOL, "count": 0}]}, "count must be at least 1"),
        (
            {"node_pools": [{**_POOL, "count": 26}]},
            "26 additional nodes but not enough available droplet limit",
        ),
        ({"vpc_uuid": "4de7ac8b-495b-4884-9a69-1050c6793cd6"}, "VPC does not exist in this region"),
        ({"tags": ["sp ace"]}, "invalid tag"),
        ({"cluster_subnet": "nonsense"}, "invalid cluster subnet"),
        ({"service_subnet": "10.245.0.0"}, "invalid service subnet"),
        ({"maintenance_policy": {"start_time": "99:99"}}, "invalid maintenance policy start time"),
        ({"maintenance_policy": {"day": "someday"}}, "invalid maintenance_policy.day"),
        ({"node_pools": [_POOL, _POOL]}, "node pool names must be unique"),
        ({"node_pools": [{**_POOL, "name": "My Pool"}]}, "node pool name must comprise only lowercase"),
        ({"node_pools": [{**_POOL, "tags": ["sp ace"]}]}, "invalid tag"),
        (
            {"node_pools": [{**_POOL, "taints": [{"key": "a", "effect": "No"}]}]},
            "taints[0].effect",
        ),
        ({"node_pools": [{**_POOL, "auto_scale": True}]}, "max nodes must be greater than or equal to 1"),
        ({"node_pools": [{**_POOL, **_scaled(-1, 2)}]}, "min nodes must be greater than or equal to 0"),
        ({"node_pools": [{**_POOL, **_scaled(3, 2)}]}, "min nodes must be less than or equal to max nodes"),
    ],
)
def test_a_cluster_that_doks_would_not_make(
    change: dict[str, Any], said: str, do_account: DigitalOceanAccount
) -> None:
    status, body, _ = ask(do_account, "POST", "/v2/kubernetes/clusters", {**_CLUSTER, **change})
    assert (status, body["id"]) == (422, "unprocessable_entity")
    assert said in body["message"]
    assert do_account.cloud.ledger() == []


@pytest.mark.parametrize(
    "change",
    [
        {"name": 5},
        {"region": ["fra1"]},
        {"version": 1.35},
        {"tags": "team"},
        {"tags": [1]},
        {"ha": "false"},
        {"auto_upgrade": 1},
        {"vpc_uuid": {}},
        {"maintenance_policy": "any"},
        {"node_pools": {}},
        {"node_pools": ["workers"]},
        {"node_pools": [{**_POOL, "count": "1"}]},
        {"node_pools": [{**_POOL, "count": True}]},
        {"node_pools": [{**_POOL, "labels": ["a"]}]},
        {"node_pools": [{**_POOL, "auto_scale": "yes"}]},
    ],
)
def test_a_value_of_another_type(change: dict[str, Any], do_account: DigitalOceanAccount) -> None:
    status, body, _ = ask(do_account, "POST", "/v2/kubernetes/clusters", {**_CLUSTER, **change})
    assert (status, body["message"]) == (400, "error parsing request body")


def test_a_cluster_is_shown_as_it_was_asked_for(do_account: DigitalOceanAccount) -> None:
    taint = {"key": "gpu", "value": "yes", "effect": "NoSchedule"}
    pool = {**_POOL, **_scaled(0, 3), "labels": {"team": "web"}, "taints": [taint], "tags": ["team:web"]}
    wish = {
        **_CLUSTER,
        "cluster_subnet": "192.168.0.0/20",
        "service_subnet": "192.168.16.0/24",
        "maintenance_policy": {"start_time": "12:30", "day": "sunday"},
        "auto_upgrade": True,
        "ha": False,
        "node_pools": [pool],
    }
    cluster = ask(do_account, "POST", "/v2/kubernetes/clusters", wish)[1]["kubernetes_cluster"]
    assert (cluster["cluster_subnet"], cluster["service_subnet"]) == ("192.168.0.0/20", "192.168.16.0/24")
    assert cluster["maintenance_policy"] == {"start_time": "12:30", "duration": "4h0m0s", "day": "sunday"}
    assert (cluster["auto_upgrade"], cluster["ha"]) == (True, False)
    (shown,) = cluster["node_pools"]
    assert shown | pool | {"tags": shown["tags"]} == shown
    assert shown["tags"] == ["k8s", f"k8s:{cluster['id']}", "k8s-worker", "team:web"]


def _running(account: DigitalOceanAccount) -> tuple[str, dict[str, Any]]:
    """The path of a cluster that runs, and its pool."""
    account.plant(EXISTING)
    (found,) = account.cloud.kubernetes.clusters
    path = f"/v2/kubernetes/clusters/{found}"
    (pool,) = ask(account, "GET", path)[1]["kubernetes_cluster"]["node_pools"]
    return path, pool


def test_a_pool_is_changed_in_what_the_request_says(do_account: DigitalOceanAccount) -> None:
    path, pool = _running(do_account)
    taint = {"key": "gpu", "value": "yes", "effect": "NoExecute"}
    wish = {
        "name": "more",
        "count": 2,
        **_scaled(1, 4),
        "labels": {"a": "b"},
        "taints": [taint],
        "tags": ["t"],
    }
    changed = ask(do_account, "PUT", f"{path}/node_pools/{pool['id']}", wish)[1]["node_pool"]
    assert changed | wish | {"tags": changed["tags"]} == changed
    assert changed["tags"][-1] == "t"
    plain = {"name": "more", "count": 1, "auto_scale": False}
    changed = ask(do_account, "PUT", f"{path}/node_pools/{pool['id']}", plain)[1]["node_pool"]
    assert (changed["labels"], changed["min_nodes"], changed["max_nodes"]) == ({"a": "b"}, 0, 0)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"count": 0}, 422),
        ({"count": 99}, 422),
        ({"name": "My Pool"}, 422),
        ({"auto_scale": True}, 422),
        ({"taints": [{"key": "a", "effect": "No"}]}, 422),
        ({"count": "2"}, 400),
    ],
)
def test_a_pool_that_cannot_be_stays_as_it_is(
    change: dict[str, Any], status: int, do_account: DigitalOceanAccount
) -> None:
    path, pool = _running(do_account)
    wish = {"name": "other", "count": 2, **change}
    assert ask(do_account, "PUT", f"{path}/node_pools/{pool['id']}", wish)[0] == status
    assert ask(do_account, "GET", path)[1]["kubernetes_cluster"]["node_pools"] == [pool]


@pytest.mark.parametrize("what", ["credentials", "kubeconfig"])
def test_there_are_no_credentials_before_the_cluster_is_there(
    what: str, do_account: DigitalOceanAccount
) -> None:
    made = ask(do_account, "POST", "/v2/kubernetes/clusters", _CLUSTER)[1]["kubernetes_cluster"]
    path = f"/v2/kubernetes/clusters/{made['id']}/{what}"
    do_account.cloud.kubernetes.join()
    assert ask(do_account, "GET", path)[0] == 404
    do_account.cloud.clock.advance(1000)
    assert ask_text(do_account, "GET", path)[0] == 200


def test_names_are_not_unique_and_ha_is_the_default_of_new_versions(do_account: DigitalOceanAccount) -> None:
    made = [ask(do_account, "POST", "/v2/kubernetes/clusters", _CLUSTER)[1] for _ in range(2)]
    ids = {one["kubernetes_cluster"]["id"] for one in made}
    assert len(ids) == 2
    assert made[0]["kubernetes_cluster"]["ha"] is True
    older = ask(do_account, "POST", "/v2/kubernetes/clusters", {**_CLUSTER, "version": "1.35"})[1]
    assert older["kubernetes_cluster"]["ha"] is False


def test_a_plain_delete_leaves_load_balancers_and_volumes(do_account: DigitalOceanAccount) -> None:
    do_account.plant(WITH_SERVICES)
    (cluster,) = do_account.cloud.kubernetes.clusters
    assert ask(do_account, "DELETE", f"/v2/kubernetes/clusters/{cluster}")[0] == 204
    do_account.cloud.clock.advance(100)
    assert ask(do_account, "GET", f"/v2/kubernetes/clusters/{cluster}")[0] == 404
    assert [kind for kind, *_ in do_account.cloud.ledger()] == ["vpc", "load balancer", "volume"]


def test_only_a_cluster_s_own_things_go_with_it(do_account: DigitalOceanAccount) -> None:
    do_account.plant(WITH_SERVICES)
    (cluster,) = do_account.cloud.kubernetes.clusters
    path = f"/v2/kubernetes/clusters/{cluster}/destroy_with_associated_resources/selective"
    status, body, _ = ask(do_account, "DELETE", path, {"volumes": ["4de7ac8b"]})
    assert (status, body["message"]) == (422, "volumes are not associated with this cluster")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v2/nothing", 404),
        ("PUT", "/v2/account", 404),
        ("GET", "/v2/kubernetes/clusters/x", 404),
        ("GET", "/v2/vpcs?per_page=201", 400),
        ("GET", "/v2/vpcs?page=x", 400),
        ("GET", "/v2/vpcs?page=%C2%B2", 400),
        ("GET", "/v2/registries/acme/docker-credentials?expiry_seconds=x", 400),
        ("GET", "/v2/registries/none", 404),
        ("DELETE", "/v2/vpcs/x", 404),
    ],
)
def test_what_is_not_there_or_not_understood(
    method: str, path: str, status: int, do_account: DigitalOceanAccount
) -> None:
    do_account.plant(EXISTING)
    found, body, _ = ask(do_account, method, path)
    assert found == status
    assert {"id", "message", "request_id"} == set(body)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"name": "bad name", "region": "fra1"}, "invalid name"),
        ({"name": "default-fra1", "region": "fra1"}, "already in use"),
        ({"name": "new", "region": "moon1"}, "region is invalid"),
        ({"name": "new", "region": "fra1", "description": "x" * 256}, "invalid description"),
        (_ranged("nonsense"), "ip_range is invalid"),
        (_ranged("10.10.10.1/24"), "ip_range is invalid"),
        (_ranged("8.8.0.0/16"), "private address space"),
        (_ranged("10.0.0.0/15"), "between /16 and /28"),
        (_ranged("10.0.0.0/29"), "between /16 and /28"),
        (_ranged("10.96.8.0/24"), "overlaps with another VPC network in your account: 10.96.0.0/20"),
    ],
)
def test_a_vpc_that_cannot_be(body: dict[str, str], said: str, do_account: DigitalOceanAccount) -> None:
    do_account.cloud.network.default_of("fra1")
    status, told, _ = ask(do_account, "POST", "/v2/vpcs", body)
    assert status == 422
    assert said in told["message"]


def test_a_vpc_has_the_range_that_was_asked_for_or_a_free_one(do_account: DigitalOceanAccount) -> None:
    made = [
        ask(do_account, "POST", "/v2/vpcs", {"name": f"vpc-{number}", "region": "fra1", **wish})[1]["vpc"]
        for number, wish in enumerate(({"ip_range": "10.96.0.0/24"}, {}, {"ip_range": "192.168.7.0/28"}, {}))
    ]
    assert [one["ip_range"] for one in made] == [
        "10.96.0.0/24", "10.96.16.0/20", "192.168.7.0/28", "10.96.32.0/20",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("page", "named"),
    [
        (1, {"next": 2, "last": 3}),
        (2, {"first": 1, "prev": 1, "next": 3, "last": 3}),
        (3, {"first": 1, "prev": 2}),
    ],
)
def test_a_page_names_the_others(page: int, named: dict[str, int], do_account: DigitalOceanAccount) -> None:
    for number in range(5):
        do_account.cloud.network.add_vpc(f"vpc-{number}", "fra1")
    _, body, _ = ask(do_account, "GET", f"/v2/vpcs?per_page=2&page={page}")
    assert {name: int(url.split("page=")[1][0]) for name, url in body["links"]["pages"].items()} == named


def test_a_default_vpc_and_one_with_members_stay(do_account: DigitalOceanAccount) -> None:
    do_account.plant(EXISTING)
    told = [
        ask(do_account, "DELETE", f"/v2/vpcs/{vpc}")[1]["message"]
        for vpc in list(do_account.cloud.network.vpcs)
    ]
    assert told == ["Can not delete default VPCs", "Can not delete VPC with members"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": "Acme", "subscription_tier_slug": "basic"}, 422),
        ({"name": "-acme", "subscription_tier_slug": "basic"}, 422),
        ({"name": "acme-", "subscription_tier_slug": "basic"}, 422),
        ({"name": "1acme", "subscription_tier_slug": "basic"}, 422),
        ({"name": "a" * 64, "subscription_tier_slug": "basic"}, 422),
        ({"name": "acme"}, 422),
        ({"name": "acme", "subscription_tier_slug": "basic", "region": "lon1"}, 422),
        ({"name": "taken", "subscription_tier_slug": "basic"}, 409),
    ],
)
def test_a_registry_that_cannot_be(
    body: dict[str, str], status: int, do_account: DigitalOceanAccount
) -> None:
    assert ask(do_account, "POST", "/v2/registries", body)[0] == status


@pytest.mark.parametrize(
    ("tier", "limit", "said"),
    [
        ("starter", 1, "user already has a registry"),
        ("basic", 1, "user already has a registry"),
        ("professional", 10, "registry limit of 10 is reached"),
    ],
)
def test_more_registries_than_the_plan_holds(
    tier: str, limit: int, said: str, do_account: DigitalOceanAccount
) -> None:
    for number in range(limit):
        body = {"name": f"acme-{number}", "subscription_tier_slug": tier}
        assert ask(do_account, "POST", "/v2/registries", body)[0] == 201
    for more in ("starter", "professional"):  # a plan that comes along makes no room
        body = {"name": "more", "subscription_tier_slug": more}
        status, told, _ = ask(do_account, "POST", "/v2/registries", body)
        assert (status, told["message"]) == (422, said)


@pytest.mark.parametrize(("name", "status"), [("fresh", 204), ("acme", 409), ("taken", 409), ("Acme", 422)])
def test_a_name_is_tried_without_making_a_registry(
    name: str, status: int, do_account: DigitalOceanAccount
) -> None:
    do_account.plant(EXISTING)
    assert ask(do_account, "POST", "/v2/registries/validate-name", {"name": name})[0] == status
    assert list(do_account.cloud.docr.found) == ["acme"]


def test_a_plan_that_is_too_small_for_what_is_there(do_account: DigitalOceanAccount) -> None:
    do_account.plant(EXISTING)
    for name in ("web", "api"):
        put(do_account, name)
    do_account.cloud.docr.ballast["acme"] = 3 * 1024**3
    status, body, _ = ask(do_account, "POST", "/v2/registries/subscription", {"tier_slug": "starter"})
    assert (status, body["id"]) == (412, "precondition_failed")
    told = ask(do_account, "GET", "/v2/registries/options")[1]["options"]["subscription_tiers"]
    assert {one["slug"]: one["eligibility_reasons"] for one in told} == {
        "starter": ["OverRepositoryLimit", "OverStorageLimit"],
        "basic": [],
        "professional": [],
    }


def test_a_node_pulls_only_what_is_there_and_only_when_integrated(do_account: DigitalOceanAccount) -> None:
    do_account.plant(EXISTING)
    docr = do_account.cloud.docr
    put(do_account, "web")
    pull = do_account.kubernetes[0].pull_problem
    (cluster,) = do_account.cloud.kubernetes.clusters.values()
    assert "401 Unauthorized" in str(pull(f"{docr.host}/acme/web:v1"))
    cluster.registries.append("acme")
    assert pull(f"{docr.host}/acme/web:v1") is None
    assert "not found" in str(pull(f"{docr.host}/acme/api:v1"))
    assert pull("docker.io/library/busybox") is None


def test_a_body_that_is_no_object(do_account: DigitalOceanAccount) -> None:
    status, body, _ = ask(do_account, "POST", "/v2/vpcs", ["no"])
    assert (status, body["message"]) == (400, "error parsing request body")


def test_a_defect_of_the_emulator_is_answered_as_one_of_the_cloud(
    do_account: DigitalOceanAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(do_account.cloud.account, "show", lambda: 1 // 0)
    status, body, _ = ask(do_account, "GET", "/v2/account")
    assert (status, body["id"], body["message"]) == (500, "server_error", "Unexpected server-side error")


def test_the_environment_leads_here_and_hides_the_user_s_own_token(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    settings = EmulatorSettings(tmp_path_factory.mktemp("do"), account="team-1", region="nyc1")
    cloud: DigitalOceanCloud = start(settings)
    try:
        told = cloud.environment
        assert told["DIGITALOCEAN_API_URL"] == cloud.url
        assert told["DIGITALOCEAN_TOKEN"] == told["DIGITALOCEAN_ACCESS_TOKEN"] == cloud.token
        assert told["DIGITALOCEAN_REGION"] == "nyc1"
        assert cloud.account.team == "team-1"
    finally:
        cloud.close()
        cloud.close()
