"""An emulated DigitalOcean account on loopback: DOCR, DOKS, VPCs, with no account needed.

Needs the extra `clouddeploy[rehearse]`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from clouddeploy.emulator import EmulatorSettings

if TYPE_CHECKING:
    from clouddeploy_digitalocean.emulator.cloud import DigitalOceanCloud


def start(settings: EmulatorSettings) -> DigitalOceanCloud:
    """Start an account; its clusters are real Kubernetes APIs."""
    from clouddeploy.emulator.clusters import with_storage
    from clouddeploy_digitalocean.emulator.cloud import DigitalOceanCloud
    from clouddeploy_digitalocean.emulator.storage import STORAGE

    return DigitalOceanCloud(settings, with_storage(STORAGE))
