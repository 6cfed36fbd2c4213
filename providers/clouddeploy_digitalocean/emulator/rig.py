"""The conformance suite over an emulated DigitalOcean account: `clouddeploy provider test digitalocean`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from clouddeploy.conformance.rig import Cloud, EmulatedClock, Rig, Site
from clouddeploy.contract import ClusterSpec, TargetSettings

_ATTACHED = {"load balancer", "volume"}
"""The ledger's words for what a cluster's controllers make."""


@contextmanager
def start_cloud(directory: Path) -> Iterator[Cloud]:
    """An emulated account; waiting is emulated time, so a cluster is there at once."""
    from clouddeploy.emulator import EmulatorSettings
    from clouddeploy_digitalocean.emulator import start
    from clouddeploy_digitalocean.emulator.routes import WRITES

    cloud = start(EmulatorSettings(directory, region="fra1", pace=1))

    def site() -> Site:
        cloud.reset()
        return Site(
            target=TargetSettings(
                "live",
                "digitalocean",
                ClusterSpec("shop"),
                account=cloud.account.team,
                region="fra1",
                registry={"name": "acme", "tier": "basic"},
            ),
            environment=cloud.environment,
            cluster=None,
            refused={
                "none": {"DIGITALOCEAN_TOKEN": None, "DIGITALOCEAN_ACCESS_TOKEN": None},
                "wrong": {"DIGITALOCEAN_TOKEN": "dop_v1_wr0ng"},
            },
            secrets=(cloud.token,),
            clock=EmulatedClock(cloud.clock.advance, cloud.kubernetes.join),
            writes=lambda: sum(operation in WRITES for operation in cloud.calls),
            disown=cloud.kubernetes.disown,
            attached=lambda: sum(kind in _ATTACHED for kind, *_ in cloud.ledger()),
        )

    with closing(cloud):
        yield site


RIG = Rig(
    name="digitalocean",
    start=start_cloud,
    offline=TargetSettings(
        "live", "digitalocean", ClusterSpec("shop"), region="fra1", registry={"name": "acme"}
    ),
    late=("pydo", "azure", "requests"),
    provisions=True,
    asks_who=True,
    cleared=("DIGITALOCEAN_", "CLOUDDEPLOY_DIGITALOCEAN_"),
)
