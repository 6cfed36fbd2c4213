"""Every request that we send and every answer of the emulator, against Google's own descriptions."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from clouddeploy.clusters import down, up
from clouddeploy.conformance.images import TinyImage
from clouddeploy.contract import ClusterSpec
from clouddeploy.emulator.server import Server
from clouddeploy.errors import CloudDeployError, ConfigError
from clouddeploy.oci.client import RegistryClient
from clouddeploy.push import push_image
from clouddeploy_gcp import connect
from clouddeploy_gcp.compute import Compute
from clouddeploy_gcp.emulator.answers import ApiError
from clouddeploy_gcp.images import ArtifactImages
from clouddeploy_gcp.sdk import Sdk
from moto_fixtures.gcp import CHECKED, LEFTOVERS, NO_APIS, GcpAccount
from tests.providers import callsites
from tests.providers.gcp.discovery import Discovery, Recorder
from tests.providers.gcp.life import ensure

OUTSIDE = ("/token", "/tokeninfo", "/v2", "/")
"""OAuth and the registry are described elsewhere."""


@pytest.fixture
def recorder(gcp_account: GcpAccount, monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    """Between the provider and the cloud."""
    recorder = Recorder(gcp_account.cloud.faults)
    with Server(recorder) as server:
        monkeypatch.setenv("CLOUDDEPLOY_GCP_ENDPOINT", server.url)
        yield recorder


@pytest.fixture(scope="module")
def discovery() -> Discovery:
    return Discovery()


GATES = {Sdk: ("container", "artifacts", "first_artifact", "rest"), Compute: ("get", "pages")}
"""Every request goes through one of these."""


def whole_life(account: GcpAccount) -> None:
    """Everything that this provider can ask of Google, with Google's own libraries."""
    account.plant(NO_APIS)
    account.plant(CHECKED)
    specs = [
        ClusterSpec("demo", nodes=2, version="1.32"),
        ClusterSpec("wide", nodes=3, cpus=2, ha=True),
        ClusterSpec("auto"),
    ]
    for spec in specs:
        provider = connect(account.target(spec=spec, registry={"immutable": "true", "keep": "5"}))
        assert provider.provisioner
        up(provider.provisioner.steps(spec), clock=account.clock)
    provider = connect(account.target(spec=specs[0]))
    assert provider.provisioner
    assert provider.nodes
    assert provider.doctor
    ensure(account, "pushed")
    _push(account)
    provider.clusters.list()
    provider.clusters.access("demo").credential()
    up(provider.nodes.scale("demo", 3), clock=account.clock)
    up(provider.provisioner.upgrade("demo", None), clock=account.clock)
    up(provider.provisioner.upgrade("auto", "1.34"), clock=account.clock)
    for check in provider.doctor.checks():
        assert check().ok, check()
    for spec in specs:
        down(provider.provisioner.steps(spec), clock=account.clock)
    nowhere = connect(account.target(spec=specs[0], region="europe-west33")).provisioner
    assert nowhere
    with pytest.raises(ConfigError, match="no region europe-west33"):
        up(nowhere.steps(specs[0]), clock=account.clock)
    account.plant(LEFTOVERS)
    assert len(provider.provisioner.leftovers("demo")) == 4


def _push(account: GcpAccount) -> None:
    registry = connect(account.target(cluster="pushed")).registry
    address = registry.address("shop/web")
    with RegistryClient(address.partition("/")[0], registry.login) as client:
        push_image(TinyImage(), address, ["v1"], client)
        push_image(TinyImage("old"), address, ["v0"], client)
    images = ArtifactImages(account.session(cluster="pushed"), account.cloud.clock.advance)
    assert images.repositories() == ["shop/web"]
    images.delete("shop/web", [one for one in images.list("shop/web") if "v0" in one.tags])
    left = connect(account.target(cluster="pushed")).provisioner
    assert left
    assert [one.kind for one in left.leftovers("pushed")] == ["images"]


