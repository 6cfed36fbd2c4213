"""The least that the credentials must be allowed, as an IAM policy.

Source of which action takes which resource and which condition: AWS Service Authorization Reference.
`sts:GetCallerIdentity` needs no permission.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clouddeploy.contract import OWNER_TAG
from clouddeploy_aws.steps.roles import CLUSTER, NODES

Conditions = Mapping[str, Mapping[str, "str | Sequence[str]"]]
"""As in the policy: operator, key, the value or the values of which one must fit."""


@dataclass(frozen=True)
class Statement:
    """Actions on resources under conditions; `{partition}`, `{region}` and `{account}` are filled in."""

    sid: str
    actions: Sequence[str]
    resources: Sequence[str] = ("*",)
    conditions: Conditions = field(default_factory=dict)


def _carries(tag: str) -> Conditions:
    return {"StringLike": {f"aws:ResourceTag/{tag}": "*"}}


_OWNED = _carries(OWNER_TAG)
"""The resource carries our tag."""

_TAGGING: Conditions = {"StringLike": {f"aws:RequestTag/{OWNER_TAG}": "*"}}
"""The request sets our tag."""

_ATTACHED: Conditions = {
    "ArnEquals": {
        "iam:PolicyARN": [
            f"arn:{{partition}}:iam::aws:policy/{name}" for name in (*CLUSTER.policies, *NODES.policies)
        ]
    }
}
"""The request attaches one of the policies that our roles have, and no other."""

_PASSED: Conditions = {
    "StringEquals": {
        "iam:PassedToService": ["eks.amazonaws.com", "ec2.amazonaws.com", "ec2.amazonaws.com.cn"]
    }
}
"""UNVERIFIED: for which of them EKS asks when it is given the nodes' role."""

_MADE_NOW: Conditions = {
    "StringEquals": {
        "ec2:CreateAction": ["CreateInternetGateway", "CreateRouteTable", "CreateSubnet", "CreateVpc"]
    }
}
"""Tags in the request that creates: nothing of somebody else's becomes ours by a tag."""

_REPOSITORIES = ("arn:{partition}:ecr:{region}:{account}:repository/*",)
_CLUSTERS = ("arn:{partition}:eks:{region}:{account}:cluster/*",)
_ROLES = ("arn:{partition}:iam::{account}:role/clouddeploy-*",)
_PROFILES = ("arn:{partition}:iam::{account}:instance-profile/*",)
_EC2 = "arn:{partition}:ec2:{region}:{account}:"
_NETWORK = tuple(_EC2 + kind for kind in ("vpc/*", "subnet/*", "internet-gateway/*", "route-table/*"))
_GROUPS = (_EC2 + "security-group/*",)
_REVOKE = ("ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress")
"""Only of groups with a tag that EKS or a load balancer controller sets: nobody else's rules. Groups that
carry `kubernetes.io/cluster/<name>` alone are those of classic load balancers, and name no other."""

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
    Statement("MakeCluster", ("eks:CreateCluster", "eks:TagResource"), _CLUSTERS, _TAGGING),
    Statement("ChangeCluster", ("eks:DeleteCluster", "eks:UpdateClusterVersion"), _CLUSTERS, _OWNED),
    Statement(
        "Roles",
        (
            "iam:CreateRole",
            "iam:DeleteRole",
            "iam:DeleteRolePolicy",
            "iam:DetachRolePolicy",
            "iam:GetRole",
            "iam:ListAttachedRolePolicies",
            "iam:ListInstanceProfilesForRole",
            "iam:ListRolePolicies",
            "iam:TagRole",
            "iam:UpdateAssumeRolePolicy",
        ),
        _ROLES,
    ),
    Statement("RolePolicies", ("iam:AttachRolePolicy",), _ROLES, _ATTACHED),
    Statement("PassRoles", ("iam:PassRole",), _ROLES, _PASSED),
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
            "ec2:CreateVpc",
        ),
        _NETWORK,
    ),
    Statement("TagNetwork", ("ec2:CreateTags",), _NETWORK, _MADE_NOW),
    Statement(
        "ChangeNetwork",
        (
            "ec2:AssociateRouteTable",
            "ec2:AttachInternetGateway",
            "ec2:CreateRoute",
            "ec2:CreateTags",
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
        _NETWORK,
        _OWNED,
    ),
    Statement("ClearNetwork", ("ec2:DeleteSecurityGroup",), _GROUPS),
    Statement("ClearRules", _REVOKE, _GROUPS, _carries("eks:eks-cluster-name")),
    Statement("ClearClusterRules", _REVOKE, _GROUPS, _carries("aws:eks:cluster-name")),
    Statement("ClearControllerRules", _REVOKE, _GROUPS, _carries("elbv2.k8s.aws/cluster")),
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
                **({"Condition": _filled(one.conditions, partition)} if one.conditions else {}),
            }
            for one in STATEMENTS
        ],
    }


def resources(statement: Statement, partition: str, region: str, account: str) -> list[str]:
    """The statement's resources in one account and region."""
    return [each.format(partition=partition, region=region, account=account) for each in statement.resources]


def example(statement: Statement, partition: str, cluster: str) -> dict[str, str]:
    """Condition keys and a value for each, with which the statement allows what it is for."""
    filled = _filled(statement.conditions, partition).values()
    values = {key: value for keys in filled for key, value in keys.items()}
    firsts = {key: value if isinstance(value, str) else value[0] for key, value in values.items()}
    return {key: cluster if value == "*" else value for key, value in firsts.items()}


def _filled(conditions: Conditions, partition: str) -> dict[str, dict[str, str | list[str]]]:
    return {
        operator: {
            key: value.format(partition=partition)
            if isinstance(value, str)
            else [one.format(partition=partition) for one in value]
            for key, value in keys.items()
        }
        for operator, keys in conditions.items()
    }


def policy(partition: str, region: str, account: str) -> str:
    """The policy as JSON text."""
    return json.dumps(document(partition, region, account), indent=2)
