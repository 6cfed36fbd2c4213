"""What an emulated cloud needs of the Kubernetes API that it starts for each of its clusters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from clouddeploy.emulator.machines import Machines
from clouddeploy.seam.cluster import KubeAccess

if TYPE_CHECKING:
    from clouddeploy.emulator.attached import Attached
    from clouddeploy.emulator.kubernetes.storage import Storage

Authenticate = Callable[[str], tuple[str, tuple[str, ...]] | None]
"""User name and groups that a bearer token proves; None refuses it."""

PullProblem = Callable[[str], str | None]
"""Why the cluster's nodes cannot pull an image, in the kubelet's words; None when they can."""


class KubernetesApi(Protocol):
    """A cluster's API on loopback: `url`, its CA as PEM, an administrator's access."""

    @property
    def url(self) -> str: ...
    @property
    def ca(self) -> str: ...
    @property
    def admin(self) -> KubeAccess: ...
    def close(self) -> None: ...


class StartKubernetes(Protocol):
    """Starts an API: its folder, its users, what its nodes pull and are, what else it has in the cloud."""

    def __call__(
        self,
        directory: Path,
        authenticate: Authenticate,
        pull_problem: PullProblem,
        machines: Machines,
        attached: Attached,
        /,
    ) -> KubernetesApi: ...


def with_storage(storage: Storage) -> StartKubernetes:
    """Starts clusters whose volumes are made as `storage` says, and are disks of the account."""
    from clouddeploy.emulator.kubernetes import User, start_kubernetes

    def start(
        directory: Path,
        authenticate: Authenticate,
        pull_problem: PullProblem,
        machines: Machines,
        attached: Attached,
    ) -> KubernetesApi:
        def user(token: str) -> User | None:
            found = authenticate(token)
            return User(*found) if found else None

        disks = replace(storage, disks=attached)
        api = start_kubernetes(
            directory, authenticate=user, storage=disks, machines=machines, balancers=attached
        )
        api.set_image_check(pull_problem)
        return api

    return start
