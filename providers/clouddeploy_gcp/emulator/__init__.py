"""An emulated Google Cloud project on loopback: GKE, Artifact Registry, a part of Compute Engine.

Requests are read with the protocol buffers of Google's own libraries, so unknown fields and parameters, wrong
types and wrong enums are refused as the cloud refuses them, and what is not emulated with 501. Needs the
extras `clouddeploy[gcp,rehearse]`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from clouddeploy.emulator import EmulatorSettings

if TYPE_CHECKING:
    from clouddeploy_gcp.emulator.cloud import GcpCloud


def start(settings: EmulatorSettings) -> GcpCloud:
    """Start a project; its clusters are real Kubernetes APIs."""
    from clouddeploy.emulator.clusters import with_storage
    from clouddeploy_gcp.emulator.cloud import GcpCloud
    from clouddeploy_gcp.emulator.storage import STORAGE

    return GcpCloud(settings, with_storage(STORAGE))
