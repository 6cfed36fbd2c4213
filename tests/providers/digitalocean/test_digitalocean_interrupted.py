"""Cut off at every write of a cluster's life, in four ways; run again, it ends as if nothing had happened.

`before` and `after` end the process around a write. With `lost` and `refused` it lives on: the write
is carried out and its reply is lost, or DigitalOcean answers 503 and does nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from azure.core.exceptions import ServiceResponseError
from azure.core.pipeline.transport import RequestsTransport

from clouddeploy.clusters import down, up
from clouddeploy.contract import ClusterSpec
from clouddeploy.emulator.faults import Faults
from clouddeploy_digitalocean.api import Api
from clouddeploy_digitalocean.emulator.routes import WRITES, find
from clouddeploy_digitalocean.nodes import DoksNodes
from clouddeploy_digitalocean.provisioner import DoksProvisioner
from clouddeploy_digitalocean.registry import DocrRegistry
from clouddeploy_digitalocean.sdk import Sdk
from clouddeploy_digitalocean.session import Session, endpoint, token
from moto_fixtures.digitalocean import DigitalOceanAccount

LIFE = [
    ("vpcs.create", 1),  # the region's default
    ("vpcs.create", 2),  # ours
    ("kubernetes.create_cluster", 1),
    ("vpcs.patch", 1),  # the VPC notes the cluster's id
    ("registries.create", 1),
    ("kubernetes.add_registries", 1),
    ("kubernetes.update_node_pool", 1),
    ("kubernetes.upgrade_cluster", 1),
    ("kubernetes.remove_registries", 1),
    ("kubernetes.destroy_associated_resources_selective", 1),
    ("vpcs.delete", 1),
]
"""Every write from an empty account to an empty account, in order."""

WAYS = ["before", "after", "lost", "refused"]


class Killed(BaseException):
    """The process ends here."""


class Cut(RequestsTransport):
    """azure-core's transport, which goes wrong at one write."""

    def __init__(self, faults: Faults) -> None:
        super().__init__(use_env_settings=False)
        self._faults = faults
        self.plan: tuple[tuple[str, int], str] | None = None
        self.seen: Counter[str] = Counter()
        self.writes: list[tuple[str, int]] = []

    def reset(self, point: tuple[str, int] | None = None, way: str = "") -> None:
        self.plan = (point, way) if point else None
        self.seen.clear()
        self.writes.clear()

    def send(self, request: Any, **options: Any) -> Any:
        route, _ = find(request.method, "/v2" + request.url.partition("/v2")[2].partition("?")[0])
        operation = route.operation
        if operation not in WRITES:
            return super().send(request, **options)
        self.seen[operation] += 1
        self.writes.append((operation, self.seen[operation]))
        point, way = self.plan or (None, "")
        if point != self.writes[-1]:
            return super().send(request, **options)
        if way == "before":
            raise Killed
        if way == "refused":
            self._faults.fail(503, body='{"id": "service_unavailable", "message": "try again"}')
        response = super().send(request, **options)
        if way == "after":
            raise Killed
        if way == "lost":
            raise ServiceResponseError("Connection aborted: Remote end closed connection without response")
        return response


@pytest.fixture(scope="module")
def cut(do_cloud: DigitalOceanAccount) -> Cut:
    return Cut(do_cloud.cloud.faults)


@pytest.fixture(scope="module")
def sdk(cut: Cut) -> Iterator[Callable[[], Sdk]]:
    """One pydo client for the module: making one takes longer than a whole life of a cluster."""
    made: list[Sdk] = []

    def one() -> Sdk:
        made.extend([Sdk(token(), endpoint(), transport=cut)] if not made else [])
        return made[0]

    yield one
    cut.close()


@pytest.fixture
def live(
    do_account: DigitalOceanAccount, cut: Cut, sdk: Callable[[], Sdk]
) -> Callable[[], tuple[dict[str, Any], dict[str, Any]]]:
    """Lives a cluster's whole life, as often as it takes; what the account held at its height and after."""
    account = do_account
    account.cloud.kubernetes.going = "deleting"

    def fresh() -> tuple[DoksProvisioner, DoksNodes]:
        """As in a process of its own: nothing is remembered."""
        session = Session(account.target())
        session.api = Api(sdk())
        return DoksProvisioner(session, DocrRegistry(session)), DoksNodes(session)

    def until_done(run: Callable[[], object]) -> None:
        for _ in range(3):
            try:
                run()
            except Killed:
                continue
            return
        raise AssertionError("killed again and again")

    def whole() -> tuple[dict[str, Any], dict[str, Any]]:
        spec = ClusterSpec("demo", version="1.34")
        until_done(lambda: up(fresh()[0].steps(spec), clock=account.clock))
        until_done(lambda: up(fresh()[1].scale("demo", 3), clock=account.clock))
        until_done(lambda: up(fresh()[0].upgrade("demo", "1.35"), clock=account.clock))
        account.serve("demo")
        height = account.inventory()
        until_done(lambda: down(fresh()[0].steps(spec), clock=account.clock))
        return height, account.inventory()

    return whole


@pytest.fixture(scope="module")
def undisturbed() -> dict[str, Any]:
    """Filled by the first life that a test of this module lets pass."""
    return {}


def _expected(
    undisturbed: dict[str, Any], cut: Cut, live: Callable[[], Any], account: DigitalOceanAccount
) -> Any:
    if not undisturbed:
        cut.reset()
        undisturbed["ends"] = live()
        undisturbed["writes"] = list(cut.writes)
        account.cloud.reset()
        account.cloud.kubernetes.going = "deleting"
    return undisturbed["ends"]


def test_a_life_has_the_writes_that_are_cut_off_below(
    do_account: DigitalOceanAccount, cut: Cut, live: Callable[[], Any], undisturbed: dict[str, Any]
) -> None:
    height, after = _expected(undisturbed, cut, live, do_account)
    assert undisturbed["writes"] == LIFE
    assert height["clusters"] == [
        (
            "demo", "running", "1.35.4-do.0", ("clouddeploy:demo",),
            (("workers", "s-2vcpu-4gb", 3),), ("acme",), False, "clouddeploy-demo", True,
        )
    ]  # fmt: skip
    assert (height["load balancers"], height["volumes"]) == (1, 1)
    assert after == {
        "clusters": [],
        "vpcs": [("default-fra1", "fra1", True)],
        "registries": ["acme"],
        "tier": "basic",
        "load balancers": 0,
        "volumes": 0,
    }


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("point", LIFE, ids=lambda point: f"{point[0]}-{point[1]}")
def test_cut_off_anywhere_it_ends_the_same(
    point: tuple[str, int],
    way: str,
    do_account: DigitalOceanAccount,
    cut: Cut,
    live: Callable[[], Any],
    undisturbed: dict[str, Any],
) -> None:
    expected = _expected(undisturbed, cut, live, do_account)
    cut.reset(point, way)
    assert live() == expected
    assert point in cut.writes
    assert do_account.cloud.ledger() == []
