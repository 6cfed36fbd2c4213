"""Service Usage: which APIs a project has switched on."""

from __future__ import annotations

import uuid

from clouddeploy.emulator.clock import Clock
from clouddeploy_gcp.emulator.answers import ApiError, Json, Request, invalid
from clouddeploy_gcp.emulator.messages import iam, named, read
from clouddeploy_gcp.emulator.pages import page
from clouddeploy_gcp.emulator.permissions import known

RESOURCE_MANAGER = "cloudresourcemanager.googleapis.com"
KNOWN = {
    "artifactregistry.googleapis.com": "Artifact Registry API",
    RESOURCE_MANAGER: "Cloud Resource Manager API",
    "compute.googleapis.com": "Compute Engine API",
    "container.googleapis.com": "Kubernetes Engine API",
    "serviceusage.googleapis.com": "Service Usage API",
}
_ENABLED_AT_ONCE, _READ_AT_ONCE = 20, 30
"""Source: the discovery document, at the requests' fields."""

_CONSOLE = "https://console.developers.google.com/apis/api"
ENABLING, HEARD = 20.0, 60.0
"""Emulated seconds until an API is enabled, and from then until its servers have heard of it."""


class Services:
    """The services of one project; those that clusters and images need are on.

    Resource Manager is not: neither GKE nor Artifact Registry brings it along, and a new project lacks it.
    """

    def __init__(self, project: str, number: str, clock: Clock) -> None:
        self._project = project
        self._number = number
        self._clock = clock
        self._operations: dict[str, tuple[float, list[str]]] = {}
        self._pending: dict[str, tuple[float, list[str]]] = {}
        self._heard: dict[str, float] = {}
        self.on: set[str] = set(KNOWN) - {RESOURCE_MANAGER}
        self.billed = True

    def require(self, service: str, *, paid: bool = False) -> None:
        """PERMISSION_DENIED for a service that is off, and for what costs money when nobody pays."""
        self._settle()
        if paid and service in self.on and not self.billed:
            raise ApiError(
                "PERMISSION_DENIED",
                f"This API method requires billing to be enabled. Please enable billing on project "
                f"#{self._number} by visiting https://console.developers.google.com/billing/enable?project="
                f"{self._number} then retry.",
                reason="BILLING_DISABLED",
                metadata={"service": service, "consumer": f"projects/{self._number}"},
            )
        if service in self.on:
            return
        raise ApiError(
            "PERMISSION_DENIED",
            f"{KNOWN[service]} has not been used in project {self._project} before or it is disabled. "
            f"Enable it by visiting {_CONSOLE}/{service}/overview?project={self._project} then retry. If you "
            "enabled this API recently, wait a few minutes for the action to propagate to our systems and "
            "retry.",
            reason="SERVICE_DISABLED",
            metadata={"service": service, "consumer": f"projects/{self._project}"},
        )

    def get(self, name: str, request: Request) -> Json:
        """GET one service."""
        self._settle()
        if name not in KNOWN:
            raise ApiError("NOT_FOUND", f"Service {name} not found.")
        return {
            "name": f"projects/{self._number}/services/{name}",
            "config": {"name": name, "title": KNOWN[name]},
            "state": "ENABLED" if name in self.on else "DISABLED",
            "parent": f"projects/{self._number}",
        }

    def every(self, request: Request) -> Json:
        """GET services."""
        shown, more = page(list(KNOWN), request)
        return {"services": [self.get(name, request) for name in shown], **more}

    def batch_get(self, request: Request) -> Json:
        """GET services:batchGet?names=…"""
        names = request.query.get("names", [])
        if len(names) > _READ_AT_ONCE:  # text UNVERIFIED
            raise invalid(f"names: at most {_READ_AT_ONCE} services can be asked for in one request.")
        parents = {f"projects/{self._project}/services", f"projects/{self._number}/services"}
        for name in names:
            if name.rpartition("/")[0] not in parents:  # text UNVERIFIED
                raise invalid(f'names: "{name}" is no service of projects/{self._project}.')
        return {"services": [self.get(name.rpartition("/")[2], request) for name in names]}

    def batch_enable(self, request: Request) -> Json:
        """POST services:batchEnable."""
        ids = list(read(named("services.BatchEnableServicesRequest"), request.json()).service_ids)
        if len(ids) > _ENABLED_AT_ONCE:  # text UNVERIFIED
            raise invalid(f"service_ids: at most {_ENABLED_AT_ONCE} services can be enabled in one request.")
        return self._enable(ids)

    def enable(self, name: str, request: Request) -> Json:
        """POST services/X:enable."""
        read(named("services.EnableServiceRequest"), request.json())
        return self._enable([name])

    def operation(self, name: str, request: Request) -> Json:
        """GET an operation."""
        self._settle()
        if name not in self._operations:
            raise ApiError("NOT_FOUND", f"Operation {name} not found.")
        return self._show(name)

    def _enable(self, names: list[str]) -> Json:
        unknown = [name for name in names if name not in KNOWN]
        if not names:  # text UNVERIFIED
            raise invalid("service_ids must not be empty.")
        if unknown:
            raise ApiError(
                "PERMISSION_DENIED",
                f"Not found or permission denied for service(s): {','.join(unknown)}.",
                reason="SERVICE_CONFIG_NOT_FOUND_OR_PERMISSION_DENIED",
                metadata={"services": ",".join(unknown)},
            )
        if not self.billed:
            raise ApiError(
                "FAILED_PRECONDITION",
                f"Billing account for project '{self._number}' is not found. Billing must be enabled for "
                f"activation of service(s) '{','.join(names)}' to proceed.",
                reason="UREQ_PROJECT_BILLING_NOT_FOUND",
                metadata={"project": self._number, "services": ",".join(names)},
            )
        operation = f"operations/acat.p2-{self._number}-{uuid.uuid4()}"
        self._operations[operation] = self._pending[operation] = (self._clock.now() + ENABLING, names)
        return self._show(operation)

    def _show(self, name: str) -> Json:
        done_at, names = self._operations[name]
        if self._clock.now() < done_at:
            return {"name": name}
        kind = "type.googleapis.com/google.api.serviceusage.v1.BatchEnableServicesResponse"
        enabled = [{"name": f"projects/{self._number}/services/{one}", "state": "ENABLED"} for one in names]
        return {"name": name, "done": True, "response": {"@type": kind, "services": enabled}}

    def _settle(self) -> None:
        due = [name for name, (done_at, _) in self._pending.items() if done_at <= self._clock.now()]
        for operation in due:
            done_at, names = self._pending.pop(operation)
            self.on.update(names)
            self._heard.update(dict.fromkeys(names, done_at + HEARD))


class Projects:
    """Cloud Resource Manager: what the caller may do; nobody has a permission in `denied`."""

    def __init__(self, denied: set[str]) -> None:
        self._denied = denied

    def test(self, request: Request) -> Json:
        """POST :testIamPermissions; nobody has a permission for what is not emulated."""
        asked = list(read(iam("TestIamPermissionsRequest"), request.json()).permissions)
        return {"permissions": [one for one in asked if known(one) and one not in self._denied]}
