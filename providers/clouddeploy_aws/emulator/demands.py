"""What each call demands of a policy: which action on which resource, with which tags.

Source: Service Authorization Reference of EC2, ECR, EKS and IAM. A call that is about no one resource
demands `*`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from clouddeploy.emulator.policy import Demand

Asked = Mapping[str, Any]
Tags = Callable[[str], Mapping[str, str]]

_FREE = {("sts", "GetCallerIdentity")}
_NEW = {
    "CreateInternetGateway": "internet-gateway",
    "CreateRouteTable": "route-table",
    "CreateSubnet": "subnet",
    "CreateVpc": "vpc",
}
_IDS = {
    "GroupId": "security-group",
    "InternetGatewayId": "internet-gateway",
    "RouteTableId": "route-table",
    "SubnetId": "subnet",
    "VpcId": "vpc",
}
"""EC2's parameters that name a resource, and its kind in an ARN."""

_PREFIXES = {"igw": "internet-gateway", "rtb": "route-table", "sg": "security-group"}
_LINKED = "aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS"


@dataclass(frozen=True)
class Place:
    """The account as ARNs name it, and what is in it: tags by an id or a cluster's name."""

    partition: str
    region: str
    account: str
    tags: Tags
    associated: Callable[[str], list[str]]
    first_cluster: Callable[[], bool]

    def arn(self, service: str, rest: str) -> str:
        region = "" if service == "iam" else self.region
        return f"arn:{self.partition}:{service}:{region}:{self.account}:{rest}"


def demands(service: str, action: str, asked: Asked, place: Place) -> list[Demand]:
    """Everything that one call needs to be allowed."""
    if (service, action) in _FREE:
        return []
    match service:
        case "ec2":
            return list(_ec2(action, asked, place)) or [Demand(f"ec2:{action}")]
        case "ecr":
            return list(_ecr(action, asked, place))
        case "eks":
            return list(_eks(action, asked, place))
        case "iam":
            return list(_iam(action, asked, place))
        case "sts" if "RoleArn" in asked:
            return [Demand(f"sts:{action}", asked["RoleArn"])]
    return [Demand(f"{service}:{action}")]


def _ec2(action: str, asked: Asked, place: Place) -> Iterator[Demand]:
    if action.startswith("Describe"):
        return
    if action in _NEW:
        resource, context = place.arn("ec2", f"{_NEW[action]}/*"), _requested(_specified(asked))
        yield Demand(f"ec2:{action}", resource, context)
        if context:
            yield Demand("ec2:CreateTags", resource, {**context, "ec2:CreateAction": action})
    for resource_id in (*_named(asked), *place.associated(asked.get("AssociationId", ""))):
        kind = _PREFIXES.get(resource_id.partition("-")[0], resource_id.partition("-")[0])
        context = _owned(place.tags(resource_id))
        if action == "CreateTags":
            context |= _requested(_numbered(asked, "Tag"))
        yield Demand(f"ec2:{action}", place.arn("ec2", f"{kind}/{resource_id}"), context)


def _named(asked: Asked) -> list[str]:
    listed = [value for key, value in asked.items() if re.fullmatch(r"ResourceId\.\d+", key)]
    return [*(asked[key] for key in _IDS if key in asked), *listed]


def _ecr(action: str, asked: Asked, place: Place) -> Iterator[Demand]:
    if action == "GetAuthorizationToken":
        yield Demand("ecr:GetAuthorizationToken")
        return
    names = asked.get("repositoryNames") or [asked.get("repositoryName", "*")]
    resources = (
        [asked["resourceArn"]] if "resourceArn" in asked else [_repository(place, one) for one in names]
    )
    yield from (Demand(f"ecr:{action}", one) for one in resources)
    if action == "CreateRepository" and asked.get("tags"):
        tags = {one["Key"]: one.get("Value", "") for one in asked["tags"]}
        yield Demand("ecr:TagResource", resources[0], _requested(tags))


