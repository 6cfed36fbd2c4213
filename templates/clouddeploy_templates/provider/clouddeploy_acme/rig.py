"""What the conformance suite has to know about Acme."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from clouddeploy.conformance.rig import Cloud, EmulatedClock, Rig, Site
from clouddeploy.contract import ClusterSpec, TargetSettings


@contextmanager
def start(directory: Path) -> Iterator[Cloud]:
    """The emulated cloud; waiting is emulated time."""
    from clouddeploy.emulator import EmulatorSettings

    from .emulator import start as start_emulator

    cloud = start_emulator(EmulatorSettings(directory, pace=1))

    def site() -> Site:
        cloud.reset()
        return Site(
            target=TargetSettings("live", "acme", ClusterSpec("shop"), account=cloud.account),
            environment=cloud.environment,
            cluster=None,
            refused={"none": {"ACME_TOKEN": None}, "wrong": {"ACME_TOKEN": "wr0ng-acme-token"}},
            secrets=(cloud.environment["ACME_TOKEN"],),
            clock=EmulatedClock(cloud.advance),
            writes=cloud.writes,
            disown=cloud.disown,
        )

    with closing(cloud):
        yield site


RIG = Rig(
    name="acme",
    start=start,
    offline=TargetSettings("live", "acme", ClusterSpec("shop"), account="acct-1"),
    late=("urllib3",),
    cleared=("ACME_",),
    provisions=True,
    asks_who=True,
)
