"""VPC, ECS, SLB and STS, as far as clusters need them. Their RPC APIs all look alike."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from clouddeploy_alibaba.emulator import network_rules as rules
from clouddeploy_alibaba.emulator.answers import ServiceError, listed, tags_of
from clouddeploy_alibaba.emulator.world import Resource, World

Parameters = Mapping[str, str]
Json = dict[str, Any]
_PAGE, _LARGE_PAGE = 50, 100
"""The most entries in a page of VPCs, vSwitches and NAT gateways, and of all else."""
_IN_VPC = {"vswitch": "VSwitch", "group": "SecurityGroup", "nat": "NatGateway", "slb": "Instance"}
"""What keeps a VPC from being deleted, as the code of the refusal calls it."""


class RpcServices:
    """`call` answers one action of one service.

    `in_use` are the vSwitches that nodes are in; asking lets time pass for what clusters have left.
    """

    def __init__(self, world: World, in_use: Callable[[], Collection[str]]) -> None:
        self._world = world
        self._in_use = in_use
        self._actions: dict[tuple[str, str], Callable[[Parameters], Json]] = {
            ("STS", "GetCallerIdentity"): self._identity,
            ("VPC", "CreateVpc"): self._create_vpc,
            ("VPC", "DescribeVpcs"): self._describe_vpcs,
            ("VPC", "DeleteVpc"): self._delete_vpc,
            ("VPC", "CreateVSwitch"): self._create_vswitch,
            ("VPC", "DescribeVSwitches"): self._describe_vswitches,
            ("VPC", "DeleteVSwitch"): self._delete_vswitch,
            ("VPC", "UnTagResources"): self._untag,
            ("VPC", "DescribeEipAddresses"): self._describe_addresses,
            ("VPC", "DescribeNatGateways"): self._describe_gateways,
            ("ECS", "DescribeAvailableResource"): self._describe_stock,
            ("ECS", "DescribeDisks"): self._describe_disks,
            ("SLB", "DescribeLoadBalancers"): self._describe_balancers,
            ("SLB", "DeleteLoadBalancer"): self._delete_balancer,
        }

    def call(self, service: str, action: str, parameters: Parameters) -> Json:
        """ServiceError for an action that is not emulated."""
        found = self._actions.get((service, action))
        if found is None:
            raise ServiceError("InvalidAction.NotFound", "Specified api is not found.", 404)
        if service in {"VPC", "ECS", "SLB"}:
            self._check_region(parameters)
        with self._world.lock:
            return found(parameters)

    def _check_region(self, parameters: Parameters) -> None:
        """Some operations need no region: the endpoint has one."""
        if parameters.get("RegionId", self._world.region) != self._world.region:
            raise ServiceError("InvalidRegionId.NotFound", "The specified RegionId does not exist.", 404)

    def _identity(self, _: Parameters) -> Json:
        account = self._world.account
        return {
            "IdentityType": "RAMUser",
            "AccountId": account,
            "UserId": "216959339000654321",
            "PrincipalId": "216959339000654321",
            "Arn": f"acs:ram::{account}:user/rehearsal",
        }

    def _create_vpc(self, parameters: Parameters) -> Json:
        again = self._repeated("vpc", parameters)
        if again is None:
            if len(self._world.of("vpc")) >= self._world.quotas["vpc"]:
                raise ServiceError("QuotaExceeded.Vpc", "VPC quota exceeded.")
            name = parameters.get("VpcName", "")
            rules.check_name("Vpc", name)
            cidr = rules.vpc_range(parameters.get("CidrBlock", "172.16.0.0/12"))
            again = self._add("vpc", "vpc-", parameters, name=name, cidr=str(cidr))
        return {"VpcId": again.id, "VRouterId": f"vrt-{again.id[4:]}", "RouteTableId": f"vtb-{again.id[4:]}"}

    def _describe_vpcs(self, parameters: Parameters) -> Json:
        found = self._filtered("vpc", parameters, VpcId="id", VpcName="name")
        return {
            **_page(parameters, found),
            "Vpcs": {"Vpc": [self._vpc(one) for one in _paged(parameters, found)]},
        }

    def _delete_vpc(self, parameters: Parameters) -> Json:
        vpc = self._world.get("vpc", parameters.get("VpcId", ""), "InvalidVpcId.NotFound")
        self._check_vpc(vpc)
        self._in_use()
        for kind, what in _IN_VPC.items():
            if self._world.of(kind, vpc_id=vpc.id):
                text = f"Specified object has dependent resources {what}."
                raise ServiceError(f"DependencyViolation.{what}", text)
        del self._world.resources[vpc.id]
        return {}

    def _check_vpc(self, vpc: Resource) -> None:
        if not self._world.available(vpc):
            raise ServiceError("IncorrectVpcStatus", "Current VPC status does not support this operation.")

    def _create_vswitch(self, parameters: Parameters) -> Json:
        vpc = self._world.get("vpc", parameters.get("VpcId", ""), "InvalidVpcId.NotFound")
        self._check_vpc(vpc)
        again = self._repeated("vswitch", parameters)
        if again is None:
            if parameters.get("ZoneId") not in self._world.stock:
                raise ServiceError("InvalidZoneId.NotFound", "The specified zone does not exist.", 404)
            taken = self._world.of("vswitch", vpc_id=vpc.id)
            cidr = rules.vswitch_range(parameters.get("CidrBlock", ""), vpc, taken)
            name = parameters.get("VSwitchName", "")
            rules.check_name("VSwitch", name)
            rules.check_room(self._world, taken)
            again = self._add("vswitch", "vsw-", parameters, name=name, cidr=str(cidr))
            again.vpc_id, again.zone = vpc.id, parameters["ZoneId"]
        return {"VSwitchId": again.id}

    def _describe_vswitches(self, parameters: Parameters) -> Json:
        found = self._filtered("vswitch", parameters, VSwitchId="id", VSwitchName="name", VpcId="vpc_id")
        return {
            **_page(parameters, found),
            "VSwitches": {"VSwitch": [self._vswitch(one) for one in _paged(parameters, found)]},
        }

    def _delete_vswitch(self, parameters: Parameters) -> Json:
        key = parameters.get("VSwitchId", "")
        vswitch = self._world.get("vswitch", key, "InvalidVSwitchId.NotFound")
        if not self._world.available(vswitch):
            text = "The current virtual switch status does not support this operation."
            raise ServiceError("IncorrectVSwitchStatus", text)
        used = self._in_use()
        held = any(one.vswitch_id == vswitch.id for one in self._world.resources.values())
        if held or vswitch.id in used:
            text = "Specified object has dependent resources."
            raise ServiceError("DependencyViolation.Resource", text)
        del self._world.resources[key]
        return {}

    def _untag(self, parameters: Parameters) -> Json:
        for key in listed(parameters, "ResourceId"):
            resource = self._world.resources.get(key)
            for tag in listed(parameters, "TagKey"):
                if resource:
                    resource.tags.pop(tag, None)
        return {}

    def _describe_addresses(self, parameters: Parameters) -> Json:
        found = self._filtered("eip", parameters, AllocationId="id")
        shown = [
            {"AllocationId": one.id, "IpAddress": one.name, "Status": "InUse"}
            for one in _paged(parameters, found, _LARGE_PAGE)
        ]
        return {**_page(parameters, found, _LARGE_PAGE), "EipAddresses": {"EipAddress": shown}}

    def _describe_gateways(self, parameters: Parameters) -> Json:
        found = self._filtered("nat", parameters, VpcId="vpc_id", NatGatewayId="id")
        shown = [
            {"NatGatewayId": one.id, "VpcId": one.vpc_id, "Status": "Available"}
            for one in _paged(parameters, found)
        ]
        return {**_page(parameters, found), "NatGateways": {"NatGateway": shown}}

    def _describe_stock(self, parameters: Parameters) -> Json:
        if parameters.get("DestinationResource") != "InstanceType":
            raise ServiceError("InvalidDestinationResource", "The specified parameter is not valid.")
        return {
            "AvailableZones": {"AvailableZone": [_stocked(self._world, zone) for zone in self._world.stock]}
        }

    def _describe_disks(self, parameters: Parameters) -> Json:
        status = parameters.get("Status", "All")
        found = [one for one in self._filtered("disk", parameters) if status in {"All", _disk_status(one)}]
        shown = [self._disk(one) for one in _paged(parameters, found, _LARGE_PAGE)]
        return {**_page(parameters, found, _LARGE_PAGE), "Disks": {"Disk": shown}}

    def _describe_balancers(self, parameters: Parameters) -> Json:
        found = self._filtered("slb", parameters, VpcId="vpc_id", LoadBalancerId="id")
        shown = [
            {
                "LoadBalancerId": one.id,
                "VpcId": one.vpc_id,
                "LoadBalancerName": one.name,
                "Address": one.address,
                "LoadBalancerStatus": "active",
            }
            for one in _paged(parameters, found, _LARGE_PAGE)
        ]
        return {**_page(parameters, found, _LARGE_PAGE), "LoadBalancers": {"LoadBalancer": shown}}

    def _delete_balancer(self, parameters: Parameters) -> Json:
        balancer = self._world.get(
            "slb", parameters.get("LoadBalancerId", ""), "InvalidLoadBalancerId.NotFound"
        )
        if balancer.cluster_id:
            # ACK protects its API server's load balancer; the code is UNVERIFIED.
            raise ServiceError("OperationDenied.DeleteProtectionIsOn", "The deletion protection is on.")
        del self._world.resources[balancer.id]
        return {}

    def _repeated(self, kind: str, parameters: Parameters) -> Resource | None:
        """What the same ClientToken has made already; it must have been asked for in the same words."""
        token = parameters.get("ClientToken", "")
        rules.check_token(token)
        found = next((one for one in self._world.of(kind) if token and one.token == token), None)
        if found:
            rules.check_same(parameters, found.asked)
        return found

    def _add(self, kind: str, prefix: str, parameters: Parameters, *, name: str, cidr: str) -> Resource:
        return self._world.add(
            Resource(
                kind,
                self._world.new_id(prefix),
                name=name,
                cidr=cidr,
                ready_at=self._world.settles(),
                token=parameters.get("ClientToken", ""),
                asked=dict(parameters),
                tags=tags_of(parameters),
            )
        )

    def _filtered(self, kind: str, parameters: Parameters, **fields: str) -> list[Resource]:
        wanted = {field: parameters[name] for name, field in fields.items() if parameters.get(name)}
        tags = tags_of(parameters)
        return [
            one
            for one in self._world.of(kind)
            if all(getattr(one, field) == value for field, value in wanted.items())
            and tags.items() <= one.tags.items()
        ]

    def _vpc(self, one: Resource) -> Json:
        inside = [each.id for each in self._world.of("vswitch", vpc_id=one.id)]
        return {
            "VpcId": one.id,
            "VpcName": one.name,
            "CidrBlock": one.cidr,
            "RegionId": self._world.region,
            "Status": "Available" if self._world.available(one) else "Pending",
            "IsDefault": False,
            "VSwitchIds": {"VSwitchId": inside},
            "Tags": {"Tag": _shown(one.tags)},
        }

    def _disk(self, one: Resource) -> Json:
        return {
            "DiskId": one.id,
            "DiskName": one.name,
            "RegionId": self._world.region,
            "ZoneId": one.zone,
            "Size": one.size,
            "Category": one.category,
            "PerformanceLevel": one.level,
            "Status": _disk_status(one),
            "Tags": {"Tag": [{"TagKey": key, "TagValue": value} for key, value in one.tags.items()]},
        }

    def _vswitch(self, one: Resource) -> Json:
        return {
            "VSwitchId": one.id,
            "VSwitchName": one.name,
            "VpcId": one.vpc_id,
            "ZoneId": one.zone,
            "CidrBlock": one.cidr,
            "Status": "Available" if self._world.available(one) else "Pending",
            "IsDefault": False,
            "Tags": {"Tag": _shown(one.tags)},
        }


def _disk_status(one: Resource) -> str:
    return "In_use" if one.attached else "Available"


def _shown(tags: Mapping[str, str]) -> list[Json]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _page(parameters: Parameters, found: list[Resource], largest: int = _PAGE) -> Json:
    number, size = rules.page_of(parameters, largest)
    return {"PageNumber": number, "PageSize": size, "TotalCount": len(found)}


def _paged(parameters: Parameters, found: list[Resource], largest: int = _PAGE) -> list[Resource]:
    number, size = rules.page_of(parameters, largest)
    return found[(number - 1) * size : number * size]


def _stocked(world: World, zone: str) -> Json:
    offered = [
        {"Value": name, "Status": "Available", "StatusCategory": "WithStock"} for name in world.stock[zone]
    ]
    resource = {"Type": "InstanceType", "SupportedResources": {"SupportedResource": offered}}
    return {
        "ZoneId": zone,
        "RegionId": world.region,
        "Status": "Available" if offered else "SoldOut",
        "StatusCategory": "WithStock" if offered else "WithoutStock",
        "AvailableResources": {"AvailableResource": [resource]},
    }
