"""An emulated Google Cloud project per test module, emptied before every test.

Emulated time stands still until a test lets it pass: `EmulatedClock` is what the cluster engine
waits with, so a 5-minute creation takes no time.
"""

from __future__ import annotations

import os
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
    from clouddeploy_gcp.emulator.cloud import GcpCloud
    from clouddeploy_gcp.session import Session

PROJECT = "acme-shop"
REGION = "europe-west3"
ZONE = f"{REGION}-a"
LABEL = "clouddeploy-cluster"
CLEARED = ("GOOGLE_", "CLOUDSDK_", "CLOUDDEPLOY_", "GCE_METADATA")


@dataclass(frozen=True)
class Seed:
    """What a project holds at the start: clusters and repositories by name with their labels, and
    objects of Compute Engine by kind; `quotas`, `enabled` and `disabled` APIs."""

    clusters: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    repositories: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    compute: Mapping[str, Sequence[tuple[str, Mapping[str, Any]]]] = field(default_factory=dict)
    quotas: Mapping[str, float] = field(default_factory=dict)
    enabled: Sequence[str] = ()
    disabled: Sequence[str] = ()


_SERVICE = '{"kubernetes.io/service-name":"default/web"}'
_NODE = f"https://www.googleapis.com/compute/v1/projects/{PROJECT}/zones/{ZONE}/instances/gke-demo-clouddeploy-1a2b-x1"

_INGRESS = "k9m2x7q4-default-shop-1a2b3c4d"
_BACKENDS = f"https://www.googleapis.com/compute/v1/projects/{PROJECT}/global/backendServices"

FRESH = Seed()
CHECKED = Seed(enabled=("cloudresourcemanager.googleapis.com",))
"""What credentials may do in it can be asked."""
NO_APIS = Seed(
    disabled=("artifactregistry.googleapis.com", "compute.googleapis.com", "container.googleapis.com")
)
EXISTING = Seed(clusters={"demo": {LABEL: "demo"}}, repositories={"demo": {LABEL: "demo"}})
FOREIGN_CLUSTER = Seed(clusters={"demo": {"team": "other"}})
FOREIGN_REPOSITORY = Seed(repositories={"demo": {"team": "other"}})
AT_QUOTA = Seed(quotas={"CPUS": 4, "IN_USE_ADDRESSES": 1})
LEFTOVERS = Seed(
    compute={
        "targetPools": [(REGION, {"name": "a1b2", "instances": [_NODE]})],
        "forwardingRules": [
            (
                REGION,
                {
                    "name": "a1b2",
                    "description": _SERVICE,
                    "IPAddress": "203.0.113.7",
                    "target": f"https://www.googleapis.com/compute/v1/projects/{PROJECT}/regions/{REGION}"
                    "/targetPools/a1b2",
                },
            ),
            (
                "global",
                {
                    "name": f"k8s2-fr-{_INGRESS}",
                    "description": '{"kubernetes.io/ingress-name": "default/shop"}',
                    "IPAddress": "203.0.113.9",
                },
            ),
        ],
        "urlMaps": [
            (
                "global",
                {
                    "name": f"k8s2-um-{_INGRESS}",
                    "defaultService": f"{_BACKENDS}/k8s-be-30201--f6eb789c299931e0",
                    "pathMatchers": [
                        {"pathRules": [{"service": f"{_BACKENDS}/k8s1-f6eb789c-default-shop-80-d9016e0c"}]}
                    ],
                },
            )
        ],
        "firewalls": [
            (
                "global",
                {"name": "k8s-fw-l7--f6eb789c299931e0", "targetTags": ["gke-demo-8fa330f8-node"]},
            )
        ],
        "disks": [
            (
                ZONE,
                {
                    "name": "pvc-1",
                    "sizeGb": "20",
                    "type": f"zones/{ZONE}/diskTypes/pd-balanced",
                    "labels": {"goog-k8s-cluster-name": "demo"},
                },
            )
        ],
        "addresses": [(REGION, {"name": "demo-ip", "address": "203.0.113.8", "labels": {LABEL: "demo"}})],
    }
)


