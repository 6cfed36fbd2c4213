"""What the tests of a cluster's life share: its steps, its inventory, its writes in their order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from clouddeploy.clusters import down, up
from clouddeploy.contract import OWNER_TAG, ClusterSpec, Provisioner, Step
from clouddeploy_aws import connect
from clouddeploy_aws.steps.naming import role_name
from moto_fixtures.aws import AwsAccount

CREATES = (
    "iam:CreateRole",
    *["iam:AttachRolePolicy"] * 5,
    "iam:CreateRole",
    *["iam:AttachRolePolicy"] * 2,
    "ec2:CreateVpc",
    "ec2:ModifyVpcAttribute",
    "ec2:ModifyVpcAttribute",
    "ec2:CreateInternetGateway",
    "ec2:AttachInternetGateway",
    *["ec2:CreateSubnet"] * 3,
    *["ec2:ModifySubnetAttribute"] * 3,
    "ec2:CreateRouteTable",
    "ec2:CreateRoute",
    *["ec2:AssociateRouteTable"] * 3,
    "eks:CreateCluster",
)
"""Every write of a cluster that is made without a hitch, in order."""


DELETES = (
    "ec2:CreateTags",
    "eks:DeleteCluster",
    *["ec2:DisassociateRouteTable"] * 3,
    "ec2:DeleteRouteTable",
    *["ec2:DeleteSubnet"] * 3,
    "ec2:DetachInternetGateway",
    "ec2:DeleteInternetGateway",
    "ec2:DeleteVpc",
    *["iam:DetachRolePolicy"] * 2,
    "iam:DeleteRole",
    *["iam:DetachRolePolicy"] * 5,
    "iam:DeleteRole",
)
"""Every write of its deletion, in order."""

WRONG_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
"""What the role for the control plane must not trust alone."""

NOTHING: dict[str, Any] = {
    "vpcs": 0,
    "gateways": [],
    "subnets": [],
    "routes": [],
    "associations": [],
    "roles": {},
    "cluster": None,
}


def provisioner_of(account: AwsAccount, **settings: Any) -> Provisioner:
    found = connect(account.target(**settings)).provisioner
    assert found is not None
    return found


def steps_of(account: AwsAccount, name: str = "demo", **spec: Any) -> Sequence[Step]:
    return provisioner_of(account).steps(ClusterSpec(name, **spec))


def step_of(account: AwsAccount, title: str) -> Step:
    return next(step for step in steps_of(account) if title in step.title)


def run_up(account: AwsAccount, steps: Sequence[Step]) -> None:
    """Make it, in emulated time."""
    up(steps, clock=account.clock)


def run_down(account: AwsAccount, steps: Sequence[Step]) -> None:
    """Delete it, in emulated time."""
    down(steps, clock=account.clock)


CONTROLLERS_TAGS = ("eks:eks-cluster-name", "elbv2.k8s.aws/cluster")
"""Of the security groups that EKS Auto Mode and the AWS Load Balancer Controller make."""


def groups_in_a_circle(account: AwsAccount, vpc: str, cluster: str = "demo") -> list[str]:
    """Two security groups as controllers leave them: a rule of each names the other."""
    first, second = (group_in(account, vpc, f"k8s-{tag}", {tag: cluster}) for tag in CONTROLLERS_TAGS)
    ec2 = account.client("ec2")
    ec2.authorize_security_group_ingress(GroupId=first, IpPermissions=[rule_naming(second)])
    ec2.authorize_security_group_egress(GroupId=second, IpPermissions=[rule_naming(first)])
    return [first, second]


def group_in(account: AwsAccount, vpc: str, name: str, tags: Mapping[str, str]) -> str:
    """A security group with these tags; its id."""
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    specification = [{"ResourceType": "security-group", "Tags": listed}] if listed else []
    made = account.client("ec2").create_security_group(
        GroupName=name.replace("/", "-"), Description="k8s", VpcId=vpc, TagSpecifications=specification
    )
    return str(made["GroupId"])


def rule_naming(group: str) -> dict[str, Any]:
    """A rule that lets the members of a group in, or out to them."""
    pairs = [{"GroupId": group, "Description": "k8s"}]
    return {"IpProtocol": "tcp", "FromPort": 30000, "ToPort": 32767, "UserIdGroupPairs": pairs}


def inventory(account: AwsAccount, name: str) -> dict[str, Any]:
    """What a cluster is made of, without ids: two of these are equal when the clusters are alike."""
    ec2, iam, eks = account.client("ec2"), account.client("iam"), account.client("eks")
    filters = [{"Name": f"tag:{OWNER_TAG}", "Values": [name]}]
    vpcs = ec2.describe_vpcs(Filters=filters)["Vpcs"]
    tables = ec2.describe_route_tables(Filters=filters)["RouteTables"]
    roles = {kind: role_name(name, "eu-west-1", kind) for kind in ("cluster", "nodes")}
    there = {role["RoleName"] for role in iam.list_roles()["Roles"]}
    clusters = eks.list_clusters()["clusters"]
    return {
        "vpcs": len(vpcs),
        "gateways": [
            len(one["Attachments"])
            for one in ec2.describe_internet_gateways(Filters=filters)["InternetGateways"]
        ],
        "subnets": sorted(
            (one["AvailabilityZone"], one["CidrBlock"], one["MapPublicIpOnLaunch"])
            for one in ec2.describe_subnets(Filters=filters)["Subnets"]
        ),
        "routes": [
            sorted((route["DestinationCidrBlock"], route["GatewayId"][:4]) for route in table["Routes"])
            for table in tables
        ],
        "associations": [len(table["Associations"]) for table in tables],
        "roles": {
            kind: sorted(
                policy["PolicyName"]
                for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
            )
            for kind, role in roles.items()
            if role in there
        },
        "cluster": _configuration(eks.describe_cluster(name=name)["cluster"]) if name in clusters else None,
    }


def census(account: AwsAccount) -> dict[str, int]:
    """How many there are of everything in the account, whatever its name and tags."""
    ec2, iam = account.cloud.moto.ec2, account.cloud.moto.iam
    return {
        "VPCs": len(ec2.vpcs),
        "gateways": len(ec2.internet_gateways),
        "subnets": sum(len(zone) for zone in ec2.subnets.values()),
        "route tables": len(ec2.route_tables),
        "security groups": sum(len(groups) for groups in ec2.groups.values()),
        "interfaces": len(ec2.enis),
        "addresses": len(ec2.addresses),
        "volumes": len(ec2.volumes),
        "NAT gateways": len(ec2.nat_gateways),
        "roles": len(iam.roles),
        "instance profiles": len(iam.instance_profiles),
        "clusters": len(account.client("eks").list_clusters()["clusters"]),
    }


def _configuration(cluster: dict[str, Any]) -> dict[str, Any]:
    kept = ("status", "version", "accessConfig", "storageConfig", "kubernetesNetworkConfig")
    subnets = len(cluster["resourcesVpcConfig"]["subnetIds"])
    return {
        **{key: cluster[key] for key in kept},
        "subnets": subnets,
        "auto": cluster["computeConfig"]["enabled"],
    }
