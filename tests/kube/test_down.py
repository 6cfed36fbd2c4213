"""Removing an app: all that is its own, and nothing else."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from clouddeploy.errors import CredentialsError, TemporaryError
from clouddeploy.kube.apply import apply_objects
from clouddeploy.kube.client import Kube
from clouddeploy.kube.down import remove_app
from clouddeploy.kube.health import wait_healthy
from clouddeploy.kube.kinds import APPLIED, CONFIG_MAP, DEPLOYMENT, NAMESPACE, POD, REPLICA_SET
from tests.kube.clocks import Fast, Jumping
from tests.kube.conftest import Cluster, Make
from tests.kube.test_apply import foreign, make_namespace
from tests.kube.test_health import Watched
from tests.manifests.samples import API, WEB, WORKER, one


def deploy(kube: Kube, found: list[dict[str, Any]]) -> None:
    apply_objects(kube, found)
    wait_healthy(kube, found, timeout=300, clock=Fast())


def remove(kube: Kube, namespace: str, **options: Any) -> list[str]:
    return remove_app(kube, "shop", namespace, **{"clock": Fast(), **options})


def left(kube: Kube, namespace: str) -> list[str]:
    kinds = (*[kind for kind in APPLIED if kind.namespaced], REPLICA_SET, POD)
    names = [f"{kind.name}/{e['metadata']['name']}" for kind in kinds for e in kube.list(kind, namespace)]
    return [name for name in names if name not in ("ConfigMap/kube-root-ca.crt", "ServiceAccount/default")]


def test_everything_goes_and_the_namespace_last(kube: Kube, make: Make, namespace: str) -> None:
    deploy(kube, make(WEB, WORKER))
    removed = remove(kube, namespace)
    assert [name.partition("-env-")[0] for name in removed] == [
        "Ingress/web",
        "Deployment/web",
        "Deployment/worker",
        "Service/web",
        "ConfigMap/web",
        "ServiceAccount/shop",
        f"Namespace/{namespace}",
    ]
    assert kube.get(NAMESPACE, namespace) is None


def test_the_second_time_there_is_nothing_to_do(kube: Kube, make: Make, namespace: str) -> None:
    deploy(kube, make(WORKER))
    remove(kube, namespace)
    assert remove(kube, namespace) == []


def test_a_dry_run_names_the_same_and_removes_nothing(kube: Kube, make: Make, namespace: str) -> None:
    deploy(kube, make(WORKER))
    planned = remove(kube, namespace, dry_run=True)
    assert kube.get(DEPLOYMENT, "worker", namespace)
    assert remove(kube, namespace) == planned


def test_foreign_objects_stay_and_their_namespace_with_them(kube: Kube, make: Make, namespace: str) -> None:
    deploy(kube, make(WORKER))
    foreign(kube, namespace, data={"precious": "yes"})
    progress = Watched()
    removed = remove(kube, namespace, progress=progress)
    assert removed == ["Deployment/worker", "ServiceAccount/shop"]
    assert left(kube, namespace) == ["ConfigMap/theirs"]
    assert progress.said[-1] == f"namespace {namespace} stays: configmaps/theirs is not clouddeploy's"


def test_another_app_in_the_namespace_stays(kube: Kube, make: Make, namespace: str) -> None:
    deploy(kube, make(WORKER))
    theirs = deepcopy(one(make(API), "ConfigMap"))
    theirs["metadata"]["labels"]["app.kubernetes.io/part-of"] = "other"
    kube.apply(theirs)
    remove(kube, namespace)
    assert kube.get(CONFIG_MAP, theirs["metadata"]["name"], namespace)


@pytest.mark.parametrize("key", ["app.kubernetes.io/part-of", "app.kubernetes.io/managed-by"])
def test_half_of_our_labels_is_not_ours(kube: Kube, make: Make, namespace: str, key: str) -> None:
    deploy(kube, make(WORKER))
    similar = deepcopy(one(make(API), "ConfigMap"))
    del similar["metadata"]["labels"][key]
    kube.apply(similar)
    remove(kube, namespace)
    assert left(kube, namespace) == [f"ConfigMap/{similar['metadata']['name']}"]


def test_a_namespace_made_by_others_stays(kube: Kube, make: Make, namespace: str) -> None:
    make_namespace(kube, namespace)
    deploy(kube, make(WORKER))
    assert remove(kube, namespace) == ["Deployment/worker", "ServiceAccount/shop"]
    assert left(kube, namespace) == []
    assert kube.get(NAMESPACE, namespace)


def test_what_does_not_go_away_is_named(kube: Kube, make: Make, cluster: Cluster, namespace: str) -> None:
    found = make(API)
    apply_objects(kube, found)
    name = one(found, "ConfigMap")["metadata"]["name"]
    path = f"/api/v1/namespaces/{namespace}/configmaps/{name}"
    cluster.patch_as("other", path, {"metadata": {"finalizers": ["example.com/keep"]}})
    with pytest.raises(TemporaryError, match="is still being deleted after 300s") as caught:
        remove(kube, namespace, clock=Jumping(pace=30))
    assert "run the same command again" in str(caught.value.fix)
    cluster.patch_as("other", path, {"metadata": {"finalizers": None}})
    assert remove(kube, namespace) == [f"Namespace/{namespace}"]


def test_whoever_may_not_look_removes_nothing(cluster: Cluster, namespace: str) -> None:
    with cluster.connect_as("dev") as kube, pytest.raises(CredentialsError, match='"dev" may not list'):
        remove(kube, namespace)
