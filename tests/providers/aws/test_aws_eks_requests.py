"""What the emulated EKS refuses in requests, and what it keeps of them, asked by boto3 alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import boto3
import pytest
import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from clouddeploy.errors import PreconditionError
from moto_fixtures.aws import EXISTING, REGION, AwsAccount
from tests.providers.aws.life import steps_of


def _client(service: str = "eks") -> Any:
    """boto3, which sends whatever it is told."""
    session: Any = boto3.Session()
    return session.client(service, region_name=REGION, config=Config(parameter_validation=False))


def _request(account: AwsAccount, **changes: Any) -> dict[str, Any]:
    """A request in Auto Mode; `network`, `access`, `compute` and `services` replace parts of it."""
    subnets = [subnet["SubnetId"] for subnet in account.client("ec2").describe_subnets()["Subnets"]]
    role = account.role("eks", "eks.amazonaws.com", {})
    nodes = account.role("nodes", "ec2.amazonaws.com", {})
    account.settle(role)
    compute = {"enabled": True, "nodePools": ["system"], "nodeRoleArn": nodes}
    return {
        "name": "x",
        "roleArn": role,
        "resourcesVpcConfig": {"subnetIds": subnets, **changes.pop("network", {})},
        "accessConfig": {"authenticationMode": "API", **changes.pop("access", {})},
        "bootstrapSelfManagedAddons": False,
        "computeConfig": {**compute, **changes.pop("compute", {})},
        "kubernetesNetworkConfig": {
            "elasticLoadBalancing": {"enabled": True},
            **changes.pop("services", {}),
        },
        "storageConfig": {"blockStorage": {"enabled": True}},
        **changes,
    }


_OFF = {"enabled": False}
_BY_HAND = {
    "computeConfig": {},
    "storageConfig": {"blockStorage": _OFF},
    "kubernetesNetworkConfig": {"elasticLoadBalancing": _OFF},
}
"""Without Auto Mode."""

_REFUSED: Mapping[str, tuple[dict[str, Any], str]] = {
    "no-endpoint": (
        {"network": {"endpointPublicAccess": False, "endpointPrivateAccess": False}},
        "cannot both be disabled",
    ),
    "an-unknown-security-group": ({"network": {"securityGroupIds": ["sg-1"]}}, "'sg-1' does not exist"),
    "a-wrong-source-of-access": ({"network": {"publicAccessCidrs": ["home"]}}, "no CIDR block"),
    "services-with-public-addresses": ({"services": {"serviceIpv4Cidr": "8.8.0.0/16"}}, "private range"),
    "too-few-services": ({"services": {"serviceIpv4Cidr": "10.1.0.0/25"}}, "between /24 and /12"),
    "too-many-services": ({"services": {"serviceIpv4Cidr": "10.0.0.0/8"}}, "between /24 and /12"),
    "services-in-the-vpc": ({"services": {"serviceIpv4Cidr": "172.31.0.0/20"}}, "overlaps"),
    "no-block-of-services": ({"services": {"serviceIpv4Cidr": "many"}}, "no CIDR block"),
    "nobody-with-access": (
        {
            **_BY_HAND,
            "access": {
                "authenticationMode": "CONFIG_MAP",
                "bootstrapClusterCreatorAdminPermissions": False,
            },
        },
        "must be true if cluster authentication mode is set to CONFIG_MAP",
    ),
    "an-unknown-pool": ({"compute": {"nodePools": ["gpu"]}}, "unknown nodePool gpu"),
    "pools-without-a-role": ({"compute": {"nodeRoleArn": None}}, "nodePool list cannot be populated"),
    "a-role-without-pools": ({"compute": {"nodePools": []}}, r"nodePool value\(s\) must be provided"),
    "a-role-that-is-not-there": (
        {"compute": {"nodeRoleArn": "arn:aws:iam::123456789012:role/no"}},
        "cannot be found",
    ),
    "a-tag-of-awss": ({"tags": {"aws:x": "y"}}, "aws: prefixed"),
    "too-many-tags": ({"tags": {f"t{number}": "x" for number in range(51)}}, "less than or equal to 50"),
}


@pytest.mark.parametrize("what", _REFUSED)
def test_eks_refuses(aws_account: AwsAccount, what: str) -> None:
    changes, said = _REFUSED[what]
    with pytest.raises(ClientError, match=said) as caught:
        _client().create_cluster(**_request(aws_account, **changes))
    response = caught.value.response
    assert response["Error"]["Code"] == "InvalidParameterException"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert _client().list_clusters()["clusters"] == []


def test_the_nodes_role_must_trust_ec2(aws_account: AwsAccount) -> None:
    request = _request(aws_account)
    request["computeConfig"]["nodeRoleArn"] = request["roleArn"]
    with pytest.raises(ClientError, match="does not trust ec2"):
        _client().create_cluster(**request)


def test_a_subnet_needs_six_free_addresses(aws_account: AwsAccount) -> None:
    ec2 = aws_account.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    small = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=block, AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for block, zone in (("10.0.0.0/28", f"{REGION}a"), ("10.0.1.0/28", f"{REGION}b"))
    ]
    faces = [ec2.create_network_interface(SubnetId=small[0])["NetworkInterface"] for _ in range(6)]
    request = {**_request(aws_account), "resourcesVpcConfig": {"subnetIds": small}}
    with pytest.raises(ClientError, match=f"{small[0]} has fewer than 6 free IP addresses"):
        _client().create_cluster(**request)
    ec2.delete_network_interface(NetworkInterfaceId=faces[0]["NetworkInterfaceId"])
    assert _client().create_cluster(**request)["cluster"]["status"] == "CREATING"


def test_the_block_of_services_is_kept_or_is_one_that_the_vpc_leaves_free(aws_account: AwsAccount) -> None:
    request = _request(aws_account, services={"serviceIpv4Cidr": "10.96.0.0/16"})
    made = _client().create_cluster(**request)["cluster"]
    assert made["kubernetesNetworkConfig"]["serviceIpv4Cidr"] == "10.96.0.0/16"
    del request["kubernetesNetworkConfig"]["serviceIpv4Cidr"]
    made = _client().create_cluster(**{**request, "name": "y"})["cluster"]
    assert made["kubernetesNetworkConfig"]["serviceIpv4Cidr"] == "172.20.0.0/16"


def test_tags_are_counted_together_and_belong_to_one_arn(aws_account: AwsAccount) -> None:
    aws_account.plant(EXISTING)
    eks = _client()
    arn = eks.describe_cluster(name="demo")["cluster"]["arn"]
    for tags in ({f"t{number}": "x" for number in range(50)}, {"AWS:x": "y"}):
        with pytest.raises(ClientError, match="BadRequestException"):
            eks.tag_resource(resourceArn=arn, tags=tags)
    for other in (arn.replace(REGION, "us-east-1"), arn.replace("123456789012", "999999999999"), f"{arn}2"):
        with pytest.raises(ClientError, match="NotFoundException") as caught:
            eks.tag_resource(resourceArn=other, tags={"a": "b"})
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_a_page_token_that_is_none(aws_account: AwsAccount) -> None:
    for token in ("garbage", "7"):
        with pytest.raises(ClientError, match="InvalidParameterException"):
            _client().list_clusters(nextToken=token)


def test_our_advice_takes_the_protection_away(aws_account: AwsAccount) -> None:
    eks = _client()
    eks.create_cluster(**_request(aws_account, deletionProtection=True, tags={"clouddeploy:cluster": "x"}))
    aws_account.cloud.eks.join()
    aws_account.cloud.clock.advance(600)
    step = next(one for one in steps_of(aws_account, "x") if "control plane, Auto" in one.title)
    with pytest.raises(PreconditionError) as caught:
        step.delete()
    assert caught.value.fix == "aws eks update-cluster-config --name x --no-deletion-protection"
    update = eks.update_cluster_config(name="x", deletionProtection=False)["update"]
    assert (update["type"], update["status"]) == ("DeletionProtectionUpdate", "InProgress")
    assert eks.describe_update(name="x", updateId=update["id"])["update"]["status"] == "Successful"
    step.delete()
    with pytest.raises(ClientError, match="ResourceInUseException"):
        eks.update_cluster_config(name="x", deletionProtection=True)
    with pytest.raises(ClientError, match="No update found"):
        eks.describe_update(name="x", updateId="none")


def test_an_update_of_the_version_is_under_way_until_its_time_has_come(aws_account: AwsAccount) -> None:
    aws_account.plant(EXISTING)
    eks = _client()
    aws_account.cloud.eks.record("demo").version = "1.34"
    update = eks.update_cluster_version(name="demo", version="1.35")["update"]["id"]
    assert eks.describe_update(name="demo", updateId=update)["update"]["status"] == "InProgress"
    aws_account.cloud.clock.advance(480)
    assert eks.describe_update(name="demo", updateId=update)["update"]["status"] == "Successful"


def _send(account: AwsAccount, service: str, method: str, path: str, body: bytes, **headers: str) -> int:
    """A signed request that no SDK would send; its status."""
    request = AWSRequest(method, f"http://{account.cloud.host}{path}", data=body, headers=headers)
    moto = account.cloud.moto
    SigV4Auth(Credentials(moto.access_key, moto.secret_key), service, REGION).add_auth(request)
    return urllib3.request(method, request.url, body=body, headers=dict(request.headers)).status


@pytest.mark.parametrize(
    ("service", "method", "path", "body"),
    [
        ("eks", "GET", "/clusters?maxResults=many", b""),
        ("eks", "POST", "/clusters", b"[]"),
        ("eks", "POST", "/clusters", b'{"name": 1, "roleArn": [], "resourcesVpcConfig": "x"}'),
        ("eks", "POST", "/clusters", b"\xff"),
        ("ec2", "POST", "/", b"Action=DescribeVpcs&Version=2016-11-15&MaxResults=many"),
        ("ec2", "POST", "/", b"Action=CreateVpc&Version=2016-11-15&CidrBlock=\xff"),
        ("ec2", "POST", "/", b"Action=CreateSubnet&Version=2016-11-15"),
        ("ec2", "POST", "/", b"Action=DeleteVpc&Version=2016-11-15&VpcId=%00"),
        ("eks", "POST", "/clusters", b"[" * 100_000),
        ("sts", "POST", "/", b"Action=AssumeRole&Version=2011-06-15&RoleSessionName=ci&DurationSeconds=long"),
        ("iam", "POST", "/", b"Action=CreateRole&Version=2010-05-08&RoleName=ci&MaxSessionDuration=long"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_cannot_be_read_is_the_callers_fault(
    aws_account: AwsAccount, service: str, method: str, path: str, body: bytes
) -> None:
    assert _send(aws_account, service, method, path, body) == 400
