"""Cut off at every request of a cluster's life; run again, it ends as if nothing had happened.

Around every write in four ways: `before` and `after` end the process; with `lost` and `refused` it
lives on: the write is carried out and its reply is lost, or Google answers 503 and does nothing.
Around every read the process ends before the answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from clouddeploy.clusters import up
from clouddeploy.contract import ClusterSpec
from clouddeploy_gcp.session import Session
from moto_fixtures.gcp import NO_APIS, GcpAccount
from tests.providers.gcp.life import ensure, make, provisioner, remove

SPEC = ClusterSpec("demo", nodes=2, version="1.33")
PLACE = "/v1/projects/acme-shop/locations"
REPOSITORY = f"{PLACE}/europe-west3/repositories"
CLUSTER = f"{PLACE}/europe-west3-a/clusters"

LIFE = [
    ("POST", "/v1/projects/acme-shop/services:batchEnable", 1),
    ("POST", REPOSITORY, 1),
    ("POST", f"{REPOSITORY}/demo:setIamPolicy", 1),
    ("POST", CLUSTER, 1),
    ("POST", f"{CLUSTER}/demo/nodePools/clouddeploy:setSize", 1),
    ("PUT", f"{CLUSTER}/demo", 1),
    ("PUT", f"{CLUSTER}/demo/nodePools/clouddeploy", 1),
    ("DELETE", f"{CLUSTER}/demo", 1),
    ("POST", f"{REPOSITORY}/demo:setIamPolicy", 2),
    ("DELETE", f"{REPOSITORY}/demo", 1),
]
"""Every write from an empty project to an empty project, in order."""

WAYS = ["before", "after", "lost", "refused"]

Point = tuple[str, str, int]


class Killed(BaseException):
    """The process ends here."""


class Cut(requests.adapters.HTTPAdapter):
    """The transport of Google's libraries, which goes wrong at one request."""

    def __init__(self, account: GcpAccount) -> None:
        super().__init__()
        self._account = account
        self.reset()

    def reset(self, point: Point | None = None, way: str = "") -> None:
        self.plan = (point, way)
        self.seen: Counter[tuple[str, str]] = Counter()
        self.requests: list[Point] = []

    def send(self, request: Any, *arguments: Any, **options: Any) -> Any:
        path = request.path_url.partition("?")[0]
        if path == "/token":
            return super().send(request, *arguments, **options)
        self.seen[request.method, path] += 1
        self.requests.append((request.method, path, self.seen[request.method, path]))
        point, way = self.plan
        if point != self.requests[-1]:
            return super().send(request, *arguments, **options)
        if way == "before":
            raise Killed
        if way == "refused":
            self._account.cloud.faults.fail(503, body='{"error": {"code": 503, "message": "try again"}}')
        answer = super().send(request, *arguments, **options)
        if way in {"after", "lost"}:
            answer.close()
        if way == "after":
            raise Killed
        if way == "lost":
            raise requests.exceptions.ConnectionError("Remote end closed connection without response")
        return answer


@pytest.fixture
def cut(gcp_account: GcpAccount, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cut]:
    """Under every session that Google's libraries make."""
    adapter = Cut(gcp_account)

    class Mounted(requests.Session):
        def get_adapter(self, url: str) -> Any:
            return adapter

    from google.auth.transport.requests import AuthorizedSession

    monkeypatch.setattr(AuthorizedSession, "get_adapter", Mounted.get_adapter)
    # An access token needs no RSA signature for every process that is played here.
    monkeypatch.setenv("CLOUDSDK_AUTH_ACCESS_TOKEN", gcp_account.cloud.accounts.issue())
    yield adapter
    adapter.close()


@pytest.fixture
def life(gcp_account: GcpAccount, cut: Cut) -> Callable[[], tuple[Any, Any]]:
    """Lives a cluster's whole life, as often as it takes: what the project held at its height and after."""

    def until_done(run: Callable[[], object]) -> None:
        for _ in range(3):
            try:
                run()
            except Killed:
                continue
            return
        raise AssertionError("killed again and again")

    def scale() -> None:
        nodes = connected(gcp_account)
        up(nodes.scale("demo", 3), clock=gcp_account.clock)

    def whole() -> tuple[Any, Any]:
        gcp_account.plant(NO_APIS)
        cut.requests.clear()
        cut.seen.clear()
        until_done(lambda: make(gcp_account, SPEC))
        until_done(scale)
        until_done(
            lambda: up(provisioner(gcp_account, SPEC).upgrade("demo", "1.34"), clock=gcp_account.clock)
        )
        height = inventory(gcp_account)
        until_done(lambda: remove(gcp_account, SPEC))
        return height, inventory(gcp_account)

    return whole


def connected(account: GcpAccount) -> Any:
    from clouddeploy_gcp import connect

    return connect(account.target(spec=SPEC)).nodes