def test_a_whole_life_is_as_the_description_says(
    gcp_account: GcpAccount,
    recorder: Recorder,
    discovery: Discovery,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    seen = [callsites.made(monkeypatch, "gcp", kind, gates) for kind, gates in GATES.items()]
    whole_life(gcp_account)
    asked = callsites.written("gcp", GATES[Sdk], "sdk")
    asked |= {site for site in callsites.written("gcp", GATES[Compute], "self") if site[0] == "compute.py"}
    assert asked - set.union(*seen) == set()
    assert len(asked) > 20
    api = [
        one
        for one in recorder.exchanges
        if not one.path.startswith((*OUTSIDE[:3], "/artifacts-uploads/")) and one.path != "/"
    ]
    for exchange in api:
        discovery.check(exchange)
    told = f"gcp: {len(api)} of {len(discovery.counts)} operations"
    record_property("agreement", told)
    print(told, dict(sorted(discovery.counts.items())))
    unused = {method.id for method in discovery.methods} - set(discovery.counts)
    assert unused == {
        # What only gcloud asks of the emulator; see test_gcp_gcloud.py.
        "artifactregistry.projects.locations.repositories.list",
        "container.projects.locations.clusters.get",
        "container.projects.locations.clusters.nodePools.create",
        "container.projects.locations.clusters.nodePools.delete",
        "container.projects.locations.clusters.nodePools.get",
        "container.projects.locations.clusters.nodePools.list",
        "container.projects.locations.clusters.setResourceLabels",
        "container.projects.locations.operations.list",
        "serviceusage.services.enable",
        "serviceusage.services.get",
        "serviceusage.services.list",
    }
    assert len(api) > 100


@pytest.mark.parametrize(
    "status",
    ["INVALID_ARGUMENT", "PERMISSION_DENIED", "NOT_FOUND", "ABORTED", "RESOURCE_EXHAUSTED", "UNAVAILABLE"],
)
def test_errors_are_as_the_description_says(
    gcp_account: GcpAccount, recorder: Recorder, discovery: Discovery, status: str
) -> None:
    import json

    error = ApiError(status, "said", reason="REASON")
    gcp_account.cloud.faults.fail(
        error.code, 1, match=lambda request: "/clusters" in request.path, body=json.dumps(error.body())
    )
    with pytest.raises(CloudDeployError):
        connect(gcp_account.target()).clusters.list()
    (exchange,) = [one for one in recorder.exchanges if one.path.endswith("/clusters")]
    assert discovery.check(exchange) == "container.projects.locations.clusters.list"


def test_what_gcloud_asks_is_answered_as_described(
    gcp_account: GcpAccount, recorder: Recorder, discovery: Discovery
) -> None:
    gclouds_life(gcp_account)
    for exchange in recorder.exchanges:
        if not exchange.path.startswith("/token"):
            discovery.check(exchange)


def gclouds_life(account: GcpAccount) -> None:
    """The routes that our provider does not need."""
    session = account.session()
    account.plant(NO_APIS)
    for api in NO_APIS.disabled:
        session.sdk.rest(
            "POST", "serviceusage", f"v1/projects/{session.project}/services/{api}:enable", json={}
        )
    account.cloud.clock.advance(60)
    spec = ClusterSpec("demo", nodes=1)
    provisioner = connect(account.target(spec=spec)).provisioner
    assert provisioner
    up(provisioner.steps(spec), clock=account.clock)
    place = f"v1/{session.parent('europe-west3-a')}"
    cluster = f"{place}/clusters/demo"
    fingerprint = session.sdk.rest("GET", "container", cluster)["labelFingerprint"]
    labels = {"resourceLabels": {"a": "b"}, "labelFingerprint": fingerprint}
    session.sdk.rest("POST", "container", f"{cluster}:setResourceLabels", json=labels)
    more = {"nodePool": {"name": "more", "initialNodeCount": 1}}
    session.sdk.rest("POST", "container", f"{cluster}/nodePools", json=more)
    account.clock.sleep(0)
    session.sdk.rest("DELETE", "container", f"{cluster}/nodePools/more")
    account.clock.sleep(0)
    paths = [cluster, f"{cluster}/nodePools", f"{cluster}/nodePools/clouddeploy", f"{place}/operations"]
    for path in [*paths, f"v1/{session.parent('europe-west3')}/repositories"]:
        session.sdk.rest("GET", "container", path)
    for path in ("services", "services/container.googleapis.com"):
        session.sdk.rest("GET", "serviceusage", f"v1/projects/{session.project}/{path}")
    session.sdk.rest("GET", "compute", f"compute/v1/projects/{session.project}/regions")
