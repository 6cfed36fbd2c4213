"""Which images a cluster names, wherever an object can name one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from clouddeploy.contract import KubeAccess, Secret, Token
from clouddeploy.emulator.kubernetes import KubernetesApi, User, start_kubernetes
from clouddeploy.errors import CredentialsError
from clouddeploy.kube.client import Kube, connect
from clouddeploy.kube.images import NAMING, used_images
from clouddeploy.kube.kinds import CRON_JOB, DAEMON_SET, DEPLOYMENT, JOB, NAMESPACE, POD, STATEFUL_SET, Kind
from clouddeploy.manifests.labels import RELEASE
from tests.kube.test_billed import put

DIGEST = f"sha256:{'a' * 64}"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KubernetesApi]:
    running = start_kubernetes(tmp_path_factory.mktemp("images"), authenticate=User, real=False)
    yield running
    running.close()


@pytest.fixture
def kube(api: KubernetesApi) -> Iterator[Kube]:
    with connect(api.admin) as kube:
        yield kube


def pod(image: str, **more: Any) -> dict[str, Any]:
    return {"containers": [{"name": "main", "image": image}], **more}


def template(image: str, **more: Any) -> dict[str, Any]:
    labels = {"app": "x"}
    spec = {"template": {"metadata": {"labels": labels}, "spec": pod(image)}, **more}
    return {"spec": {"selector": {"matchLabels": labels}, **spec}}


def job(image: str) -> dict[str, Any]:
    return {"template": {"spec": pod(image, restartPolicy="Never")}}


OBJECTS: tuple[tuple[Kind, dict[str, Any]], ...] = (
    (POD, {"spec": pod("r.example/pod:1", initContainers=[{"name": "init", "image": "r.example/init:1"}])}),
    (DEPLOYMENT, template("r.example/deployment:1", replicas=0)),
    (STATEFUL_SET, template("r.example/set:1", replicas=0, serviceName="x")),
    (DAEMON_SET, template("r.example/daemon:1")),
    (JOB, {"spec": job("r.example/job:1")}),
    (CRON_JOB, {"spec": {"schedule": "0 3 * * *", "jobTemplate": {"spec": job("r.example/cron:1")}}}),
)


@pytest.fixture(scope="module", autouse=True)
def objects(api: KubernetesApi) -> None:
    with connect(api.admin) as kube:
        put(kube, NAMESPACE, "elsewhere")
        for kind, content in OBJECTS:
            metadata = {"annotations": {RELEASE: "r1"}} if kind is DEPLOYMENT else {}
            # A pod needs its namespace's service account, which a controller makes in its own time.
            namespace = "default" if kind is POD else "elsewhere"
            put(kube, kind, kind.name.lower(), namespace, metadata=metadata, **content)


def test_every_kind_in_every_namespace(kube: Kube) -> None:
    found = {use.image: use for use in used_images(kube)}
    names = ("pod", "init", "deployment", "set", "daemon", "job", "cron")
    assert {f"r.example/{name}:1" for name in names} <= set(found)
    use = found["r.example/cron:1"]
    assert (use.namespace, use.kind, use.name) == ("elsewhere", "CronJob", "cronjob")
    assert found["r.example/deployment:1"].release == "r1"


@pytest.mark.parametrize("prefix", ["", "docker-pullable://"])
def test_the_digest_that_a_node_found_counts_too(
    kube: Kube, monkeypatch: pytest.MonkeyPatch, prefix: str
) -> None:
    status = {"containerStatuses": [{"image": "r.example/a:1", "imageID": f"{prefix}r.example/a@{DIGEST}"}]}
    running = {"metadata": {"name": "a", "namespace": "b"}, "spec": pod("r.example/a:1"), "status": status}
    monkeypatch.setattr(kube, "everywhere", lambda kind: [running] if kind is POD else [])
    assert [use.image for use in used_images(kube)] == ["r.example/a:1", f"r.example/a@{DIGEST}"]


def test_an_image_that_was_never_pulled_has_no_digest(kube: Kube, monkeypatch: pytest.MonkeyPatch) -> None:
    status = {"containerStatuses": [{"image": "r.example/a:1", "imageID": ""}]}
    waiting = {"metadata": {"name": "a", "namespace": "b"}, "spec": pod("r.example/a:1"), "status": status}
    monkeypatch.setattr(kube, "everywhere", lambda kind: [waiting] if kind is POD else [])
    assert [use.image for use in used_images(kube)] == ["r.example/a:1"]


def test_a_cluster_that_does_not_tell_is_an_error_not_an_empty_list(api: KubernetesApi) -> None:
    stranger = KubeAccess(api.url, api.ca, lambda: Token(Secret("nobody")))
    with connect(stranger) as kube, pytest.raises(CredentialsError):
        used_images(kube)
    assert len(NAMING) == 7
