"""The address ranges of VPCs and of clusters; source: `ip_range` of `vpc_create` in digitalocean/openapi.

UNVERIFIED: the words of the refusals, except for those of an overlap (digitalocean-labs/mcp-digitalocean#260,
digitalocean/terraform-provider-digitalocean#551).
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network

from clouddeploy_digitalocean.emulator.answers import ApiError

_PRIVATE = tuple(IPv4Network(one) for one in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))  # RFC 1918
_LARGEST, _SMALLEST, _USUAL = 16, 28, 20


def checked(given: str, taken: Sequence[IPv4Network]) -> IPv4Network:
    """A range that a request names: private, of /16 to /28, and in no other network of the account."""
    try:
        network = IPv4Network(given)
    except ValueError:
        raise ApiError(422, "ip_range is invalid") from None
    if not any(network.subnet_of(private) for private in _PRIVATE):
        raise ApiError(422, "ip_range must be in the private address space")
    if not _LARGEST <= network.prefixlen <= _SMALLEST:
        raise ApiError(422, "ip_range must be between /16 and /28")
    _check_free(network, taken)
    return network


def check_overlay(given: str, taken: Sequence[IPv4Network]) -> None:
    """The pods' range that a request names is a network of the account, beside its VPCs."""
    _check_free(
        IPv4Network(given, strict=False),
        taken,
        "creating vpc pod subnet overlay: rpc error: code = InvalidArgument desc = ",
    )


def free(taken: Sequence[IPv4Network]) -> IPv4Network:
    """A /20 that conflicts with no other network of the account."""
    candidates = IPv4Network("10.96.0.0/11").subnets(new_prefix=_USUAL)
    return next(one for one in candidates if not any(one.overlaps(other) for other in taken))


def _check_free(network: IPv4Network, taken: Sequence[IPv4Network], doing: str = "") -> None:
    other = next((one for one in taken if one.overlaps(network)), None)
    if other:
        text = f"{doing}This range/size overlaps with another VPC network in your account: {other}"
        raise ApiError(422, text)
