"""One emulated cluster of each kind for all tests; every test gets a namespace of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Literal

import pytest

from clouddeploy.emulator.kubernetes import KubernetesApi, User, start_kubernetes
from clouddeploy.emulator.kubernetes.apiserver import find_binaries
from clouddeploy.errors import MissingToolError
from tests.emulator.kube_rig import Rig
from tests.live import found

PART = "kube-apiserver"
Kind = Literal["built-in", "real"]
_USERS = {"master-token": User("alice", ("system:masters",)), "guest-token": User("bob", ("developers",))}


def _found() -> tuple[Mapping[str, str], str]:
    """The variables that name a real API server's programs, or why none can run here.

    Looked up before any test changes HOME, which the programs' default place is below.
    """
    try:
        programs = find_binaries()
    except MissingToolError as error:
        return {}, error.message
    return {"CLOUDDEPLOY_KUBE_APISERVER": str(programs.apiserver), "CLOUDDEPLOY_ETCD": str(programs.etcd)}, ""


_PROGRAMS, _MISSING = _found()


@pytest.fixture(scope="session")
def kube_start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Kind], KubernetesApi]]:
    """Starts a cluster of a kind, once; skips the test when the real one is not installed."""
    running: dict[Kind, KubernetesApi] = {}

    def start(kind: Kind) -> KubernetesApi:
        if kind == "real":
            if _MISSING:
                found.missing(PART, _MISSING)
            found.ran(PART, "one for each folder of tests that the small one serves too")
        if kind not in running:
            directory = tmp_path_factory.mktemp(f"kube-{kind}")
            with pytest.MonkeyPatch.context() as patch:
                for name, value in _PROGRAMS.items():
                    patch.setenv(name, value)
                running[kind] = start_kubernetes(directory, authenticate=_USERS.get, real=kind == "real")
        return running[kind]

    yield start
    for cluster in running.values():
        cluster.close()


@pytest.fixture(params=["built-in", "real"])
def kube(
    request: pytest.FixtureRequest, kube_start: Callable[[Kind], KubernetesApi], tmp_path: Path
) -> Iterator[Rig]:
    """A client of both kinds of cluster, in a fresh namespace."""
    with Rig(kube_start(request.param), tmp_path) as rig:
        rig.move()
        yield rig


@pytest.fixture(params=["built-in", "real"])
def kube_reader(
    request: pytest.FixtureRequest, kube_start: Callable[[Kind], KubernetesApi], tmp_path: Path
) -> Iterator[Rig]:
    """A client of both kinds of cluster for tests that leave nothing behind."""
    with Rig(kube_start(request.param), tmp_path) as rig:
        yield rig


@pytest.fixture
def kube_built_in(kube_start: Callable[[Kind], KubernetesApi], tmp_path: Path) -> Iterator[Rig]:
    """A client of the small API server, for what no real one can do without a kubelet."""
    with Rig(kube_start("built-in"), tmp_path) as rig:
        rig.move()
        yield rig
