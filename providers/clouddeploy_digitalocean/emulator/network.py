"""VPCs, load balancers and volumes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from ipaddress import IPv4Network
from typing import Any

from clouddeploy_digitalocean.emulator import fields
from clouddeploy_digitalocean.emulator.answers import Answer, ApiError, not_found, paged
from clouddeploy_digitalocean.emulator.catalog import REGIONS
from clouddeploy_digitalocean.emulator.records import Balancer, Member, Volume, Vpc
from clouddeploy_digitalocean.emulator.request import Request
from clouddeploy_digitalocean.emulator.subnets import checked, free

_LONGEST_NAME = 255  # UNVERIFIED: the description names none


class Network:
    """`members(vpc)` says what of clusters is in a VPC, `overlays` the ranges of clusters' pods."""

    def __init__(self, members: Callable[[str], list[Member]], overlays: Callable[[], list[str]]) -> None:
        self._members = members
        self._overlays = overlays
        self._lock = threading.RLock()
        self.vpcs: dict[str, Vpc] = {}
        self.balancers: dict[str, Balancer] = {}
        self.volumes: dict[str, Volume] = {}

    def list_vpcs(self, request: Request) -> Answer:
        return paged("vpcs", [vpc.show() for vpc in self.vpcs.values()], request.query, request.url)

    def create_vpc(self, request: Request) -> Answer:
        body = request.body
        name, region = fields.text(body, "name"), fields.text(body, "region")
        description, ip_range = fields.text(body, "description"), fields.text(body, "ip_range")
        with self._lock:
            self._check_name(name)
            if region not in REGIONS:
                raise ApiError(422, "region is invalid")
            network = checked(ip_range, self.networks()) if ip_range else None
            vpc = self.add_vpc(name, region, description, network)
        return Answer(201, {"vpc": vpc.show()})

    def add_vpc(
        self, name: str, region: str, description: str = "", network: IPv4Network | None = None
    ) -> Vpc:
        """The first one of a region becomes its default; without a network it gets one that is free."""
        first = not any(vpc.region == region for vpc in self.vpcs.values())
        vpc = Vpc(name, region, description, str(network or free(self.networks())), first)
        self.vpcs[vpc.id] = vpc
        return vpc

    def patch_vpc(self, request: Request) -> Answer:
        with self._lock:
            vpc = self.vpc(request.names["vpc_id"])
            self._make_default(vpc, fields.flag(request.body, "default", vpc.default))
            name = fields.text(request.body, "name", vpc.name)
            description = fields.text(request.body, "description", vpc.description)
            if name != vpc.name:
                self._check_name(name)
            vpc.name, vpc.description = name, description
            return Answer(200, {"vpc": vpc.show()})

    def delete_vpc(self, request: Request) -> Answer:
        with self._lock:
            vpc = self.vpc(request.names["vpc_id"])
            if vpc.default:
                raise ApiError(403, "Can not delete default VPCs")
            if self._inside(vpc):
                raise ApiError(403, "Can not delete VPC with members")
            del self.vpcs[vpc.id]
        return Answer(204)

    def list_members(self, request: Request) -> Answer:
        with self._lock:
            inside = self._inside(self.vpc(request.names["vpc_id"]))
        kind = request.query["resource_type"]
        shown = [one for one in inside if kind in (None, one["urn"].split(":")[1])]
        return paged("members", shown, request.query, request.url)

    def _inside(self, vpc: Vpc) -> list[dict[str, Any]]:
        balancers = [one for one in self.balancers.values() if one.vpc == vpc.id]
        found = [*self._members(vpc.id), *(Member("loadbalancer", one.id, one.name) for one in balancers)]
        return [{"name": one.name, "urn": f"do:{one.kind}:{one.id}"} for one in found]

    def list_balancers(self, request: Request) -> Answer:
        shown = [one.show() for one in self.balancers.values()]
        return paged("load_balancers", shown, request.query, request.url)

    def list_volumes(self, request: Request) -> Answer:
        region, name = request.query["region"], request.query["name"]
        found = [one for one in self.volumes.values() if region in (None, one.region)]
        shown = [one.show() for one in found if name in (None, one.name)]
        return paged("volumes", shown, request.query, request.url)

    def associated(self, cluster: str) -> dict[str, list[dict[str, Any]]]:
        """What a cluster's controllers made."""

        def named(objects: dict[str, Any]) -> list[dict[str, Any]]:
            return [{"id": key, "name": one.name} for key, one in objects.items() if one.cluster == cluster]

        return {
            "load_balancers": named(self.balancers),
            "volumes": named(self.volumes),
            "volume_snapshots": [],
        }

    def drop(self, ids: Iterable[str]) -> None:
        """Delete load balancers and volumes."""
        for one in ids:
            self.balancers.pop(one, None)
            self.volumes.pop(one, None)

    def vpc(self, vpc_id: str) -> Vpc:
        if vpc_id not in self.vpcs:
            raise not_found()
        return self.vpcs[vpc_id]

    def default_of(self, region: str) -> Vpc:
        """The region's default VPC, made when there is none."""
        found = next((vpc for vpc in self.vpcs.values() if vpc.region == region and vpc.default), None)
        return found or self.add_vpc(f"default-{region}", region)

    def networks(self) -> list[IPv4Network]:
        """Every range that the account uses."""
        found = [*(vpc.ip_range for vpc in self.vpcs.values()), *self._overlays()]
        return [IPv4Network(one, strict=False) for one in found]

    def _make_default(self, vpc: Vpc, wanted: bool) -> None:
        """`default` cannot be unset: the VPC that becomes it takes it over (`vpc_default`).

        UNVERIFIED: status and words of the refusal.
        """
        if vpc.default and not wanted:
            raise ApiError(422, "default cannot be unset")
        if wanted:
            for one in self.vpcs.values():
                one.default = one is vpc if one.region == vpc.region else one.default

    def _check_name(self, name: str) -> None:
        if len(name) > _LONGEST_NAME:
            raise ApiError(422, "name is too long")
        if any(vpc.name == name for vpc in self.vpcs.values()):
            raise ApiError(422, "name is already in use")
