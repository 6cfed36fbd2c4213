"""What EKS refuses in the request for a cluster: what does not fit together, or into the account.

Sources: EKS API reference, VpcConfigRequest and KubernetesNetworkConfigRequest; EKS user guide, "View
Amazon EKS networking requirements for VPC and subnets". A text without an issue beside it is UNVERIFIED.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Network, ip_network
from typing import Any

from clouddeploy_aws.emulator.answers import ServiceError
from clouddeploy_aws.emulator.eks.rules import find_role, trusts
from clouddeploy_aws.emulator.moto_account import MotoAccount

_POOLS = {"general-purpose", "system"}
_PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
_PREFIXES = range(12, 24 + 1)
_SERVICES = ("172.20.0.0/16", "10.100.0.0/16")
_FREE_ADDRESSES = 6
"""EKS puts its network interfaces into the subnets."""

_TAGS_MAX = 50
_TOKEN = range(33, 126 + 1)
"""How long a token is; ansible-collections/community.aws#844, which has the text too."""


def check_request(request: Mapping[str, Any]) -> None:
    """ServiceError for what no account makes right."""
    if len(request.get("clientRequestToken") or " " * _TOKEN.start) not in _TOKEN:
        raise _invalid("The client request token parameter must be between 33 and 126 characters.")
    _check_endpoints(request["resourcesVpcConfig"])
    _check_access(request.get("accessConfig", {}))
    _check_compute(request.get("computeConfig", {}))
    check_tags(request.get("tags") or {})


def check_account(account: MotoAccount, request: Mapping[str, Any], subnets: list[Any]) -> None:
    """ServiceError for what does not fit to these subnets and to what else the account has."""
    known = account.ec2.groups.get(subnets[0].vpc_id, {})
    for group in request["resourcesVpcConfig"].get("securityGroupIds", []):
        if group not in known:
            raise _invalid(
                f"The security group ID '{group}' does not exist (Error Code: InvalidGroup.NotFound)"
            )
    for subnet in subnets:
        if subnet.available_ip_address_count < _FREE_ADDRESSES:
            raise _invalid(f"The subnet {subnet.id} has fewer than {_FREE_ADDRESSES} free IP addresses")
    service_block(account, request, subnets[0].vpc_id)
    _check_node_role(account, request.get("computeConfig", {}).get("nodeRoleArn"))


def service_block(account: MotoAccount, request: Mapping[str, Any], vpc_id: str) -> str:
    """The CIDR block of the services: the one asked for, else the first that the VPC leaves free."""
    vpc = account.ec2.vpcs[vpc_id]
    taken = [IPv4Network(one["cidr_block"]) for one in vpc.get_cidr_block_association_set()]
    asked = request.get("kubernetesNetworkConfig", {}).get("serviceIpv4Cidr")
    if asked is None:
        free = (one for one in _SERVICES if not any(IPv4Network(one).overlaps(block) for block in taken))
        return next(free, _SERVICES[0])
    try:
        block = IPv4Network(asked)
    except ValueError:
        raise _invalid(f"The serviceIpv4Cidr {asked} is no CIDR block") from None
    if block.prefixlen not in _PREFIXES or not any(block.subnet_of(one) for one in _PRIVATE):
        raise _invalid(f"The serviceIpv4Cidr {asked} must be between /24 and /12 and in a private range")
    if any(block.overlaps(one) for one in taken):
        raise _invalid(f"The serviceIpv4Cidr {asked} overlaps with a CIDR block of the VPC {vpc_id}")
    return str(asked)


def check_tags(tags: Mapping[str, str]) -> None:
    """Up to 50, none of them with AWS's own prefix: EKS API reference, TagMap."""
    if any(key.lower().startswith("aws:") for key in tags):
        raise _invalid("aws: prefixed tag key names are not allowed for external use.")
    if len(tags) > _TAGS_MAX:
        raise _invalid(f"A resource has at most {_TAGS_MAX} tags")


def _check_endpoints(network: Mapping[str, Any]) -> None:
    if not network.get("endpointPublicAccess", True) and not network.get("endpointPrivateAccess", False):
        raise _invalid("Private and public endpoint access cannot both be disabled")
    for block in network.get("publicAccessCidrs", []):
        try:
            ip_network(block)
        except ValueError:
            raise _invalid(f"The publicAccessCidrs contain {block}, which is no CIDR block") from None


def _check_access(access: Mapping[str, Any]) -> None:
    """crossplane-contrib/provider-upjet-aws#1345."""
    mode = access.get("authenticationMode", "CONFIG_MAP")
    if mode == "CONFIG_MAP" and access.get("bootstrapClusterCreatorAdminPermissions") is False:
        raise _invalid(
            "bootstrapClusterCreatorAdminPermissions must be true if cluster authentication mode is set to "
            "CONFIG_MAP"
        )


def _check_compute(compute: Mapping[str, Any]) -> None:
    """terraform-aws-modules/terraform-aws-eks#3366 and aws/aws-cdk#33894."""
    pools, role = compute.get("nodePools") or [], compute.get("nodeRoleArn")
    if pools and not role:
        raise _invalid("When Compute Config nodeRoleArn is null or empty, nodePool list cannot be populated.")
    if role and not pools:
        raise _invalid(
            "When Compute Config nodeRoleArn is not null or empty, nodePool value(s) must be provided."
        )
    for pool in pools:
        if pool not in _POOLS:
            raise _invalid(f"Compute Config has an unknown nodePool {pool}")


def _check_node_role(account: MotoAccount, arn: str | None) -> None:
    if arn is None:
        return
    role = find_role(account, arn)
    if role is None:
        raise _invalid(f"The role {arn} cannot be found")
    if not trusts(role, "ec2.amazonaws.com", {"sts:AssumeRole"}):
        raise _invalid(f"The role {arn} does not trust ec2.amazonaws.com")


def _invalid(text: str) -> ServiceError:
    return ServiceError("InvalidParameterException", text)
