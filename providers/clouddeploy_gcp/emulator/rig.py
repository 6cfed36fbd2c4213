"""The conformance suite over an emulated Google Cloud project: `clouddeploy provider test gcp`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from clouddeploy.conformance.rig import Cloud, EmulatedClock, Rig, Site
from clouddeploy.contract import ClusterSpec, TargetSettings

_ATTACHED = {"forwardingRules", "disks"}
"""The ledger's words for what a cluster's controllers make."""


@contextmanager
def start_cloud(directory: Path) -> Iterator[Cloud]:
    """An emulated project; waiting is emulated time, so a cluster is there at once."""
    from clouddeploy.emulator import EmulatorSettings
    from clouddeploy_gcp.emulator import start

    cloud = start(EmulatorSettings(directory, region="europe-west3", pace=10))
    stranger = cloud.accounts.write_key(directory / "stranger.json", stranger=True)

    def site() -> Site:
        cloud.reset()
        return Site(
            target=TargetSettings(
                "live", "gcp", ClusterSpec("shop", nodes=3), account=cloud.project, region="europe-west3"
            ),
            environment=cloud.environment,
            cluster=None,
            refused={
                "none": {"GOOGLE_APPLICATION_CREDENTIALS": None},
                "wrong": {"GOOGLE_APPLICATION_CREDENTIALS": str(stranger)},
            },
            secrets=(json.loads(stranger.read_text())["private_key"],),
            clock=EmulatedClock(cloud.clock.advance, cloud.gke.join),
            writes=lambda: len(cloud.writes()),
            disown=cloud.disown,
            attached=lambda: sum(kind in _ATTACHED for kind, *_ in cloud.ledger()),
            stranger="not-ours",
        )

    with closing(cloud):
        yield site


RIG = Rig(
    name="gcp",
    start=start_cloud,
    offline=TargetSettings("live", "gcp", ClusterSpec("shop"), account="acme-shop", region="europe-west3"),
    late=("google", "grpc", "proto", "requests"),
    provisions=True,
    asks_who=True,
    fixes_tags=True,
    cleared=("GOOGLE_", "CLOUDSDK_", "CLOUDDEPLOY_GCP_", "GCE_METADATA"),
)
