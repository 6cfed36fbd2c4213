"""An emulated DigitalOcean account per test module, emptied before every test.

Emulated time stands still until a test lets it pass: `EmulatedClock` is what the cluster engine
waits with, so a creation of minutes takes no time.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from clouddeploy.contract import ClusterSpec, TargetSettings
from clouddeploy.emulator import EmulatorSettings
from moto_fixtures.kubernetes import StubKubernetes

if TYPE_CHECKING:
    from clouddeploy_digitalocean.emulator.cloud import DigitalOceanCloud

REGION = "fra1"


@dataclass(frozen=True)
class Seed:
    """What an account holds at the start. Clusters map a name to its tags, VPCs to a description.

    With `services` each cluster has a load balancer and a volume of its own; `orphaned` clusters
    are deleted from under them, as a plain DELETE does.
    """

    clusters: Mapping[str, Sequence[str]] = field(default_factory=dict)
    vpcs: Mapping[str, str] = field(default_factory=dict)
    registries: Sequence[str] = ()
    tier: str = "basic"
    droplet_limit: int = 25
    status: str = "active"
    services: bool = False
    orphaned: bool = False
    nodes: int = 2


FRESH = Seed()
EXISTING = Seed(
    clusters={"demo": ["clouddeploy:demo"]},
    vpcs={"clouddeploy-demo": "clouddeploy:demo"},
    registries=("acme",),
)
AT_ITS_QUOTA = Seed(clusters={"other": []}, droplet_limit=3)
ONE_REPOSITORY = Seed(registries=("acme",), tier="starter")
LOCKED = Seed(status="locked")
WITH_SERVICES = Seed(
    clusters={"demo": ["clouddeploy:demo"]},
    vpcs={"clouddeploy-demo": "clouddeploy:demo"},
    services=True,
)
WITH_LEFTOVERS = Seed(
    clusters={"demo": ["clouddeploy:demo"]},
    vpcs={"clouddeploy-demo": "clouddeploy:demo"},
    services=True,
    orphaned=True,
)
FOREIGN_CLUSTER = Seed(clusters={"demo": ["team:other"]})
FOREIGN_VPC = Seed(vpcs={"clouddeploy-demo": "somebody else's"})


@dataclass(frozen=True)
class EmulatedClock:
    """The emulated cloud's time, as `clouddeploy.clusters` waits with it; ten times longer, to poll less."""

    cloud: DigitalOceanCloud

    def monotonic(self) -> float:
        return self.cloud.clock.now()

    def sleep(self, seconds: float, /) -> None:
        time.sleep(0.0005)  # for the threads that start Kubernetes APIs
        self.cloud.clock.advance(10 * seconds)


