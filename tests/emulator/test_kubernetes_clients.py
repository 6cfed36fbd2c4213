"""The emulated cluster as other people's clients see it: lightkube and kubectl."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lightkube import ApiError, Client, codecs
from lightkube.config.kubeconfig import KubeConfig
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.apps_v1 import Deployment
from lightkube.resources.core_v1 import ConfigMap, Pod

from tests.emulator.kube_rig import DEPLOYMENTS, Json, Rig, deployment


def kubeconfig(kube: Rig) -> Json:
    cluster = {"server": kube.cluster.url, "certificate-authority": str(kube.ca)}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": {"token": "master-token"}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u", "namespace": kube.namespace}}],
        "current-context": "x",
    }


@pytest.fixture
def lightkube(kube: Rig) -> Iterator[Client]:
    client = Client(KubeConfig.from_dict(kubeconfig(kube)), field_manager="lightkube", trust_env=False)
    yield client
    client.close()


def test_lightkube_applies_waits_and_deletes(kube: Rig, lightkube: Client) -> None:
    lightkube.apply(codecs.from_dict(deployment(replicas=2)))
    done = lightkube.wait(Deployment, "web", for_conditions=["Available"])
    assert done.metadata is not None
    kube.wait_rolled_out("web")
    assert len(list(lightkube.list(Pod, labels={"app": "web"}))) == 2
    lightkube.delete(Deployment, "web")
    kube.until(lambda: not list(lightkube.list(Pod, labels={"app": "web"})))


def test_lightkube_watches(kube: Rig, lightkube: Client) -> None:
    lightkube.create(ConfigMap(metadata=ObjectMeta(name="watched"), data={"a": "b"}))
    events = lightkube.watch(ConfigMap, fields={"metadata.name": "watched"}, server_timeout=30)
    kind, found = next(iter(events))
    assert (kind, found.data) == ("ADDED", {"a": "b"})


def test_lightkube_tells_a_conflict(kube: Rig, lightkube: Client) -> None:
    lightkube.apply(codecs.from_dict(deployment(replicas=0)))
    wanted = codecs.from_dict(deployment(replicas=0, image="shop/web:2"))
    with pytest.raises(ApiError) as caught:
        lightkube.apply(wanted, field_manager="another")
    assert caught.value.status.code == 409
    assert 'conflict with "lightkube"' in str(caught.value)


@pytest.fixture
def kubectl(kube: Rig, tmp_path: Path) -> Callable[..., str]:
    """Runs kubectl against the cluster and gives back what it prints."""
    program = shutil.which("kubectl")
    if program is None:
        pytest.skip("kubectl is not installed")
    config = tmp_path / "config"
    config.write_text(json.dumps(kubeconfig(kube)))
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "KUBECONFIG": str(config)}

    def run(*args: str) -> str:
        done = subprocess.run([program, *args], env=environment, capture_output=True, text=True, timeout=100)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_kubectl_applies_and_follows_a_rollout(
    kube: Rig, kubectl: Callable[..., str], tmp_path: Path
) -> None:
    manifest = tmp_path / "web.json"
    manifest.write_text(json.dumps(deployment(replicas=2)))
    assert kubectl("apply", "-f", str(manifest)) == "deployment.apps/web created\n"
    assert "successfully rolled out" in kubectl("rollout", "status", "deployment/web", "--timeout=80s")
    assert kubectl("apply", "-f", str(manifest)) == "deployment.apps/web unchanged\n"
    assert kubectl("get", "pods", "-l", "app=web", "-o", "name").count("pod/web-") == 2
    assert "web" in kubectl("get", "deployments")
    kubectl("set", "image", "deployment/web", "main=shop/web:2")
    assert "successfully rolled out" in kubectl("rollout", "status", "deployment/web", "--timeout=80s")
    assert kube.get(DEPLOYMENTS, "web")["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "2"
    assert 'deployment.apps "web" deleted' in kubectl("delete", "deployment", "web")


def test_kubectl_applies_on_the_server(kube: Rig, kubectl: Callable[..., str], tmp_path: Path) -> None:
    manifest = tmp_path / "web.json"
    manifest.write_text(json.dumps(deployment(replicas=0)))
    assert "serverside-applied" in kubectl("apply", "--server-side", "-f", str(manifest))
    assert "yes" in kubectl("auth", "can-i", "create", "deployments")
