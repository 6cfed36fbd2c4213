"""Before a cluster is deleted it gives back what is billed beside it: load balancers and disks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from clouddeploy.contract import KubeAccess, Secret, Token
from clouddeploy.emulator.kubernetes import KubernetesApi, User, start_kubernetes
from clouddeploy.errors import CredentialsError, TemporaryError
from clouddeploy.kube.billed import find_billed, release_billed
from clouddeploy.kube.client import Kube, connect
from clouddeploy.kube.kinds import (
    CLAIM,
    DEPLOYMENT,
    INGRESS,
    NAMESPACE,
    POD,
    SERVICE,
    STATEFUL_SET,
    VOLUME,
    Kind,
)
from tests.kube.clocks import Fast, Jumping
from tests.kube.test_health import Watched


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KubernetesApi]:
    """A cluster of its own: everything in it is deleted."""
    running = start_kubernetes(tmp_path_factory.mktemp("billed"), authenticate=User, real=False)
    yield running
    running.close()


@pytest.fixture
def kube(api: KubernetesApi) -> Iterator[Kube]:
    with connect(api.admin) as kube:
        yield kube


def put(kube: Kube, kind: Kind, name: str, namespace: str = "default", **content: Any) -> None:
    """Make an object as kubectl would."""
    base = "/api/v1" if kind.version == "v1" else f"/apis/{kind.version}"
    place = f"/namespaces/{namespace}" if kind.namespaced else ""
    metadata = {"name": name, **content.pop("metadata", {})}
    body = {"apiVersion": kind.version, "kind": kind.name, "metadata": metadata, **content}
    kube._http.post(f"{base}{place}/{kind.plural}", json=body)


def claim_spec() -> dict[str, Any]:
    return {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}


def workload(**pod: Any) -> dict[str, Any]:
    labels = {"app": "db"}
    container = {"name": "db", "image": "postgres:17"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container], **pod}}
    return {"selector": {"matchLabels": labels}, "template": template}


def names(kube: Kube, kind: Kind) -> list[str]:
    return [each["metadata"]["name"] for each in kube.list(kind, "*")]


def released(kube: Kube, **options: Any) -> list[str]:
    return sorted(str(one) for one in release_billed(kube, **{"clock": Fast(), **options}))


def test_an_empty_cluster_has_nothing_to_give_back(kube: Kube) -> None:
    progress = Watched()
    assert find_billed(kube) == []
    assert released(kube, progress=progress) == []
    assert progress.said == ["none"]


def test_load_balancers_and_ingresses_of_all_namespaces_go_and_the_rest_stays(kube: Kube) -> None:
    put(kube, NAMESPACE, "other")
    port = [{"port": 80}]
    put(kube, SERVICE, "web", spec={"type": "LoadBalancer", "ports": port})
    put(kube, SERVICE, "shop", "other", spec={"type": "LoadBalancer", "ports": port})
    put(kube, SERVICE, "inside", "other", spec={"ports": port})
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    put(kube, INGRESS, "entry", "other", spec={"defaultBackend": backend})
    expected = ["Ingress other/entry", "Service default/web", "Service other/shop"]
    assert sorted(str(one) for one in find_billed(kube)) == expected
    assert released(kube) == expected
    assert names(kube, INGRESS) == []
    assert "inside" in names(kube, SERVICE)


def test_claims_go_and_with_them_whatever_would_hold_them(kube: Kube) -> None:
    put(kube, CLAIM, "spool", spec=claim_spec())
    volume = {"name": "spool", "persistentVolumeClaim": {"claimName": "spool"}}
    put(kube, DEPLOYMENT, "worker", spec={"replicas": 1, **workload(volumes=[volume])})
    put(kube, DEPLOYMENT, "stateless", spec={"replicas": 1, **workload()})
    template = {"metadata": {"name": "data"}, "spec": claim_spec()}
    stateful = {"replicas": 1, "serviceName": "db", "volumeClaimTemplates": [template], **workload()}
    put(kube, STATEFUL_SET, "db", spec=stateful)
    clock = Fast()
    while "data-db-0" not in names(kube, CLAIM):
        clock.sleep(1)
    assert released(kube) == [
        "PersistentVolumeClaim default/data-db-0",
        "PersistentVolumeClaim default/spool",
    ]
    assert (names(kube, CLAIM), names(kube, STATEFUL_SET)) == ([], [])
    assert names(kube, DEPLOYMENT) == ["stateless"]
    kube.delete(DEPLOYMENT, "stateless", "default")


def test_a_volume_of_a_claim_is_waited_for_unless_it_is_to_be_retained(kube: Kube) -> None:
    put(kube, CLAIM, "one", spec=claim_spec())
    put(kube, CLAIM, "two", spec=claim_spec())
    for name, policy in (("one", "Delete"), ("two", "Retain")):
        spec = {
            "capacity": {"storage": "1Gi"},
            "accessModes": ["ReadWriteOnce"],
            "persistentVolumeReclaimPolicy": policy,
            "claimRef": {"namespace": "default", "name": name},
            "csi": {"driver": "ebs.csi.aws.com", "volumeHandle": f"vol-{name}"},
        }
        put(kube, VOLUME, f"pv-{name}", spec=spec)
    progress = Watched()
    with pytest.raises(TemporaryError, match="still there after 300s: PersistentVolume pv-one") as caught:
        release_billed(kube, clock=Jumping(pace=30), progress=progress)
    assert caught.value.fix
    assert "waiting for PersistentVolume pv-one" in progress.said
    for name in ("pv-one", "pv-two"):
        kube.delete(VOLUME, name)


def test_what_a_finalizer_holds_is_named(kube: Kube) -> None:
    held = {"metadata": {"finalizers": ["example.com/held"]}}
    put(kube, SERVICE, "stuck", spec={"type": "LoadBalancer", "ports": [{"port": 80}]}, **held)
    with pytest.raises(TemporaryError, match="Service default/stuck"):
        release_billed(kube, clock=Jumping(pace=30))
    service = kube.get(SERVICE, "stuck", "default")
    assert service
    assert service["metadata"]["deletionTimestamp"]
    merge = {"Content-Type": "application/merge-patch+json"}
    path = "/api/v1/namespaces/default/services/stuck"
    kube._http.patch(path, json={"metadata": {"finalizers": None}}, headers=merge)
    assert released(kube) == []


def test_a_bare_pod_that_mounts_a_claim_goes_too(kube: Kube) -> None:
    put(kube, CLAIM, "scratch", spec=claim_spec())
    volume = {"name": "scratch", "persistentVolumeClaim": {"claimName": "scratch"}}
    put(kube, POD, "shell", spec={**workload(volumes=[volume])["template"]["spec"]})
    assert released(kube) == ["PersistentVolumeClaim default/scratch"]
    clock = Fast()
    while names(kube, POD):
        clock.sleep(1)


def test_whoever_may_not_look_deletes_nothing(api: KubernetesApi) -> None:
    stranger = KubeAccess(api.url, api.ca, lambda: Token(Secret("stranger-token")))
    with connect(stranger) as kube, pytest.raises(CredentialsError, match="may not list"):
        release_billed(kube, clock=Fast())
