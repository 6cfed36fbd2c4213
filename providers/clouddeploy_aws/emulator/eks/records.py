"""What EKS keeps about one cluster."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from clouddeploy.emulator.clusters import KubernetesApi

CREATING_SECONDS = 600.0
DELETING_SECONDS = 300.0
UPDATING_SECONDS = 480.0
"""Emulated seconds; Auto Mode takes about 15 and 10 minutes at most in the cloud."""


@dataclass
class AccessEntry:
    """Who else may use a cluster, and as what."""

    principal: str
    username: str
    kind: str = "STANDARD"
    groups: list[str] = field(default_factory=list)
    policies: list[str] = field(default_factory=list)
    created: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True)
class Update:
    """One change of a cluster: of which kind, what becomes what, done at which emulated second."""

    kind: str
    parameter: str
    value: str
    done_at: float
    created: datetime = field(default_factory=lambda: datetime.now(UTC))

    def describe(self, update_id: str, now: float) -> dict[str, Any]:
        return {
            "id": update_id,
            "status": "Successful" if now >= self.done_at else "InProgress",
            "type": self.kind,
            "params": [{"type": self.parameter, "value": self.value}],
            "createdAt": self.created,
            "errors": [],
        }


@dataclass
class ClusterRecord:
    """One cluster; times are emulated seconds."""

    name: str
    arn: str
    request: Mapping[str, Any]
    version: str
    vpc_id: str
    security_group: str
    creator: str
    ready_at: float
    tags: dict[str, str]
    services: str = "172.20.0.0/16"
    interfaces: list[str] = field(default_factory=list)
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    gone_at: float | None = None
    next_version: str | None = None
    updated_at: float = 0.0
    issues: list[dict[str, Any]] = field(default_factory=list)
    api: KubernetesApi | None = None
    access: dict[str, AccessEntry] = field(default_factory=dict)
    updates: dict[str, Update] = field(default_factory=dict)

    @property
    def mode(self) -> str:
        """Where it looks up who may use it; the API's default is the config map alone."""
        return str(self.request.get("accessConfig", {}).get("authenticationMode", "CONFIG_MAP"))

    def status(self, now: float) -> str:
        """CREATING, ACTIVE, FAILED or DELETING."""
        if self.gone_at is not None:
            return "DELETING"
        if now < self.ready_at:
            return "CREATING"
        if self.issues:
            return "FAILED"
        if self.next_version:
            return "UPDATING"
        return "ACTIVE" if self.api else "CREATING"

    def settle(self, now: float) -> None:
        """Finish an update whose time has come."""
        if self.next_version and self.updated_at <= now:
            self.version, self.next_version = self.next_version, None

    def describe(self, now: float) -> dict[str, Any]:
        """The cluster as DescribeCluster shows it."""
        status = self.status(now)
        asked = self.request
        network = asked["resourcesVpcConfig"]
        shown = {
            "name": self.name,
            "arn": self.arn,
            "createdAt": self.created,
            "version": self.version,
            "roleArn": asked["roleArn"],
            "resourcesVpcConfig": {
                "subnetIds": network["subnetIds"],
                "securityGroupIds": network.get("securityGroupIds", []),
                "clusterSecurityGroupId": self.security_group,
                "vpcId": self.vpc_id,
                "endpointPublicAccess": network.get("endpointPublicAccess", True),
                "endpointPrivateAccess": network.get("endpointPrivateAccess", False),
                "publicAccessCidrs": network.get("publicAccessCidrs", ["0.0.0.0/0"]),
            },
            "kubernetesNetworkConfig": {
                "serviceIpv4Cidr": self.services,
                "ipFamily": "ipv4",
                "elasticLoadBalancing": {
                    "enabled": _switch(asked, "kubernetesNetworkConfig", "elasticLoadBalancing")
                },
            },
            "computeConfig": asked.get("computeConfig", {"enabled": False}),
            "storageConfig": {"blockStorage": {"enabled": _switch(asked, "storageConfig", "blockStorage")}},
            "accessConfig": {"authenticationMode": self.mode},
            "status": status,
            "certificateAuthority": {},
            "clientRequestToken": asked.get("clientRequestToken"),
            "platformVersion": "eks.1",
            "tags": self.tags,
            "health": {"issues": self.issues},
            "upgradePolicy": asked.get("upgradePolicy", {"supportType": "EXTENDED"}),
            "deletionProtection": asked.get("deletionProtection", False),
        }
        if status in {"ACTIVE", "UPDATING"} and self.api:
            authority = base64.b64encode(self.api.ca.encode()).decode()
            shown |= {"endpoint": self.api.url, "certificateAuthority": {"data": authority}}
        return shown


def _switch(request: Mapping[str, Any], outer: str, inner: str) -> bool:
    return bool(request.get(outer, {}).get(inner, {}).get("enabled", False))
