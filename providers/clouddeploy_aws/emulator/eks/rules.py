"""What EKS refuses, in its own words (texts as users report them in public issue trackers)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from clouddeploy_aws.emulator.answers import ServiceError
from clouddeploy_aws.emulator.eks.versions import DEFAULT, VERSIONS
from clouddeploy_aws.emulator.moto_account import MotoAccount

_REFUSED_ZONES = {"us-east-1e"}


def check_free(name: str, names: Sequence[str], limit: int) -> None:
    """Name taken, or the quota of clusters used up."""
    if name in names:
        raise ServiceError(
            "ResourceInUseException", f"Cluster already exists with name: {name}", clusterName=name
        )
    if len(names) >= limit:
        text = f"Cluster limit exceeded for account. (Limit: {limit})"
        raise ServiceError("ResourceLimitExceededException", text)


def check_version(version: str | None) -> str:
    """The version to use.

    UNVERIFIED: whether EKS takes one in extended support with the upgrade policy STANDARD; it is taken here.
    """
    if version is None:
        return DEFAULT
    if version not in VERSIONS:
        raise ServiceError("InvalidParameterException", f"unsupported Kubernetes version {version}")
    return version


def check_update(current: str, version: str | None) -> None:
    """Up by one minor, to a version that is offered."""
    wanted = check_version(version)
    minors = list(VERSIONS)
    if minors.index(wanted) != minors.index(current) - 1:
        text = f"Unsupported Kubernetes minor version update from {current} to {wanted}"
        raise ServiceError("InvalidParameterException", text)


def check_auto_mode(request: Mapping[str, Any]) -> None:
    """Compute, block storage and load balancing are on together or off together."""
    switches = (
        request.get("computeConfig", {}).get("enabled"),
        request.get("storageConfig", {}).get("blockStorage", {}).get("enabled"),
        request.get("kubernetesNetworkConfig", {}).get("elasticLoadBalancing", {}).get("enabled"),
    )
    if len({bool(switch) for switch in switches}) > 1:
        text = (
            "For EKS Auto Mode, please ensure that all required configs, including computeConfig, "
            "kubernetesNetworkConfig, and blockStorage are all either fully enabled or fully disabled."
        )
        raise ServiceError("InvalidParameterException", text)
    if switches[0] and request.get("accessConfig", {}).get("authenticationMode") not in {
        "API",
        "API_AND_CONFIG_MAP",
    }:
        raise ServiceError("InvalidParameterException", "EKS Auto Mode needs the authentication mode API")
    if switches[0] and request.get("bootstrapSelfManagedAddons") is not False:
        text = "For EKS Auto Mode, bootstrapSelfManagedAddons must be set to false"
        raise ServiceError("InvalidParameterException", text)


def check_subnets(account: MotoAccount, request: Mapping[str, Any]) -> list[Any]:
    """The subnets: they exist, in one VPC, in two zones or more that take EKS."""
    wanted = request["resourcesVpcConfig"].get("subnetIds", [])
    known = {subnet.id: subnet for zone in account.ec2.subnets.values() for subnet in zone.values()}
    unknown = [one for one in wanted if one not in known or not account.lag.is_known(one)]
    if unknown:
        text = f"The subnet ID '{unknown[0]}' does not exist (Error Code: InvalidSubnetID.NotFound)"
        raise ServiceError("InvalidParameterException", text)
    subnets = [known[one] for one in wanted]
    zones = {subnet.availability_zone for subnet in subnets}
    if len({subnet.vpc_id for subnet in subnets}) > 1:
        raise ServiceError("InvalidParameterException", "Subnets must be in the same VPC")
    if len(zones) < 2:
        text = "Subnets specified must be in at least two different AZs"
        raise ServiceError("InvalidParameterException", text)
    _check_zones(account, zones)
    return subnets


def check_role(account: MotoAccount, arn: str, *, auto: bool, seen_for: float) -> None:
    """The role exists, trusts EKS, and IAM has had the time to tell EKS about it."""
    role = find_role(account, arn)
    actions = {"sts:AssumeRole", "sts:TagSession"} if auto else {"sts:AssumeRole"}
    if role is None or seen_for < _PROPAGATION or not trusts(role, "eks.amazonaws.com", actions):
        text = (
            f"Role with arn: {arn}, could not be assumed because it does not exist or the trusted entity "
            "is not correct"
        )
        raise ServiceError("InvalidParameterException", text)


def find_role(account: MotoAccount, arn: str) -> Any:
    """The IAM role of an ARN, None when there is none."""
    return next((role for role in account.iam.roles.values() if role.arn == arn), None)


def trusts(role: Any, service: str, actions: set[str]) -> bool:
    """Whether the trust policy lets `service` do all of `actions`."""
    document = json.loads(unquote(role.assume_role_policy_document or "{}"))
    allowed: set[str] = set()
    for statement in document.get("Statement", []):
        if statement.get("Effect") == "Allow" and service in _list(
            statement.get("Principal", {}).get("Service")
        ):
            allowed |= set(_list(statement.get("Action")))
    return actions <= allowed


_PROPAGATION = 8.0  # emulated seconds until EKS sees a new role


def _list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value] if value else []


def _check_zones(account: MotoAccount, zones: set[str]) -> None:
    refused = sorted(zones & _REFUSED_ZONES)
    if not refused:
        return
    every = [zone.name for zone in account.ec2.describe_availability_zones()]
    valid = [zone for zone in every if zone not in _REFUSED_ZONES]
    text = (
        f"Cannot create cluster because {refused[0]}, the targeted availability zone, does not currently "
        "have sufficient capacity to support the cluster. Retry and choose from these availability zones: "
        f"{', '.join(valid)}"
    )
    raise ServiceError("UnsupportedAvailabilityZoneException", text, validZones=valid)
