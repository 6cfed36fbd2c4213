"""What VPC, ECS and SLB refuse in a request.

Source of the rules: VPC API reference (CreateVpc, CreateVSwitch, DeleteVpc, DescribeVpcs), ECS and SLB API
reference (DescribeDisks, DescribeLoadBalancers). The codes are of the same pages, where they have one, with
their spelling; those of tags, pages and reserved ranges are UNVERIFIED.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence

from clouddeploy_alibaba.emulator.answers import ServiceError
from clouddeploy_alibaba.emulator.world import Resource, World

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
    return _range(text, _VPC_MASKS, "InvalidCidrBlock.Malformed")


def vswitch_range(text: str, vpc: Resource, taken: Sequence[Resource]) -> ipaddress.IPv4Network:
    """The range of a vSwitch: inside its VPC's, beside those of the others."""
    found = _range(text, _VSWITCH_MASKS, "InvalidCirdrBlock.MaskLength")
    if not found.subnet_of(ipaddress.IPv4Network(vpc.cidr)):
        raise ServiceError("InvalidParameter", "Specified CIDR block is not valid in VPC.")
    if any(found.overlaps(ipaddress.IPv4Network(one.cidr)) for one in taken):
        text = "Specified CIDR block overlaps with another subnet."
        raise ServiceError("InvalidCidrBlock.Overlapped", text)
    return found


def check_room(world: World, taken: Sequence[Resource]) -> None:
    """Whether a VPC takes one more vSwitch beside those that it has: it makes no two at once."""
    if not all(map(world.available, taken)):
        text = "VSwitch Creation simultaneously is not supported."
        raise ServiceError("IncorrectVSwitchStatus", text)
    if len(taken) >= world.quotas["vswitch"]:
        raise ServiceError("QuotaExceeded.VSwitch", "Virtual switch quota exceeded.")


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


def _range(text: str, masks: tuple[int, int], wrong_mask: str) -> ipaddress.IPv4Network:
    refusal = "Specified CIDR block is not valid."
    try:
        found = ipaddress.IPv4Network(text)
    except ValueError:
        raise ServiceError("InvalidCidrBlock.Malformed", refusal) from None
    if not masks[0] <= found.prefixlen <= masks[1]:
        raise ServiceError(wrong_mask, refusal)
    if any(found.overlaps(one) for one in _RESERVED):
        raise ServiceError("InvalidCidrBlock.Malformed", refusal)
    return found
