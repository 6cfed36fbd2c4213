"""What VPC, ECS and SLB refuse in a request.

Source of the rules: VPC API reference (CreateVpc, CreateVSwitch, DescribeVpcs), ECS and SLB API reference
(DescribeDisks, DescribeLoadBalancers). The codes are of the same pages, where they have one; those of tags,
pages and reserved ranges are UNVERIFIED.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence

from clouddeploy_alibaba.emulator.answers import ServiceError
from clouddeploy_alibaba.emulator.world import Resource

Parameters = Mapping[str, str]
_RESERVED = tuple(
    map(ipaddress.IPv4Network, ("100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4"))
)
_VPC_MASKS, _VSWITCH_MASKS = (8, 28), (16, 29)
_LONGEST_NAME, _LONGEST_TOKEN = 128, 64


def check_name(kind: str, name: str) -> None:
    """A name, which may be missing; `kind` as in the parameter: Vpc or VSwitch."""
    if len(name) > _LONGEST_NAME or name.startswith(("http://", "https://")):
        raise ServiceError(f"Invalid{kind}Name.Malformed", f"Specified {kind} name is not valid.")


def vpc_range(text: str) -> ipaddress.IPv4Network:
    """The range of a VPC: any but the reserved ones."""
    return _range(text, _VPC_MASKS)


def vswitch_range(text: str, vpc: Resource, taken: Sequence[Resource]) -> ipaddress.IPv4Network:
    """The range of a vSwitch: inside its VPC's, beside those of the others."""
    found = _range(text, _VSWITCH_MASKS)
    if not found.subnet_of(ipaddress.IPv4Network(vpc.cidr)):
        raise ServiceError("InvalidCidrBlock.Malformed", "The CIDR block is not in that of the VPC.")
    if any(found.overlaps(ipaddress.IPv4Network(one.cidr)) for one in taken):
        text = "Specified CIDR block overlaps with another subnet."
        raise ServiceError("InvalidCidrBlock.Overlapped", text)
    return found


def page_of(parameters: Parameters, largest: int) -> tuple[int, int]:
    """Number and size of the page that is asked for."""
    number, size = int(parameters.get("PageNumber", 1)), int(parameters.get("PageSize", 10))
    if number < 1 or not 1 <= size <= largest:
        raise ServiceError("InvalidParameter", "PageNumber or PageSize is out of range.")
    return number, size


def check_token(token: str) -> None:
    """A ClientToken has up to 64 ASCII characters."""
    if len(token) > _LONGEST_TOKEN or not token.isascii():
        raise ServiceError("InvalidParameter", "ClientToken is not valid.")


def check_same(parameters: Parameters, before: Parameters) -> None:
    """A ClientToken stands for one request: with other parameters it is refused."""
    if _asked(parameters) != _asked(before):
        text = "The request uses the same client token as a previous, but non-identical request."
        raise ServiceError("IdempotentParameterMismatch", text)


def _asked(parameters: Parameters) -> dict[str, str]:
    return {key: value for key, value in parameters.items() if key != "ClientToken"}


def _range(text: str, masks: tuple[int, int]) -> ipaddress.IPv4Network:
    try:
        found = ipaddress.IPv4Network(text)
    except ValueError:
        raise ServiceError("InvalidCidrBlock.Malformed", "The specified CIDR block is not valid.") from None
    if not masks[0] <= found.prefixlen <= masks[1] or any(found.overlaps(one) for one in _RESERVED):
        raise ServiceError("InvalidCidrBlock.Malformed", "The specified CIDR block is not valid.")
    return found
