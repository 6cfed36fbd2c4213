"""What a cluster's controllers make in the cloud goes with the app, or is listed with the cloud's price."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from clouddeploy import clusters
from clouddeploy.conformance.rig import Site
from clouddeploy.contract import Provider, Provisioner
from clouddeploy.errors import CloudDeployError
from clouddeploy.kube.client import Kube, connect
from clouddeploy.kube.kinds import CLAIM, SERVICE
from clouddeploy.release.teardown import release_inside

PATIENCE = 60  # seconds of a busy machine
KINDS = {"load balancer", "volume", "disk"}


@pytest.fixture
def provisioner(provider: Provider) -> Provisioner:
    assert provider.provisioner
    return provider.provisioner


@pytest.fixture
def kube(provisioner: Provisioner, provider: Provider, site: Site) -> Iterator[Kube]:
    """A cluster with a public Service, and a pod with a volume."""
    clusters.up(clusters.steps_of(provider, site.target), clock=site.clock)
    with connect(provider.clusters.access(site.target.cluster.name)) as kube:
        for each in objects(provider):
            kube.apply(each)
        until(lambda: status(kube, SERVICE, "web").get("loadBalancer", {}).get("ingress"))
        until(lambda: status(kube, CLAIM, "data").get("phase") == "Bound")
        yield kube


def objects(provider: Provider) -> Iterator[dict[str, Any]]:
    traits = provider.traits
    if traits.storage_provisioner:
        yield {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {"name": traits.storage_class},
            "provisioner": traits.storage_provisioner,
            "parameters": dict(traits.storage_parameters),
            "volumeBindingMode": "WaitForFirstConsumer",
        }
    yield {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": placed("web", dict(traits.load_balancer_annotations)),
        "spec": {"type": "LoadBalancer", "ports": [{"port": 80}], "selector": {"app": "web"}},
    }
    yield {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": placed("data"),
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": traits.storage_class,
            "resources": {"requests": {"storage": "20Gi"}},
        },
    }
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}
    container = {"name": "db", "image": "postgres:17", "volumeMounts": [{"name": "data", "mountPath": "/d"}]}
    yield {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": placed("db"),
        "spec": {
            "selector": {"matchLabels": {"app": "db"}},
            "template": {
                "metadata": {"labels": {"app": "db"}},
                "spec": {"containers": [container], "volumes": [volume]},
            },
        },
    }


def placed(name: str, annotations: dict[str, str] | None = None) -> dict[str, Any]:
    return {"name": name, "namespace": "default", "annotations": annotations or {}}


def status(kube: Kube, kind: Any, name: str) -> dict[str, Any]:
    found = kube.get(kind, name, "default")
    return dict((found or {}).get("status") or {})


def until(ready: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not ready():
        assert time.monotonic() < end, f"not within {PATIENCE} s"
        time.sleep(0.05)


def test_it_is_given_back_before_the_cluster_goes(
    kube: Kube, provisioner: Provisioner, provider: Provider, site: Site
) -> None:
    assert attached(site) >= 2
    (ours,) = provider.clusters.list()
    assert release_inside(provider, ours) is None
    clusters.down(clusters.steps_of(provider, site.target), clock=site.clock)
    assert attached(site) == 0
    assert list(provisioner.leftovers(site.target.cluster.name)) == []


def test_what_stays_when_the_cluster_goes_first_is_listed(
    kube: Kube, provisioner: Provisioner, provider: Provider, site: Site
) -> None:
    with suppress(CloudDeployError):  # where a load balancer holds the network
        clusters.down(clusters.steps_of(provider, site.target), clock=site.clock)
    assert not provider.clusters.list()
    left = [one for one in provisioner.leftovers(site.target.cluster.name) if one.kind in KINDS]
    assert len(left) == attached(site)


def attached(site: Site) -> int:
    assert site.attached
    return site.attached()
