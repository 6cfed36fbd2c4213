"""A cluster for all tests of this folder: the small API server, and the real one where it is installed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import httpx2
import pytest

from clouddeploy.app.model import Service
from clouddeploy.contract import KubeAccess, Secret, Token
from clouddeploy.emulator.kubernetes import KubernetesApi, User, start_kubernetes
from clouddeploy.errors import MissingToolError
from clouddeploy.kube.client import Kube, connect
from clouddeploy.kube.transport import ApiTransport
from tests.live import found
from tests.manifests.samples import make_app, objects


@dataclass
class Cluster:
    """A cluster, our connection to it as its administrator, and namespaces that nobody uses."""

    api: KubernetesApi
    kube: Kube
    _numbers: Iterator[int]

    def namespace(self) -> str:
        return f"shop-{next(self._numbers)}"

    def connect_as(self, user: str) -> Kube:
        """A connection as a user who may do nothing."""
        return connect(KubeAccess(self.api.url, self.api.ca, lambda: Token(Secret(user))))

    def patch_as(self, manager: str, path: str, patch: object) -> None:
        """What another tool does that does not know server-side apply."""
        headers = {"Content-Type": "application/merge-patch+json"}
        transport = ApiTransport(self.api.admin)
        with httpx2.Client(base_url=self.api.url, transport=transport, trust_env=False) as http:
            http.patch(path, params={"fieldManager": manager}, json=patch, headers=headers)


@pytest.fixture(scope="session", params=[False, True], ids=["built-in", "kube-apiserver"])
def cluster(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("kubernetes")
    try:
        api = start_kubernetes(folder, authenticate=User, real=request.param)
    except MissingToolError as error:
        found.missing("kube-apiserver", error.message)
        raise
    api.set_image_check(lambda image: "not found" if "missing" in image else None)
    with connect(api.admin) as kube:
        yield Cluster(api, kube, count(1))
    api.close()


@pytest.fixture
def kube(cluster: Cluster) -> Kube:
    return cluster.kube


@pytest.fixture
def namespace(cluster: Cluster) -> str:
    """A name that is not taken."""
    return cluster.namespace()


Make = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def make(namespace: str) -> Make:
    """The objects of an app in this test's namespace."""

    def made(*services: Service, release: str = "r1") -> list[dict[str, Any]]:
        return objects(make_app(*services, namespace=namespace), release=release)

    return made
