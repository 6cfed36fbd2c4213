"""Service Quotas: how many of something the account may have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clouddeploy_aws.emulator.answers import ServiceError
from clouddeploy_aws.emulator.models import Caller
from clouddeploy_aws.partitions import partition

VPCS = ("vpc", "L-F678F1CE")
GATEWAYS = ("vpc", "L-A4707A72")
CLUSTERS = ("eks", "L-1194D53C")
VCPUS = ("ec2", "L-1216C47A")

DEFAULTS: Mapping[tuple[str, str], int] = {VPCS: 5, GATEWAYS: 5, CLUSTERS: 100, VCPUS: 5}
"""By service and quota code, as in an account that asked for no more."""

_NAMES = {
    VPCS: "VPCs per Region",
    GATEWAYS: "Internet gateways per Region",
    CLUSTERS: "Clusters",
    VCPUS: "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances",
}


class Quotas:
    """The Service Quotas operations over `limits`, which tests may change."""

    def __init__(self, limits: Mapping[tuple[str, str], int]) -> None:
        self._limits = limits

    def get_service_quota(self, request: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        service, code = key = request["ServiceCode"], request["QuotaCode"]
        if key not in self._limits:
            raise ServiceError("NoSuchResourceException", "The request failed because it does not exist.")
        place = f"arn:{partition(caller.region).name}:servicequotas:{caller.region}:{caller.account}"
        return {
            "Quota": {
                "ServiceCode": service,
                "QuotaArn": f"{place}:{service}/{code}",
                "QuotaCode": code,
                "QuotaName": _NAMES.get(key, code),
                "Value": float(self._limits[key]),
                "Unit": "None",
                "Adjustable": True,
                "GlobalQuota": False,
            }
        }
