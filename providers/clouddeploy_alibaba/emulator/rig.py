"""The conformance suite over an emulated Alibaba Cloud account: `clouddeploy provider test alibaba`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from clouddeploy.conformance.rig import Cloud, EmulatedClock, Rig, Site
from clouddeploy.contract import ClusterSpec, TargetSettings

_ATTACHED = {"slb", "disk"}
"""The ledger's words for what a cluster's controllers make."""


@contextmanager
def start_cloud(directory: Path) -> Iterator[Cloud]:
    """An emulated account with one registry instance; waiting is emulated time."""
    from clouddeploy.emulator import EmulatorSettings
    from clouddeploy_alibaba.emulator import start

    cloud = start(EmulatorSettings(directory, pace=1))

    def site() -> Site:
        cloud.reset()
        return Site(
            target=TargetSettings(
                "live", "alibaba", ClusterSpec("shop"), account=cloud.account, region=cloud.region
            ),
            environment=cloud.environment,
            cluster=None,
            refused={
                "none": {"ALIBABA_CLOUD_ACCESS_KEY_ID": None, "ALIBABA_CLOUD_ACCESS_KEY_SECRET": None},
                "wrong": {"ALIBABA_CLOUD_ACCESS_KEY_SECRET": "wr0ngSecretwr0ngSecretwr0ng"},
            },
            secrets=(cloud.environment["ALIBABA_CLOUD_ACCESS_KEY_SECRET"],),
            clock=EmulatedClock(cloud.clock.advance, cloud.ack.join),
            writes=lambda: sum(_is_alibaba_write(action) for _, action in cloud.calls),
            disown=cloud.disown,
            attached=lambda: sum(kind in _ATTACHED for kind, *_ in cloud.ledger()),
        )

    with closing(cloud):
        yield site


def _is_alibaba_write(action: str) -> bool:
    return not action.startswith(("Describe", "List", "Get", "Check"))


RIG = Rig(
    name="alibaba",
    start=start_cloud,
    offline=TargetSettings(
        "live",
        "alibaba",
        ClusterSpec("shop"),
        account="1234567890123456",
        region="eu-central-1",
        registry={"instance": "acme"},
    ),
    late=("Tea", "darabonba", "requests", "alibabacloud_credentials", "alibabacloud_cs20151215"),
    provisions=True,
    asks_who=True,
    fixes_tags=True,
    cleared=("ALIBABA", "ALICLOUD", "CLOUDDEPLOY_"),
)
