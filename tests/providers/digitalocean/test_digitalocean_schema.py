"""Every request that we send and every answer of the emulator, against DigitalOcean's own description."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from clouddeploy.clusters import down, up
from clouddeploy.conformance.images import TinyImage
from clouddeploy.contract import ClusterSpec
from clouddeploy.emulator.server import Server
from clouddeploy.errors import CredentialsError
from clouddeploy.oci.client import RegistryClient
from clouddeploy.push import push_image
from clouddeploy_digitalocean import connect, parse
from clouddeploy_digitalocean.api import Api
from clouddeploy_digitalocean.emulator.routes import ROUTES
from clouddeploy_digitalocean.scopes import SCOPES
from moto_fixtures.digitalocean import DigitalOceanAccount
from tests.providers import callsites
from tests.providers.digitalocean.openapi import OpenApi, Recorder
from tests.providers.digitalocean.schemas import described

IN_THE_TEXT = {
    "kubernetes.create_cluster": {"tag:create", "tag:read", "vpc:read"},
    "kubernetes.list_clusters": {"tag:read"},
    "kubernetes.get_cluster": {"tag:read"},
    "volumes.list": {"tag:read"},
    "vpcs.list_members": {"droplet:read", "load_balancer:read"},
}


@pytest.fixture
def recorder(do_account: DigitalOceanAccount, monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    """Between the provider and the cloud."""
    recorder = Recorder(do_account.cloud.faults)
    with Server(recorder) as server:
        monkeypatch.setenv("DIGITALOCEAN_API_URL", server.url)
        yield recorder


@pytest.fixture(scope="module")
def openapi() -> OpenApi:
    return OpenApi()


def whole_life(account: DigitalOceanAccount) -> None:
    """Everything that this provider can ask of DigitalOcean, with its real SDK."""
    fresh = connect(account.target()).doctor
    assert fresh
    assert [check() for check in fresh.checks() if check().ok is False] == []
    _push(account, "shop/web", tier="starter")
    _push(account, "shop/api", tier="basic")
    roomy = connect(account.target(registry={"name": "acme", "tier": "basic"}))
    assert roomy.room
    roomy.room(["shop/web", "shop/api", "shop/worker"])
    provider = connect(account.target(account=account.cloud.account.team))
    assert provider.provisioner
    assert provider.nodes
    assert provider.doctor
    account.cloud.kubernetes.list_lag = 5
    up(provider.provisioner.steps(ClusterSpec("demo", ha=True)), clock=account.clock)
    account.cloud.kubernetes.list_lag = 0
    up(provider.provisioner.steps(ClusterSpec("older", version="1.34", nodes=1)), clock=account.clock)
    provider.clusters.list()
    provider.clusters.access("demo").credential()
    up(provider.nodes.scale("demo", 3), clock=account.clock)
    up(provider.provisioner.upgrade("older", None), clock=account.clock)
    account.serve("demo")
    assert [check() for check in provider.doctor.checks() if check().ok is False] == []
    assert len(provider.provisioner.leftovers("demo")) == 2
    for name in ("demo", "older"):
        down(provider.provisioner.steps(ClusterSpec(name)), clock=account.clock)
    assert account.cloud.ledger() == []


def _push(account: DigitalOceanAccount, repository: str, *, tier: str) -> None:
    provider = connect(account.target(registry={"name": "acme", "tier": tier}))
    address = provider.registry.ensure(repository).address
    with RegistryClient(address.partition("/")[0], provider.registry.login) as client:
        push_image(TinyImage(repository), address, ["v1"], client)
        push_image(TinyImage("old"), address, ["v0"], client)
    assert provider.images
    old = [one for one in provider.images.list(repository) if "v0" in one.tags]
    provider.images.delete(repository, old)


def test_a_whole_life_is_as_the_description_says(
    do_account: DigitalOceanAccount,
    recorder: Recorder,
    openapi: OpenApi,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    gates = ("_answer", "_pages")
    seen = callsites.made(monkeypatch, "digitalocean", Api, gates)
    whole_life(do_account)
    assert callsites.written("digitalocean", gates, "self") == seen
    api = [one for one in recorder.exchanges if one.path != "/v2/registry/auth"]
    for exchange in api:
        openapi.check(exchange)
    told = f"digitalocean: {len(api)} of {len(openapi.counts)} operations"
    record_property("agreement", told)
    print(told, dict(sorted(openapi.counts.items())))
    assert {_operation_id(openapi, name) for name in SCOPES} == set(openapi.counts)
    assert sum(openapi.counts.values()) == len(api) > 100


@pytest.mark.parametrize("status", [401, 403, 404, 412, 422, 429, 503])
def test_errors_are_as_the_description_says(
    do_account: DigitalOceanAccount, recorder: Recorder, openapi: OpenApi, status: int
) -> None:
    from clouddeploy.errors import CloudDeployError
    from clouddeploy_digitalocean.emulator.answers import ApiError

    body = json.dumps(ApiError(status, "said").answer().body)
    do_account.cloud.faults.fail(status, 20, body=body)
    with pytest.raises(CloudDeployError):
        connect(do_account.target()).clusters.list()
    for exchange in recorder.exchanges:
        openapi.check(exchange)


def test_the_scopes_that_we_name_are_those_of_the_description(openapi: OpenApi) -> None:
    for name, scopes in SCOPES.items():
        found = described(openapi, name)
        told = {scope for one in found["security"] for scope in one.get("bearer_auth", ())}
        # Volumes list three alternatives; some operations need more, which only their text names.
        assert set(scopes) - IN_THE_TEXT.get(name, set()) <= told, name


def test_no_scope_that_the_description_names_is_left_out(openapi: OpenApi) -> None:
    """Of several alternatives in a description one is enough; `api:*` are the scopes of old tokens."""
    for name, scopes in SCOPES.items():
        told = [one.get("bearer_auth", ()) for one in described(openapi, name)["security"]]
        ways = [{scope for scope in one if not scope.startswith("api:")} for one in told]
        assert any(way <= set(scopes) for way in ways), (name, ways)


def test_the_emulator_asks_for_the_scopes_of_the_description(openapi: OpenApi) -> None:
    """Of all its operations, also of those that only other clients use."""
    for route in ROUTES:
        told = described(openapi, route.operation)["security"]
        asked = {scope for one in told for scope in one["bearer_auth"] if not scope.startswith("api:")}
        more = IN_THE_TEXT["vpcs.list_members"] if route.operation == "vpcs.list_members" else set()
        assert route.scopes == asked | more, route.operation


def _printed(account: DigitalOceanAccount, *purposes: str) -> frozenset[str]:
    """The scopes that `doctor --policy` prints for some purposes, for all when none is named."""
    doctor = connect(account.target()).doctor
    assert doctor
    lines = dict(line.split(": ", 1) for line in doctor.policy().splitlines()[1:])
    return frozenset(scope for one in purposes or lines for scope in lines[one].split())


def test_a_whole_life_needs_no_scope_that_is_not_printed(do_account: DigitalOceanAccount) -> None:
    do_account.cloud.account.scopes = _printed(do_account)
    whole_life(do_account)


def test_a_token_for_pushes_makes_no_cluster_and_is_told_what_it_lacks(
    do_account: DigitalOceanAccount,
) -> None:
    do_account.cloud.account.scopes = _printed(do_account, "always", "push")
    provider = connect(do_account.target())
    address = provider.registry.ensure("shop/web").address
    with RegistryClient(address.partition("/")[0], provider.registry.login) as client:
        push_image(TinyImage(), address, ["v1"], client)
    assert provider.provisioner
    with pytest.raises(CredentialsError, match="not authorized") as caught:
        up(provider.provisioner.steps(ClusterSpec("demo")), clock=do_account.clock)
    assert re.search(r"make a token that allows \w+:read", str(caught.value.fix))


def test_the_examples_of_the_description_can_be_read(openapi: OpenApi) -> None:
    cluster = _example(openapi, "kubernetes.get_cluster")["kubernetes_cluster"]
    read = parse.cluster(cluster)
    assert (read.name, read.state, read.nodes) == ("prod-cluster-01", "running", 5)
    offer = parse.offer(_example(openapi, "kubernetes.list_options")["options"])
    assert [one.minor for one in offer.versions] == ["1.18", "1.17", "1.16"]
    balancers = [parse.balancer(one) for one in _example(openapi, "load_balancers.list")["load_balancers"]]
    assert [one.name for one in balancers] == ["example-lb-01", "prod-web-lb-01"]


def _operation_id(openapi: OpenApi, name: str) -> str:
    return str(described(openapi, name)["operationId"])


def _example(openapi: OpenApi, name: str) -> dict[str, Any]:
    content = described(openapi, name)["responses"]["200"]["content"]["application/json"]
    if "example" in content:
        return dict(content["example"])
    examples = content.get("examples", {})
    return dict(next((one["value"] for one in examples.values()), {}))