def inventory(account: GcpAccount) -> dict[str, Any]:
    """What the project holds, without ids."""
    cloud = account.cloud
    cloud.gke.settle()
    return {
        "apis": sorted(cloud.services.on),
        "clusters": [
            (
                key,
                record.message.current_master_version,
                [(pool.name, pool.version, pool.config.machine_type) for pool in record.message.node_pools],
                sum(record.groups.values()),
                dict(record.message.resource_labels),
            )
            for key, record in cloud.gke.clusters.items()
        ],
        "repositories": [
            (key, repo.policy.bindings, dict(repo.message.labels))
            for key, repo in cloud.artifacts.repositories.items()
        ],
        "kubernetes": [api.closed for api in account.kubernetes].count(False),
    }


@pytest.fixture(scope="module")
def undisturbed() -> dict[str, Any]:
    """Filled by the first life that a test of this module lets pass."""
    return {}


def expected(undisturbed: dict[str, Any], cut: Cut, life: Callable[[], Any], account: GcpAccount) -> Any:
    if not undisturbed:
        cut.reset()
        undisturbed["ends"] = life()
        undisturbed["requests"] = list(cut.requests)
        account.cloud.reset()
        account.kubernetes.clear()
    return undisturbed["ends"]


def test_a_life_has_the_writes_that_are_cut_off_below(
    gcp_account: GcpAccount, cut: Cut, life: Callable[[], Any], undisturbed: dict[str, Any]
) -> None:
    height, after = expected(undisturbed, cut, life, gcp_account)
    assert [one for one in undisturbed["requests"] if one[0] != "GET"] == LIFE
    member = "serviceAccount:123456789012-compute@developer.gserviceaccount.com"
    assert height["clusters"] == [
        (
            ("europe-west3-a", "demo"),
            "1.34.1-gke.2541000",
            [("clouddeploy", "1.34.1-gke.2541000", "e2-standard-2")],
            3,
            {"clouddeploy-cluster": "demo"},
        )
    ]
    assert height["repositories"] == [
        (
            ("europe-west3", "demo"),
            [{"role": "roles/artifactregistry.reader", "members": [member]}],
            {"clouddeploy-cluster": "demo"},
        )
    ]
    assert height["kubernetes"] == 1
    assert (after["clusters"], after["repositories"], after["kubernetes"]) == ([], [], 0)
    assert after["apis"] == height["apis"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "point", LIFE, ids=lambda point: f"{point[0]} {point[1].rpartition('/')[2]}-{point[2]}"
)
def test_cut_off_at_a_write_it_ends_the_same(
    point: Point,
    way: str,
    gcp_account: GcpAccount,
    cut: Cut,
    life: Callable[[], Any],
    undisturbed: dict[str, Any],
) -> None:
    wanted = expected(undisturbed, cut, life, gcp_account)
    cut.reset(point, way)
    assert life() == wanted
    assert point in cut.requests
    assert gcp_account.cloud.ledger() == []


def test_cut_off_at_any_read_it_ends_the_same(
    gcp_account: GcpAccount, cut: Cut, life: Callable[[], Any], undisturbed: dict[str, Any]
) -> None:
    wanted = expected(undisturbed, cut, life, gcp_account)
    reads = [one for one in undisturbed["requests"] if one[0] == "GET"]
    chosen = [one for one in reads if one[2] == 1]  # later polls are like the first
    for point in chosen:
        gcp_account.cloud.reset()
        gcp_account.kubernetes.clear()
        cut.reset(point, "before")
        assert life() == wanted, point
        assert gcp_account.cloud.ledger() == []
    print(f"{len(chosen)} reads cut off, besides {len(LIFE) * len(WAYS)} cuts at writes")
    assert len(chosen) >= 15


def test_a_cluster_that_shows_late_is_not_made_twice(gcp_account: GcpAccount, cut: Cut) -> None:
    """A zone that the list cannot tell about at the moment may hold the cluster."""
    cut.reset(("POST", CLUSTER, 1), "after")
    with pytest.raises(Killed):
        make(gcp_account, SPEC)
    gcp_account.cloud.gke.missing_zones.append("europe-west3-a")
    from clouddeploy.errors import TemporaryError

    with pytest.raises(TemporaryError, match="cannot tell"):
        make(gcp_account, SPEC)
    gcp_account.cloud.gke.missing_zones.clear()
    make(gcp_account, SPEC)
    assert [kind for kind, _, _ in gcp_account.cloud.ledger()].count("cluster") == 1


def test_a_session_is_new_in_every_process(gcp_account: GcpAccount) -> None:
    assert Session(gcp_account.target()).sdk is not Session(gcp_account.target()).sdk
    ensure(gcp_account)
    assert ensure(gcp_account).created is False