@dataclass(frozen=True)
class EmulatedClock:
    """The emulated cloud's time, as `clouddeploy.clusters` waits with it: until the next operation ends."""

    cloud: GcpCloud

    def monotonic(self) -> float:
        return self.cloud.clock.now()

    def sleep(self, seconds: float, /) -> None:
        self.cloud.gke.join()
        self.cloud.clock.advance(max(seconds, self.cloud.gke.due_in()))


@dataclass(frozen=True)
class GcpAccount:
    """An emulated project and the ways tests look at it."""

    cloud: GcpCloud
    kubernetes: list[StubKubernetes]

    @property
    def clock(self) -> EmulatedClock:
        return EmulatedClock(self.cloud)

    def target(
        self, cluster: str = "demo", spec: ClusterSpec | None = None, **settings: Any
    ) -> TargetSettings:
        """A target in this project."""
        return TargetSettings(
            name="prod",
            provider="gcp",
            cluster=spec or ClusterSpec(cluster),
            **{"region": REGION, **settings},
        )

    def session(self, **settings: Any) -> Session:
        """A session of our provider."""
        from clouddeploy_gcp.session import Session

        return Session(self.target(**settings))

    def writes(self) -> list[str]:
        """The changing calls so far: method and path below the project's location."""
        return [
            f"{method} {path.partition('/locations/')[2] or path}" for method, path in self.cloud.writes()
        ]

    def plant(self, seed: Seed) -> None:
        """Put a seed's objects there."""
        from clouddeploy_gcp.registry import ArtifactRegistry

        self.cloud.gke.limits.update(seed.quotas)
        for name, labels in seed.repositories.items():
            ArtifactRegistry(self.session(cluster=name), self.cloud.clock.advance).ensure("x")
            message = self.cloud.artifacts.repo(REGION, name).message
            message.labels.clear()
            message.labels.update(labels)
        for name, labels in seed.clusters.items():
            self._cluster(name, labels)
        for kind, objects in seed.compute.items():
            for place, fields in objects:
                self.cloud.compute.plant(kind, place, **fields)
        self.cloud.services.on.update(seed.enabled)
        self.cloud.services.on.difference_update(seed.disabled)
        self.cloud.calls.clear()

    def _cluster(self, name: str, labels: Mapping[str, str]) -> None:
        """A cluster that somebody made by hand."""
        cluster = {
            "name": name,
            "resource_labels": dict(labels),
            "release_channel": {"channel": "REGULAR"},
            "node_pools": [{"name": "clouddeploy", "initial_node_count": 1}],
        }
        session = self.session()
        session.sdk.container("create_cluster", {"parent": session.parent(ZONE), "cluster": cluster})
        self.cloud.gke.join()
        self.cloud.clock.advance(1000)


@contextmanager
def running(directory: Path, pace: float = 0) -> Iterator[GcpAccount]:
    """An emulated cloud of its own; `pace` as in EmulatorSettings, 0 for time that stands still."""
    from clouddeploy_gcp.emulator.cloud import GcpCloud

    kubernetes: list[StubKubernetes] = []

    def start(*arguments: Any) -> StubKubernetes:
        kubernetes.append(StubKubernetes(*arguments))
        return kubernetes[-1]

    cloud = GcpCloud(EmulatorSettings(directory, PROJECT, REGION, pace=pace), start)
    yield GcpAccount(cloud, kubernetes)
    cloud.close()


@pytest.fixture(scope="module")
def gcp_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GcpAccount]:
    """One emulated cloud for a module's tests; `gcp_account` empties it for each."""
    with running(tmp_path_factory.mktemp("gcp")) as account:
        yield account


@pytest.fixture
def gcp_account(gcp_cloud: GcpAccount, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> GcpAccount:
    """An empty project, with its credentials and endpoints in the environment."""
    gcp_cloud.cloud.reset()
    gcp_cloud.kubernetes.clear()
    for name in list(os.environ):
        if name.startswith(CLEARED):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name, value in gcp_cloud.cloud.environment.items():
        monkeypatch.setenv(name, value)
    return gcp_cloud
