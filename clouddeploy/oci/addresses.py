"""How far away an IP address is, and whether a server out there may send us to it.

A registry on the internet must not be able to make us talk to what only we can reach:
our own ports, our network, the cloud's metadata service.
"""

from __future__ import annotations

from enum import IntEnum
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

# Link-local 169.254.169.254 (AWS, Google Cloud, Azure, DigitalOcean) is refused with its whole network.
_METADATA = {ip_address(one) for one in ("fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192")}
_NAT64 = ip_network("64:ff9b::/96")


class Zone(IntEnum):
    """The further, the higher: whoever is in one zone may name addresses in it and beyond."""

    NEVER = 0
    LOOPBACK = 1
    PRIVATE = 2
    PUBLIC = 3


def zone_of(text: str) -> Zone:
    """The zone of an IP address; ValueError when `text` is none."""
    address = _plain(ip_address(text.partition("%")[0]))
    if address in _METADATA or address.is_link_local or address.is_multicast or address.is_unspecified:
        return Zone.NEVER
    if address.is_loopback:
        return Zone.LOOPBACK
    return Zone.PUBLIC if address.is_global else Zone.PRIVATE


def zone_of_host(host: str) -> Zone | None:
    """The zone of a URL's host when it can be told without asking DNS."""
    if is_loopback(host):
        return Zone.LOOPBACK
    try:
        return zone_of(host)
    except ValueError:
        return None


def may_name(origin: Zone, target: Zone) -> bool:
    """Whether a server in zone `origin` may make us connect to an address in zone `target`."""
    return target is not Zone.NEVER and target >= origin


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only be this machine."""
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return zone_of(name) is Zone.LOOPBACK
    except ValueError:
        return False


def _plain(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if not isinstance(address, IPv6Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
