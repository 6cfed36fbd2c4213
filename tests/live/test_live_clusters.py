"""The four API servers that play the four clouds' clusters: real, and apart from each other."""

from __future__ import annotations

import json
import subprocess
import uuid
from pathlib import Path

import pytest

from clouddeploy.contract import ClusterSpec, KubeAccess, TargetSettings
from clouddeploy.kube.apply import apply_objects
from clouddeploy.kube.client import connect as connect_kube
from clouddeploy.plugins import connect
from tests.live.needs import need

pytestmark = pytest.mark.live


def test_what_is_applied_to_one_is_not_in_another(four_clusters: dict[str, Path]) -> None:
    name = f"live-{uuid.uuid4().hex[:8]}"
    labels = {"app.kubernetes.io/managed-by": "clouddeploy", "app.kubernetes.io/part-of": name}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
    first, *others = four_clusters
    with connect_kube(access(first, four_clusters[first])) as kube:
        applied = apply_objects(kube, [namespace])
    assert [one.action for one in applied] == ["created"]
    assert name in namespaces(four_clusters[first])
    for cloud in others:
        assert name not in namespaces(four_clusters[cloud])
    kubectl(four_clusters[first], "delete", "namespace", name, "--wait=false")


def test_each_has_a_version_and_its_own_namespaces(four_clusters: dict[str, Path]) -> None:
    assert set(four_clusters) == {"aws", "gcp", "digitalocean", "alibaba"}
    for kubeconfig in four_clusters.values():
        version = json.loads(kubectl(kubeconfig, "get", "--raw", "/version"))
        assert version["gitVersion"].startswith("v1.")
        assert "kube-system" in namespaces(kubeconfig)


def access(cloud: str, kubeconfig: Path) -> KubeAccess:
    """The cluster's access through the kubernetes provider, as a target would have it."""
    options = {"kubeconfig": str(kubeconfig), "context": f"bench-{cloud}"}
    provider = connect(TargetSettings(cloud, "kubernetes", ClusterSpec(cloud), options=options))
    return provider.clusters.access(f"bench-{cloud}")


def namespaces(kubeconfig: Path) -> set[str]:
    listed = json.loads(kubectl(kubeconfig, "get", "namespaces", "-o", "json"))
    return {item["metadata"]["name"] for item in listed["items"]}


def kubectl(kubeconfig: Path, *words: str) -> str:
    command = [need("kubectl"), "--kubeconfig", str(kubeconfig), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
