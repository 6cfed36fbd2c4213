"""An emulated Google Cloud project on loopback: GKE, Artifact Registry, a part of Compute Engine.

Requests are read with the protocol buffers of Google's own libraries, so unknown fields and parameters, wrong
types and wrong enums are refused as the cloud refuses them, and what is not emulated with 501. Needs the
extras `clouddeploy[gcp,rehearse]`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from clouddeploy.emulator import EmulatorSettings

if TYPE_CHECKING:
    from clouddeploy.emulator.attached import Attached
    from clouddeploy.emulator.machines import Machines
    from clouddeploy_gcp.emulator.cloud import Authenticate, GcpCloud
    from clouddeploy_gcp.emulator.records import KubernetesApi


def start(settings: EmulatorSettings) -> GcpCloud:
    """Start a project; its clusters are real Kubernetes APIs."""
    from clouddeploy_gcp.emulator.cloud import GcpCloud

    return GcpCloud(settings, start_kubernetes)


def start_kubernetes(
    directory: Path,
    authenticate: Authenticate,
    pull_problem: Callable[[str], str | None],
    machines: Machines,
    attached: Attached,
) -> KubernetesApi:
    """A Kubernetes API for one cluster; its nodes pull only images that they may."""
    from clouddeploy.emulator.kubernetes import User, start_kubernetes
    from clouddeploy_gcp.emulator.storage import STORAGE

    def user(token: str) -> User | None:
        email = authenticate(token)
        return User(email, ("system:masters",)) if email else None

    storage = replace(STORAGE, disks=attached)
    api = start_kubernetes(
        directory, authenticate=user, storage=storage, machines=machines, balancers=attached
    )
    api.set_image_check(pull_problem)
    return api
