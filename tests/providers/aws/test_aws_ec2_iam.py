"""What the emulated EC2 and IAM refuse, asked by boto3 alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from moto_fixtures.aws import REGION, AwsAccount
from tests.providers.aws.life import census

_TRUST = {
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "eks.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ]
}


def _client(service: str) -> Any:
    """boto3, which sends whatever it is told."""
    session: Any = boto3.Session()
    return session.client(service, region_name=REGION, config=Config(parameter_validation=False))


def _vpc(ec2: Any) -> str:
    return str(ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])


def _main_table(ec2: Any) -> str:
    filters = [{"Name": "vpc-id", "Values": [_vpc(ec2)]}]
    return str(ec2.describe_route_tables(Filters=filters)["RouteTables"][0]["RouteTableId"])


def _used_address(ec2: Any) -> str:
    address = str(ec2.allocate_address(Domain="vpc")["AllocationId"])
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)
    return address


_TAGS = [{"Key": "aws:mine", "Value": "x"}]

_EC2: Mapping[str, tuple[Callable[[Any], object], str, str]] = {
    "a-subnet-in-another-region": (
        lambda ec2: ec2.create_subnet(
            VpcId=_vpc(ec2), CidrBlock="10.0.0.0/24", AvailabilityZone="us-east-1a"
        ),
        "InvalidParameterValue",
        r"Value \(us-east-1a\) for parameter availabilityZone is invalid",
    ),
    "a-subnet-that-is-too-small": (
        lambda ec2: ec2.create_subnet(VpcId=_vpc(ec2), CidrBlock="10.0.0.0/29"),
        "InvalidSubnet.Range",
        "The CIDR '10.0.0.0/29' is invalid",
    ),
    "a-main-route-table": (
        lambda ec2: ec2.delete_route_table(RouteTableId=_main_table(ec2)),
        "DependencyViolation",
        "has dependencies and cannot be deleted",
    ),
    "an-address-in-use": (
        lambda ec2: ec2.release_address(AllocationId=_used_address(ec2)),
        "InvalidIPAddress.InUse",
        "is in use",
    ),
    "a-tag-of-awss": (
        lambda ec2: ec2.create_tags(Resources=[_vpc(ec2)], Tags=_TAGS),
        "InvalidParameterValue",
        "are reserved for internal use",
    ),
    "a-tag-of-awss-at-creation": (
        lambda ec2: ec2.create_vpc(
            CidrBlock="10.0.0.0/16", TagSpecifications=[{"ResourceType": "vpc", "Tags": _TAGS}]
        ),
        "InvalidParameterValue",
        "are reserved for internal use",
    ),
    "a-page-that-is-too-small": (
        lambda ec2: ec2.describe_vpcs(MaxResults=4),
        "InvalidParameterValue",
        r"Value \( 4 \) for parameter maxResults is invalid",
    ),
    "a-token-that-is-none": (
        lambda ec2: ec2.describe_vpcs(NextToken="garbage"),
        "InvalidNextToken",
        "garbage",
    ),
}


@pytest.mark.parametrize("what", _EC2)
def test_ec2_refuses(aws_account: AwsAccount, what: str) -> None:
    call, code, said = _EC2[what]
    with pytest.raises(ClientError, match=said) as caught:
        call(_client("ec2"))
    response = caught.value.response
    assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == (code, 400)


_DRY: Mapping[str, Callable[[Any], object]] = {
    "CreateVpc": lambda ec2: ec2.create_vpc(CidrBlock="10.0.0.0/16", DryRun=True),
    "DeleteVpc": lambda ec2: ec2.delete_vpc(VpcId=ec2.describe_vpcs()["Vpcs"][0]["VpcId"], DryRun=True),
    "DescribeVpcs": lambda ec2: ec2.describe_vpcs(DryRun=True),
    "AllocateAddress": lambda ec2: ec2.allocate_address(DryRun=True),
}


@pytest.mark.parametrize("action", _DRY)
def test_a_dry_run_never_acts(aws_account: AwsAccount, action: str) -> None:
    ec2 = _client("ec2")
    for subnet in ec2.describe_subnets()["Subnets"]:
        ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    before = census(aws_account)
    with pytest.raises(ClientError, match="Request would have succeeded, but DryRun flag is set") as caught:
        _DRY[action](ec2)
    response = caught.value.response
    assert response["Error"]["Code"] == "DryRunOperation"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 412
    assert census(aws_account) == before


def test_a_dry_run_of_what_is_refused_says_so(aws_account: AwsAccount) -> None:
    aws_account.cloud.denied.add("ec2:CreateVpc")
    with pytest.raises(ClientError, match="UnauthorizedOperation"):
        _DRY["CreateVpc"](_client("ec2"))


_IAM = [
    ({"RoleName": "a b"}, "ValidationError", "roleName is invalid"),
    ({"RoleName": "r" * 65}, "ValidationError", "length less than or equal to 64"),
    ({"Description": "d" * 1001}, "ValidationError", "length less than or equal to 1000"),
    ({"Description": "日本"}, "ValidationError", "regular expression pattern"),
    ({"MaxSessionDuration": 3599}, "ValidationError", "greater than or equal to 3600"),
    ({"MaxSessionDuration": 43201}, "ValidationError", "less than or equal to 43200"),
    ({"AssumeRolePolicyDocument": "{"}, "MalformedPolicyDocument", "invalid Json"),
    ({"AssumeRolePolicyDocument": "{}"}, "MalformedPolicyDocument", "Syntax errors"),
    ({"AssumeRolePolicyDocument": '{"Statement": []}'}, "MalformedPolicyDocument", "Syntax errors"),
]


@pytest.mark.parametrize(("changes", "code", "said"), _IAM, ids=str)
def test_iam_refuses_a_role(aws_account: AwsAccount, changes: dict[str, Any], code: str, said: str) -> None:
    request = {"RoleName": "ci", "AssumeRolePolicyDocument": json.dumps(_TRUST), **changes}
    with pytest.raises(ClientError, match=said) as caught:
        _client("iam").create_role(**request)
    assert caught.value.response["Error"]["Code"] == code


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"Principal": {}}, "Missing required field Principal"),
        ({"Action": []}, "Missing required field Action"),
        ({"Resource": "*"}, "Has prohibited field Resource"),
        ({"Effect": "Maybe"}, "Syntax errors"),
    ],
    ids=str,
)
def test_a_trust_policy_names_whom_it_trusts_and_no_resource(
    aws_account: AwsAccount, change: dict[str, Any], said: str
) -> None:
    aws_account.assumable("ci")
    wrong = json.dumps({"Statement": [{**_TRUST["Statement"][0], **change}]})
    with pytest.raises(ClientError, match=said) as caught:
        _client("iam").update_assume_role_policy(RoleName="ci", PolicyDocument=wrong)
    assert caught.value.response["Error"]["Code"] == "MalformedPolicyDocument"
