"""Volumes on a real Kubernetes: a container that is not root writes, and the data outlives the app."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.commandline import Run
from tests.live import kubernetes as live
from tests.live.kubernetes import LiveCluster
from tests.live.needs import need
from tests.live.test_live_deploy import TALK

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]

CONFIG = """\
apiVersion: clouddeploy/v1
app: talk
templates: ./templates
services:
  web:
    build: .
    port: 8080
    health: {path: /first, interval: 1s}
    env: {GREETING: one}
    resources: {cpu: 10m, memory: 16Mi}
    volumes: [{name: spool, mount: /spool, size: 2Gi}]
    command: [/bin/sh, -c, 'test -e /spool/first || echo $GREETING > /spool/first; exec /bin/busybox httpd -f -p 8080 -h /spool']
"""  # noqa: E501 - a shell's line
RESTRICTED = """\
{% extends "clouddeploy/deployment.yaml.j2" %}
{% block container %}
          args: {{ service.command }}
          ports: [{name: {{ service.port_name }}, containerPort: {{ service.port }}}]
          envFrom: [{configMapRef: {name: {{ config_map }}}}]
          volumeMounts:
{% for volume in service.volumes %}
            - {name: {{ volume.name }}, mountPath: {{ volume.mount }}, subPath: {{ volume.name }}}
{% endfor %}
          readinessProbe: {{ service.probes.readinessProbe }}
          securityContext:
            allowPrivilegeEscalation: false
            runAsNonRoot: true
            capabilities: {drop: [ALL]}
{% endblock %}
"""


@pytest.fixture(params=["baseline", "restricted"])
def kubernetes(request: pytest.FixtureRequest, run: Run, folder: Path) -> Iterator[LiveCluster]:
    """A cluster, a namespace under a Pod Security level, and an app whose service keeps a file."""
    cluster = live.find()
    shutil.copytree(TALK, folder, dirs_exist_ok=True)
    shutil.copy(need("busybox"), folder / "busybox")
    (folder / "templates").mkdir()
    if request.param == "restricted":
        (folder / "templates" / "deployment.yaml.j2").write_text(RESTRICTED)
    (folder / "clouddeploy.yaml").write_text(f"{CONFIG}targets:\n  lab: {cluster.target()}\n")
    enforced = {"pod-security.kubernetes.io/enforce": request.param}
    apply(cluster, {"kind": "Namespace", "metadata": {"name": cluster.namespace, "labels": enforced}})
    disk = give_disk(cluster, folder.parent / "disk")
    yield cluster
    run("down", "--to", "lab", "--volumes", "--yes")
    cluster.kubectl("delete", "namespace", cluster.namespace, "--wait=false")
    if disk:
        cluster.kubectl("delete", "persistentvolume", disk, "--wait=false")


def apply(cluster: LiveCluster, value: dict[str, Any]) -> None:
    file = cluster.kubeconfig.parent / f"{cluster.namespace}.json"
    file.write_text(json.dumps({"apiVersion": "v1", **value}))
    cluster.kubectl("apply", "-f", str(file))
    file.unlink()


def give_disk(cluster: LiveCluster, path: Path) -> str | None:
    """A folder of the node as a disk, where nobody makes disks; its name."""
    classes = json.loads(cluster.kubectl("get", "storageclasses", "-o", "json"))["items"]
    if any("is-default-class" in str(each["metadata"].get("annotations")) for each in classes):
        return None
    path.mkdir(parents=True)
    (node,) = json.loads(cluster.kubectl("get", "nodes", "-o", "json"))["items"]
    here = {"key": "kubernetes.io/hostname", "operator": "In", "values": [node["metadata"]["name"]]}
    spec = {
        "capacity": {"storage": "2Gi"},
        "accessModes": ["ReadWriteOnce"],
        "persistentVolumeReclaimPolicy": "Retain",
        "claimRef": {"namespace": cluster.namespace, "name": "web-spool"},
        "local": {"path": str(path)},
        "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [here]}]}},
    }
    apply(cluster, {"kind": "PersistentVolume", "metadata": {"name": cluster.namespace}, "spec": spec})
    return cluster.namespace


def served(cluster: LiveCluster) -> str:
    page = f"/api/v1/namespaces/{cluster.namespace}/services/http:web:8080/proxy/first"
    return cluster.kubectl("get", "--raw", page).strip()


def deployed(run: Run) -> None:
    done = run("deploy", "--to", "lab", "--engine", "built-in")
    assert done.code == 0, done.err


def test_data_outlives_the_release_and_the_app(run: Run, folder: Path, kubernetes: LiveCluster) -> None:
    deployed(run)
    assert served(kubernetes) == "one"

    config = folder / "clouddeploy.yaml"
    config.write_text(config.read_text().replace("GREETING: one", "GREETING: two"))
    deployed(run)
    assert served(kubernetes) == "one", "another release finds the file of the first"

    removed = run("down", "--to", "lab", "--yes")
    assert removed.code == 0, removed.err
    assert "kept PersistentVolumeClaim/web-spool (2Gi)" in removed.out
    assert "clouddeploy down --to lab --volumes" in removed.err
    deployed(run)
    assert served(kubernetes) == "one", "and so does the app that comes back"

    gone = run("down", "--to", "lab", "--volumes", "--yes")
    assert gone.code == 0, gone.err
    assert "PersistentVolumeClaim/web-spool" in gone.out
    claims = kubernetes.kubectl("-n", kubernetes.namespace, "get", "pvc", "-o", "name")
    assert claims == ""


def test_a_smaller_size_is_refused_and_the_app_goes_on(
    run: Run, folder: Path, kubernetes: LiveCluster
) -> None:
    deployed(run)
    config = folder / "clouddeploy.yaml"
    config.write_text(config.read_text().replace("size: 2Gi", "size: 1Gi"))
    smaller = run("deploy", "--to", "lab", "--engine", "built-in")
    assert smaller.code == 2
    assert "has 2Gi and is asked for 1Gi" in smaller.err
    assert served(kubernetes) == "one"