@dataclass(frozen=True)
class DigitalOceanAccount:
    """An emulated account and the ways tests look at it."""

    cloud: DigitalOceanCloud
    kubernetes: list[StubKubernetes]

    @property
    def clock(self) -> EmulatedClock:
        return EmulatedClock(self.cloud)

    def target(self, cluster: str = "demo", **settings: Any) -> TargetSettings:
        """A target in this account."""
        chosen = {"region": REGION, "registry": {"name": "acme", "tier": "basic"}, **settings}
        return TargetSettings(name="prod", provider="digitalocean", cluster=ClusterSpec(cluster), **chosen)

    def writes(self) -> list[str]:
        """The calls so far that changed something."""
        from clouddeploy_digitalocean.emulator.routes import WRITES

        return [operation for operation in self.cloud.calls if operation in WRITES]

    def inventory(self) -> dict[str, Any]:
        """What the account holds, without ids and times: equal when two accounts are alike."""
        cloud = self.cloud
        now = cloud.clock.now()
        clusters = [one for one in cloud.kubernetes.clusters.values() if one.state(now) != "deleted"]
        return {
            "clusters": sorted(
                (
                    one.name,
                    one.state(now),
                    one.version,
                    tuple(one.tags),
                    tuple((pool.name, pool.size, len(pool.nodes)) for pool in one.pools),
                    tuple(one.registries),
                    one.ha,
                    cloud.network.vpcs[one.vpc].name,
                    one.id in cloud.network.vpcs[one.vpc].description,
                )
                for one in clusters
            ),
            "vpcs": sorted((one.name, one.region, one.default) for one in cloud.network.vpcs.values()),
            "registries": sorted(cloud.docr.found),
            "tier": cloud.docr.tier,
            "load balancers": len(cloud.network.balancers),
            "volumes": len(cloud.network.volumes),
        }

    def plant(self, seed: Seed) -> None:
        """Put a seed's objects there."""
        cloud = self.cloud
        cloud.account.droplet_limit = seed.droplet_limit
        cloud.account.status = seed.status
        cloud.docr.plant(seed.registries, seed.tier)
        if seed.vpcs or seed.clusters:
            cloud.network.default_of(REGION)
        for name, description in seed.vpcs.items():
            cloud.network.add_vpc(name, REGION, description)
        for name, tags in seed.clusters.items():
            self._cluster(name, tags, seed)
        cloud.calls.clear()

    def serve(self, name: str) -> None:
        """A load balancer and a volume, as the cluster's controllers make them."""
        from clouddeploy_digitalocean.emulator.records import Balancer, Volume

        network = self.cloud.network
        cluster = next(one for one in self.cloud.kubernetes.clusters.values() if one.name == name)
        balancer = Balancer(f"a{cluster.id[:8]}", REGION, cluster.vpc, cluster.id)
        volume = Volume(f"pvc-{cluster.id[:8]}", REGION, cluster.id)
        network.balancers[balancer.id], network.volumes[volume.id] = balancer, volume

    def _cluster(self, name: str, tags: Sequence[str], seed: Seed) -> None:
        cloud = self.cloud
        vpc = next((one for one in cloud.network.vpcs.values() if one.name == f"clouddeploy-{name}"), None)
        pool = {"name": "workers", "size": "s-2vcpu-4gb", "count": seed.nodes}
        body: dict[str, Any] = {
            "name": name,
            "region": REGION,
            "version": "1.35.4-do.0",
            "tags": list(tags),
            "node_pools": [pool],
        }
        cluster = cloud.kubernetes.plant({**body, "vpc_uuid": vpc.id} if vpc else body)
        cloud.kubernetes.join()
        cloud.clock.advance(1000)
        if vpc:
            vpc.description += f" k8s:{cluster.id}"
        if seed.services:
            self.serve(name)
        if seed.orphaned:
            cluster.gone_at = cloud.clock.now()


@contextmanager
def running(directory: Path, pace: float = 0) -> Iterator[DigitalOceanAccount]:
    """An emulated cloud of its own; `pace` as in EmulatorSettings, 0 for time that stands still."""
    from clouddeploy_digitalocean.emulator.cloud import DigitalOceanCloud

    kubernetes: list[StubKubernetes] = []

    def start(*arguments: Any) -> StubKubernetes:
        kubernetes.append(StubKubernetes(*arguments))
        return kubernetes[-1]

    cloud = DigitalOceanCloud(EmulatorSettings(directory, region=REGION, pace=pace), start)
    yield DigitalOceanAccount(cloud, kubernetes)
    cloud.close()


@pytest.fixture(scope="module")
def do_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DigitalOceanAccount]:
    """One emulated cloud for a module's tests; `do_account` empties it for each."""
    with running(tmp_path_factory.mktemp("digitalocean")) as account:
        yield account


@pytest.fixture
def do_account(
    do_cloud: DigitalOceanAccount, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> DigitalOceanAccount:
    """An empty account, with its token and endpoints in the environment."""
    do_cloud.cloud.reset()
    do_cloud.kubernetes.clear()
    monkeypatch.setenv("HOME", str(tmp_path))
    for name, value in do_cloud.cloud.environment.items():
        monkeypatch.setenv(name, value)
    return do_cloud
