"""An emulated DigitalOcean account on loopback: DOCR, DOKS, VPCs, with no account needed.

Needs the extra `clouddeploy[rehearse]`.
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
    from clouddeploy_digitalocean.emulator.cloud import Authenticate, DigitalOceanCloud
    from clouddeploy_digitalocean.emulator.records import KubernetesApi


def start(settings: EmulatorSettings) -> DigitalOceanCloud:
    """Start an account; its clusters are real Kubernetes APIs."""
    from clouddeploy_digitalocean.emulator.cloud import DigitalOceanCloud

    return DigitalOceanCloud(settings, start_kubernetes)


def start_kubernetes(
    directory: Path,
    authenticate: Authenticate,
    pull_problem: Callable[[str], str | None],
    machines: Machines,
    attached: Attached,
) -> KubernetesApi:
    """A Kubernetes API for one cluster; its nodes pull only images that are there."""
    from clouddeploy.emulator.kubernetes import User, start_kubernetes
    from clouddeploy_digitalocean.emulator.storage import STORAGE

    def user(token: str) -> User | None:
        found = authenticate(token)
        return User(*found) if found else None

    storage = replace(STORAGE, disks=attached)
    api = start_kubernetes(
        directory, authenticate=user, storage=storage, machines=machines, balancers=attached
    )
    api.set_image_check(pull_problem)
    return api
