"""Rules of a new cluster that the descriptions of its members state in words.

Source: `cluster`, `sso` and `control_plane_firewall` of digitalocean/openapi. The words are UNVERIFIED.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from clouddeploy_digitalocean.emulator import fields
from clouddeploy_digitalocean.emulator.answers import invalid


def check(body: Mapping[str, Any]) -> None:
    """422 for what a cluster cannot be told. The account has no NAT gateway and no subnets of its own."""
    _check_sso(fields.mapping(body, "sso"))
    for address in fields.texts(fields.mapping(body, "control_plane_firewall"), "allowed_addresses"):
        _check_address(address)
    if fields.flag(body, "isolated_workers"):
        raise invalid("isolated workers need a NAT gateway in the VPC")
    if fields.text(body, "worker_subnet_uuid"):
        known = fields.text(body, "vpc_uuid")
        raise invalid("worker subnet does not exist in the VPC" if known else "vpc_uuid is required")


def _check_sso(sso: Mapping[str, Any]) -> None:
    enabled = fields.flag(sso, "enabled")
    if fields.flag(sso, "required") and not enabled:
        raise invalid("SSO can be required only when it is enabled")
    if enabled and not (fields.text(sso, "issuer_url") and fields.text(sso, "client_id")):
        raise invalid("SSO needs an issuer URL and a client id")


def _check_address(address: str) -> None:
    try:
        ipaddress.IPv4Network(address, strict=False)
    except ValueError:
        raise invalid("invalid allowed address of the control plane firewall") from None
