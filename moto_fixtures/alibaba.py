"""An emulated Alibaba Cloud account per test module, emptied before every test.

Emulated time stands still until a test lets it pass: `clock` is what the cluster engine waits with, so
a ten-minute creation takes no time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from clouddeploy.contract import ClusterSpec, Provider, TargetSettings
from clouddeploy.emulator import EmulatorSettings
from moto_fixtures.kubernetes import StubKubernetes

if TYPE_CHECKING:
    from clouddeploy_alibaba.emulator.cloud import AlibabaCloud

ACCOUNT = "1234567890123456"
REGION = "eu-central-1"
OWNER_TAG = "clouddeploy/cluster"
READERS = ("Describe", "Get", "List", "Check")


@dataclass(frozen=True)
class Seed:
    """What an account holds at the start. Names map to tags; `quotas` replace the usual ones.

    `disks` are volumes by their claim's name, each with the cluster whose storage class of ours it had.
    """

    vpcs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    clusters: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    balancers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    disks: Mapping[str, str] = field(default_factory=dict)
    quotas: Mapping[str, int] = field(default_factory=dict)
    repositories: Sequence[str] = ()


FRESH = Seed()
EXISTING = Seed(clusters={"demo": {OWNER_TAG: "demo"}}, repositories=("shop/web",))
AT_QUOTA = Seed(clusters={"one": {}, "two": {}}, quotas={"cluster_quota": 2})
LEFTOVERS = Seed(balancers={"8.8.4.4": {OWNER_TAG: "demo"}}, disks={"data": "demo"})
FOREIGN_VPC = Seed(vpcs={"clouddeploy-demo": {"team": "other"}})
FOREIGN_CLUSTER = Seed(clusters={"demo": {"team": "other"}})


@dataclass
class EmulatedClock:
    """The emulated cloud's time, as `clouddeploy.clusters` waits with it; sixty times as long."""

    cloud: AlibabaCloud

    def monotonic(self) -> float:
        return self.cloud.clock.now()

    def sleep(self, seconds: float, /) -> None:
        self.cloud.ack.join()
        self.cloud.clock.advance(60 * seconds)


@dataclass(frozen=True)
class AlibabaAccount:
    """An emulated account and the ways tests look at it."""

    cloud: AlibabaCloud

    @property
    def clock(self) -> EmulatedClock:
        return EmulatedClock(self.cloud)

    def target(self, cluster: str = "demo", **settings: Any) -> TargetSettings:
        """A target in this account."""
        return TargetSettings(
            name="prod", provider="alibaba", cluster=ClusterSpec(cluster), **{"region": REGION, **settings}
        )

    def provider(self, cluster: str = "demo", **settings: Any) -> Provider:
        """The provider, connected anew."""
        from clouddeploy_alibaba import connect

        return connect(self.target(cluster, **settings))

    def writes(self) -> list[str]:
        """The calls so far that changed something."""
        return [
            f"{service}:{action}" for service, action in self.cloud.calls if not action.startswith(READERS)
        ]

    def plant(self, seed: Seed) -> None:
        """Put a seed's objects there."""
        from clouddeploy_alibaba.emulator.world import Resource

        world = self.cloud.world
        for name, tags in seed.vpcs.items():
            world.add(Resource("vpc", world.new_id("vpc-"), name=name, cidr="10.0.0.0/8", tags=dict(tags)))
        for name, tags in seed.clusters.items():
            self._cluster(name, tags)
        for name, tags in seed.balancers.items():
            world.add(Resource("slb", world.new_id("lb-"), address=name, tags=dict(tags)))
        for claim, cluster in seed.disks.items():
            self.disk(claim, self.provider(cluster).traits.storage_parameters)
        for name in seed.repositories:
            self.provider().registry.ensure(name)
        world.quotas.update(seed.quotas)
        self.cloud.calls.clear()

    def disk(
        self, claim: str, parameters: Mapping[str, str], *, cluster_id: str = "c-gone", attached: bool = False
    ) -> None:
        """The disk of a volume, as a cluster's driver makes it from a storage class's parameters."""
        from clouddeploy.emulator.kubernetes.storage import Volume
        from clouddeploy_alibaba.emulator.disks import ClusterDisks

        volume = Volume(f"uid-{claim}", "shop", claim, 20, f"{REGION}a", parameters)
        assert ClusterDisks(self.cloud.world, cluster_id).keep(volume, attached=attached)

    def _cluster(self, name: str, tags: Mapping[str, str]) -> None:
        """A cluster that somebody made by hand, in a network of its own."""
        from clouddeploy_alibaba.emulator.world import Resource

        world = self.cloud.world
        vpc = world.add(Resource("vpc", world.new_id("vpc-"), name=f"{name}-by-hand", cidr="10.0.0.0/8"))
        zone = f"{REGION}a"
        vswitch = Resource("vswitch", world.new_id("vsw-"), vpc_id=vpc.id, zone=zone, cidr="10.0.0.0/16")
        self.cloud.create_cluster(
            {
                "name": name,
                "region_id": REGION,
                "cluster_type": "ManagedKubernetes",
                "cluster_spec": "ack.pro.small",
                "vpcid": vpc.id,
                "vswitch_ids": [world.add(vswitch).id],
                "container_cidr": "172.20.0.0/16",
                "service_cidr": "172.21.0.0/20",
                "endpoint_public_access": True,
                "tags": [{"key": key, "value": value} for key, value in tags.items()],
            }
        )
        self.cloud.ack.join()
        self.cloud.clock.advance(1000)


@contextmanager
def running(directory: Path, pace: float = 0) -> Iterator[AlibabaAccount]:
    """An emulated cloud of its own; `pace` as in EmulatorSettings, 0 for time that stands still."""
    from clouddeploy_alibaba.emulator.cloud import AlibabaCloud

    cloud = AlibabaCloud(EmulatorSettings(directory, ACCOUNT, REGION, pace=pace), StubKubernetes)
    yield AlibabaAccount(cloud)
    cloud.close()


@pytest.fixture(scope="module")
def alibaba_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AlibabaAccount]:
    """One emulated cloud for a module's tests; `alibaba_account` empties it for each."""
    with running(tmp_path_factory.mktemp("alibaba")) as account:
        yield account


@pytest.fixture
def alibaba_account(
    alibaba_cloud: AlibabaAccount, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> AlibabaAccount:
    """An account with one registry instance, its credentials and endpoints in the environment."""
    alibaba_cloud.cloud.reset()
    monkeypatch.setenv("HOME", str(tmp_path))
    for name, value in alibaba_cloud.cloud.environment.items():
        monkeypatch.setenv(name, value)
    return alibaba_cloud
