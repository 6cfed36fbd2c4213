"""An emulated AWS account per test module, emptied before every test.

Emulated time stands still until a test lets it pass: `EmulatedClock` is what the cluster engine
waits with, so a 15-minute creation takes no time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from clouddeploy.contract import OWNER_TAG, ClusterSpec, TargetSettings
from clouddeploy.emulator import EmulatorSettings
from moto_fixtures.kubernetes import StubKubernetes

if TYPE_CHECKING:
    from clouddeploy_aws.emulator.cloud import AwsCloud

ACCOUNT = "123456789012"
REGION = "eu-west-1"


@dataclass(frozen=True)
class Seed:
    """What an account holds at the start. Names map to tags; `limits` are quotas by service and code.

    `leftovers` are what a cluster of that name left in somebody else's network.
    """

    vpcs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    roles: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    clusters: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    repositories: Sequence[str] = ()
    leftovers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    limits: Mapping[tuple[str, str], int] = field(default_factory=dict)


FRESH = Seed()
EXISTING = Seed(clusters={"demo": {OWNER_TAG: "demo"}}, repositories=("shop/web",))
AT_QUOTA = Seed(limits={("vpc", "L-F678F1CE"): 1})
CLUSTERS_AT_QUOTA = Seed(limits={("eks", "L-1194D53C"): 0})
LEFTOVERS = Seed(leftovers={"demo": {"kubernetes.io/cluster/demo": "owned"}})
FOREIGN_VPC = Seed(vpcs={"clouddeploy-demo": {"team": "other"}})
FOREIGN_ROLE = Seed(roles={f"clouddeploy-demo-{REGION}-cluster": {"team": "other"}})
FOREIGN_CLUSTER = Seed(clusters={"demo": {"team": "other"}})


@dataclass(frozen=True)
class EmulatedClock:
    """The emulated cloud's time, as `clouddeploy.clusters` waits with it; ten times longer, to poll less."""

    cloud: AwsCloud

    def monotonic(self) -> float:
        return self.cloud.clock.now()

    def sleep(self, seconds: float, /) -> None:
        self.cloud.clock.advance(10 * seconds)


@dataclass(frozen=True)
class AwsAccount:
    """An emulated account and the ways tests look at it."""

    cloud: AwsCloud
    kubernetes: list[StubKubernetes]
    clients: dict[str, Any] = field(default_factory=dict)

    @property
    def clock(self) -> EmulatedClock:
        return EmulatedClock(self.cloud)

    def target(self, cluster: str = "demo", **settings: Any) -> TargetSettings:
        """A target in this account."""
        return TargetSettings(
            name="prod", provider="aws", cluster=ClusterSpec(cluster), **{"region": REGION, **settings}
        )

    def client(self, service: str) -> Any:
        """boto3, without our provider between."""
        if service not in self.clients:
            import boto3

            session: Any = boto3.Session()
            self.clients[service] = session.client(service, region_name=REGION)
        return self.clients[service]

    def writes(self) -> list[str]:
        """The calls so far that changed something."""
        readers = ("Describe", "Get", "List", "BatchGet", "Simulate")
        return [
            f"{service}:{action}" for service, action in self.cloud.calls if not action.startswith(readers)
        ]

    def plant(self, seed: Seed) -> None:
        """Put a seed's objects there."""
        for name, tags in seed.vpcs.items():
            self._vpc(name, tags)
        for name, tags in seed.roles.items():
            self.role(name, "eks.amazonaws.com", tags)
        for name, tags in seed.clusters.items():
            self._cluster(name, tags)
        for name in seed.repositories:
            self.client("ecr").create_repository(repositoryName=name)
        for name, tags in seed.leftovers.items():
            self.leave(name, tags)
        self.cloud.moto.limits.update(seed.limits)
        self.cloud.calls.clear()

    def leave(self, name: str, tags: Mapping[str, str]) -> None:
        """A load balancer, a volume, an address, a NAT gateway and a security group."""
        ec2 = self.client("ec2")
        subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
        self.client("elbv2").create_load_balancer(
            Name=f"k8s-{name}", Subnets=[subnet], Type="network", Tags=_tags(tags)
        )
        ec2.create_volume(
            AvailabilityZone=f"{REGION}a", Size=20, VolumeType="gp3", TagSpecifications=_spec("volume", tags)
        )
        ec2.allocate_address(Domain="vpc", TagSpecifications=_spec("elastic-ip", tags))
        address = ec2.allocate_address(Domain="vpc")["AllocationId"]
        ec2.create_nat_gateway(
            SubnetId=subnet, AllocationId=address, TagSpecifications=_spec("natgateway", tags)
        )
        ec2.create_security_group(
            GroupName=f"k8s-{name}", Description="k8s", TagSpecifications=_spec("security-group", tags)
        )

    def _vpc(self, name: str, tags: Mapping[str, str]) -> str:
        spec = _spec("vpc", {"Name": name, **tags})
        answer = self.client("ec2").create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=spec)
        return str(answer["Vpc"]["VpcId"])

    def role(self, name: str, service: str, tags: Mapping[str, str]) -> str:
        """Make a role that `service` may assume; its ARN."""
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
        }
        answer = self.client("iam").create_role(
            RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [statement]}), Tags=_tags(tags)
        )
        return str(answer["Role"]["Arn"])

    def assumable(self, name: str) -> str:
        """Make a role that everybody in the account may assume; its ARN."""
        principal = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
        statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        answer = self.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust)
        return str(answer["Role"]["Arn"])

    def _cluster(self, name: str, tags: Mapping[str, str]) -> None:
        """A cluster that somebody made by hand, in the default VPC."""
        subnets = [subnet["SubnetId"] for subnet in self.client("ec2").describe_subnets()["Subnets"]]
        role = self.role(f"{name}-by-hand", "eks.amazonaws.com", {})
        self.settle(role)
        self.client("eks").create_cluster(
            name=name, roleArn=role, resourcesVpcConfig={"subnetIds": subnets}, tags=dict(tags)
        )
        self.cloud.eks.join()
        self.cloud.clock.advance(1000)

    def settle(self, role: str) -> None:
        """Let EKS hear of a new role."""
        self.cloud.eks.known_for(role)
        self.cloud.clock.advance(60)


@contextmanager
def running(directory: Path, pace: float = 0) -> Iterator[AwsAccount]:
    """An emulated cloud of its own; `pace` as in EmulatorSettings, 0 for time that stands still."""
    from clouddeploy_aws.emulator.cloud import AwsCloud

    kubernetes: list[StubKubernetes] = []

    def start(*arguments: Any) -> StubKubernetes:
        kubernetes.append(StubKubernetes(*arguments))
        return kubernetes[-1]

    cloud = AwsCloud(EmulatorSettings(directory, ACCOUNT, REGION, pace=pace), start)
    yield AwsAccount(cloud, kubernetes)
    cloud.close()


@pytest.fixture(scope="module")
def aws_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AwsAccount]:
    """One emulated cloud for a module's tests; `aws_account` empties it for each."""
    with running(tmp_path_factory.mktemp("aws")) as account:
        yield account


@pytest.fixture
def aws_account(aws_cloud: AwsAccount, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AwsAccount:
    """An empty account, with its credentials and endpoints in the environment."""
    aws_cloud.cloud.reset()
    aws_cloud.kubernetes.clear()
    monkeypatch.setenv("HOME", str(tmp_path))
    for name, value in aws_cloud.cloud.environment.items():
        monkeypatch.setenv(name, value)
    return aws_cloud


def _tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _spec(kind: str, tags: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": _tags(tags)}]
