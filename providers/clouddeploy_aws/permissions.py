"""The least that the credentials must be allowed, as an IAM policy.

Source of which action takes which resource and which condition: AWS Service Authorization Reference.
`sts:GetCallerIdentity` needs no permission.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from clouddeploy.contract import OWNER_TAG


@dataclass(frozen=True)
class Statement:
    """Actions on resources; `{partition}`, `{region}` and `{account}` are filled in.

    `owned` is for resources that carry our tag, `tagging` for requests that set it.
    """

    sid: str
    actions: Sequence[str]
    resources: Sequence[str] = ("*",)
    owned: bool = False
    tagging: bool = False

    @property
    def condition_keys(self) -> Sequence[str]:
        """The condition keys that must have a value, whichever."""
        given = (("Request", self.tagging), ("Resource", self.owned))
        return [f"aws:{where}Tag/{OWNER_TAG}" for where, on in given if on]


_REPOSITORIES = ("arn:{partition}:ecr:{region}:{account}:repository/*",)
_CLUSTERS = ("arn:{partition}:eks:{region}:{account}:cluster/*",)
_ROLES = ("arn:{partition}:iam::{account}:role/clouddeploy-*",)
_PROFILES = ("arn:{partition}:iam::{account}:instance-profile/*",)
_EC2 = "arn:{partition}:ec2:{region}:{account}:"

STATEMENTS = (
    Statement("Login", ("ecr:GetAuthorizationToken",)),
    Statement(
        "Push",
        (
            "ecr:BatchCheckLayerAvailability",
            "ecr:BatchGetImage",
            "ecr:CompleteLayerUpload",
            "ecr:CreateRepository",
            "ecr:DescribeRepositories",
            "ecr:GetDownloadUrlForLayer",
            "ecr:GetLifecyclePolicy",
            "ecr:InitiateLayerUpload",
            "ecr:ListTagsForResource",
            "ecr:PutImage",
            "ecr:PutImageScanningConfiguration",
            "ecr:PutImageTagMutability",
            "ecr:PutLifecyclePolicy",
            "ecr:TagResource",
            "ecr:UploadLayerPart",
        ),
        _REPOSITORIES,
    ),
    Statement("Images", ("ecr:BatchDeleteImage", "ecr:DescribeImages"), _REPOSITORIES),
    Statement("Deploy", ("eks:DescribeCluster",), _CLUSTERS),
    Statement(
        "Look",
        (
            "ec2:DescribeInstanceTypes",
            "eks:DescribeClusterVersions",
            "eks:ListClusters",
            "servicequotas:GetServiceQuota",
        ),
    ),
    Statement("MakeCluster", ("eks:CreateCluster", "eks:TagResource"), _CLUSTERS, tagging=True),
    Statement("ChangeCluster", ("eks:DeleteCluster", "eks:UpdateClusterVersion"), _CLUSTERS, owned=True),
    Statement(
        "Roles",
        (
            "iam:AttachRolePolicy",
            "iam:CreateRole",
            "iam:DeleteRole",
            "iam:DeleteRolePolicy",
            "iam:DetachRolePolicy",
            "iam:GetRole",
            "iam:ListAttachedRolePolicies",
            "iam:ListInstanceProfilesForRole",
            "iam:ListRolePolicies",
            "iam:PassRole",
            "iam:TagRole",
            "iam:UpdateAssumeRolePolicy",
        ),
        _ROLES,
    ),
    Statement("RoleProfiles", ("iam:RemoveRoleFromInstanceProfile",), (*_ROLES, *_PROFILES)),
    Statement(
        "FirstCluster",
        ("iam:CreateServiceLinkedRole",),
        ("arn:{partition}:iam::{account}:role/aws-service-role/eks*",),
    ),
    Statement(
        "FindNetwork",
        (
            "ec2:DescribeAddresses",
            "ec2:DescribeAvailabilityZones",
            "ec2:DescribeInternetGateways",
            "ec2:DescribeNatGateways",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeRouteTables",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVolumes",
            "ec2:DescribeVpcAttribute",
            "ec2:DescribeVpcs",
            "elasticloadbalancing:DescribeLoadBalancers",
            "elasticloadbalancing:DescribeTags",
        ),
    ),
    Statement(
        "MakeNetwork",
        (
            "ec2:CreateInternetGateway",
            "ec2:CreateRouteTable",
            "ec2:CreateSubnet",
            "ec2:CreateTags",
            "ec2:CreateVpc",
        ),
        tuple(_EC2 + kind for kind in ("vpc/*", "subnet/*", "internet-gateway/*", "route-table/*")),
    ),
    Statement(
        "ChangeNetwork",
        (
            "ec2:AssociateRouteTable",
            "ec2:AttachInternetGateway",
            "ec2:CreateRoute",
            "ec2:DeleteInternetGateway",
            "ec2:DeleteRouteTable",
            "ec2:DeleteSubnet",
            "ec2:DeleteVpc",
            "ec2:DetachInternetGateway",
            "ec2:DisassociateRouteTable",
            "ec2:ModifySubnetAttribute",
            "ec2:ModifyVpcAttribute",
            "ec2:ReplaceRoute",
        ),
        tuple(_EC2 + kind for kind in ("vpc/*", "subnet/*", "internet-gateway/*", "route-table/*")),
        owned=True,
    ),
    Statement("ClearNetwork", ("ec2:DeleteSecurityGroup",), (_EC2 + "security-group/*",)),
)
"""Every statement, in the order of use."""


def document(partition: str, region: str, account: str) -> dict[str, Any]:
    """The policy; `*` stands for a region or an account that is not known."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": one.sid,
                "Effect": "Allow",
                "Action": list(one.actions),
                "Resource": resources(one, partition, region, account),
                **_condition(one),
            }
            for one in STATEMENTS
        ],
    }


def resources(statement: Statement, partition: str, region: str, account: str) -> list[str]:
    """The statement's resources in one account and region."""
    return [each.format(partition=partition, region=region, account=account) for each in statement.resources]


def _condition(statement: Statement) -> dict[str, Any]:
    keys = statement.condition_keys
    return {"Condition": {"StringLike": dict.fromkeys(keys, "*")}} if keys else {}


def policy(partition: str, region: str, account: str) -> str:
    """The policy as JSON text."""
    return json.dumps(document(partition, region, account), indent=2)
