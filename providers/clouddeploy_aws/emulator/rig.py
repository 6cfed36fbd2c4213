"""The conformance suite over an emulated AWS account: `clouddeploy provider test aws`."""

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
    from clouddeploy_aws.emulator import start

    region = "eu-west-1"
    cloud = start(EmulatorSettings(directory, region=region, pace=1))

    def site() -> Site:
        cloud.reset()
        return Site(
            target=TargetSettings("live", "aws", ClusterSpec("shop"), account=cloud.account, region=region),
            environment=cloud.environment,
            cluster=None,
            refused={
                "none": {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None},
                "wrong": {"AWS_SECRET_ACCESS_KEY": "wr0ng/Secret/Key/wr0ng/Secret/Key/wr0ng"},
            },
            secrets=(cloud.environment["AWS_SECRET_ACCESS_KEY"],),
            clock=EmulatedClock(cloud.clock.advance, cloud.eks.join),
            writes=lambda: sum(_is_aws_write(action) for _, action in cloud.calls),
            disown=_disown_eks,
            attached=lambda: sum(kind in _ATTACHED for kind, *_ in cloud.ledger()),
        )

    with closing(cloud):
        yield site


def _is_aws_write(action: str) -> bool:
    return not action.startswith(("Describe", "List", "Get", "BatchGet", "BatchCheck", "Simulate"))


def _disown_eks(name: str) -> None:
    import boto3

    from clouddeploy.contract import OWNER_TAG

    # boto3's own session would keep the credentials of whoever asked it first.
    eks = boto3.Session().client("eks")
    arn = eks.describe_cluster(name=name)["cluster"].get("arn", "")
    eks.untag_resource(resourceArn=arn, tagKeys=[OWNER_TAG])


RIG = Rig(
    name="aws",
    start=start_cloud,
    offline=TargetSettings("live", "aws", ClusterSpec("shop"), account="123456789012", region="eu-west-1"),
    late=("boto3", "botocore"),
    provisions=True,
    asks_who=True,
    fixes_tags=True,
    cleared=("AWS_",),
)