def _repository(place: Place, name: str) -> str:
    return place.arn("ecr", f"repository/{name}")


_BLOBS = {"HEAD": "BatchCheckLayerAvailability", "GET": "GetDownloadUrlForLayer"}
_UPLOADS = {"POST": "InitiateLayerUpload", "PATCH": "UploadLayerPart", "PUT": "CompleteLayerUpload"}
_MANIFESTS = {
    "PUT": "PutImage",
    "GET": "BatchGetImage",
    "HEAD": "BatchGetImage",
    "DELETE": "BatchDeleteImage",
}
_PROTOCOL = (("blobs/uploads/", _UPLOADS), ("blobs/", _BLOBS), ("manifests/", _MANIFESTS))


def data_plane(method: str, path: str, place: Place) -> list[Demand]:
    """What a request of the registry protocol demands; nothing for `/v2/` itself."""
    for part, actions in _PROTOCOL:
        match = re.fullmatch(rf"/v2/(?P<name>.+?)/{part}.*", path)
        if match and method in actions:
            return [Demand(f"ecr:{actions[method]}", _repository(place, match["name"]))]
    return []


def _eks(action: str, asked: Asked, place: Place) -> Iterator[Demand]:
    if "name" not in asked:
        yield Demand(f"eks:{action}", place.arn("eks", "cluster/*") if action == "ListClusters" else "*")
        return
    cluster = place.arn("eks", f"cluster/{asked['name']}")
    if action != "CreateCluster":
        yield Demand(f"eks:{action}", cluster, _owned(place.tags(asked["name"])))
        return
    context = _requested(asked.get("tags") or {})
    yield Demand("eks:CreateCluster", cluster, context)
    if context:
        yield Demand("eks:TagResource", cluster, context)
    roles = (asked.get("roleArn"), asked.get("computeConfig", {}).get("nodeRoleArn"))
    yield from (
        Demand("iam:PassRole", role, {"iam:PassedToService": "eks.amazonaws.com"}) for role in roles if role
    )
    if place.first_cluster():
        yield Demand("iam:CreateServiceLinkedRole", place.arn("iam", f"role/{_LINKED}"))


def _iam(action: str, asked: Asked, place: Place) -> Iterator[Demand]:
    resource = asked.get("PolicySourceArn", "*")
    if "InstanceProfileName" in asked:
        resource = place.arn("iam", f"instance-profile/{asked['InstanceProfileName']}")
    elif "RoleName" in asked:
        resource = place.arn("iam", f"role/{asked['RoleName']}")
    tags = _requested(_numbered(asked, "Tags.member"))
    yield Demand(f"iam:{action}", resource, {**tags, **_policy(action, asked)})
    if action == "CreateRole" and tags:
        yield Demand("iam:TagRole", resource, tags)


def _policy(action: str, asked: Asked) -> dict[str, str]:
    """The managed policy that is attached or detached; other actions have no such key."""
    if action.startswith(("Attach", "Detach")) and "PolicyArn" in asked:
        return {"iam:PolicyARN": asked["PolicyArn"]}
    return {}


def _specified(asked: Asked) -> dict[str, str]:
    return _numbered(asked, "TagSpecification.1.Tag")


def _numbered(asked: Asked, prefix: str) -> dict[str, str]:
    """Tags as the query protocols write them: `Tag.1.Key`, `Tag.1.Value`, …"""
    keys = [key for key in asked if re.fullmatch(rf"{re.escape(prefix)}\.\d+\.Key", key)]
    return {asked[key]: asked.get(f"{key.removesuffix('Key')}Value", "") for key in keys}


def _requested(tags: Mapping[str, str]) -> dict[str, str]:
    return {f"aws:RequestTag/{key}": value for key, value in tags.items()}


def _owned(tags: Mapping[str, str]) -> dict[str, str]:
    return {f"aws:ResourceTag/{key}": value for key, value in tags.items()}
