"""The part of Compute Engine that clouddeploy reads: places, machine types, quotas, groups, leftovers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from clouddeploy_gcp.emulator import catalog
from clouddeploy_gcp.emulator.answers import ComputeError, Json, Request
from clouddeploy_gcp.emulator.gke import Gke
from clouddeploy_gcp.emulator.pages import compute_page
from clouddeploy_gcp.emulator.routes import KINDS

_FIREWALLS = "firewalls"
FREE = {"firewalls", "urlMaps"}
"""What is not billed of what can be planted."""

_GLOBAL = "CPUS_ALL_REGIONS"
_BASE = "https://www.googleapis.com/compute/v1/projects"


_NAME = r"[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?"
_ID = r"(?:[0-9]{1,19}|(?:[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?))"
PATTERNS = {
    "project": rf"(?:(?:[-a-z0-9]{{1,63}}\.)*(?:{_NAME}):)?{_ID}",
    "region": rf"{_NAME}|[1-9][0-9]{{0,19}}",
    "zone": _NAME,
}
"""What names in a path look like: the discovery document, at the methods' parameters."""


def check_path(path: Mapping[str, str]) -> None:
    """INVALID_ARGUMENT for a name in a path that cannot be."""
    for field, value in path.items():
        pattern = PATTERNS.get(field, ".*")
        if not re.fullmatch(pattern, value):
            text = f"Invalid value for field '{field}': '{value}'. Must be a match of regex '{pattern}'"
            raise ComputeError("INVALID_ARGUMENT", text)


class Compute:
    """What a test plants here stays until a test takes it away: nobody writes through the API."""

    def __init__(self, project: str, number: str, gke: Gke) -> None:
        self._project = project
        self._gke = gke
        self.account = f"{number}-compute@developer.gserviceaccount.com"
        self.down: set[str] = set()
        self.planted: dict[str, list[Json]] = {kind: [] for kind in (*KINDS, _FIREWALLS)}

    def plant(self, kind: str, place: str, **fields: Any) -> Json:
        """Put an object of one of the listed kinds into a zone, a region or `global`."""
        if place == "global":
            where = f"{_BASE}/{self._project}/global"
            found: Json = {**fields, "selfLink": f"{where}/{kind}/{fields['name']}"}
        else:
            scope = "zones" if place not in catalog.REGIONS else "regions"
            where = f"{_BASE}/{self._project}/{scope}/{place}"
            found = {**fields, scope[:-1]: where, "selfLink": f"{where}/{kind}/{fields['name']}"}
        self.planted[kind].append(found)
        return found

    def uproot(self, one: Json) -> None:
        """Take away what was planted; nothing happens when it is gone."""
        for objects in self.planted.values():
            objects[:] = [each for each in objects if each["selfLink"] != one["selfLink"]]

    def project(self, request: Request) -> Json:
        """GET the project."""
        used = self._gke.used_everywhere()
        quota = {
            "metric": _GLOBAL,
            "limit": self._gke.limits[_GLOBAL],
            "usage": used.get(_GLOBAL, 0.0),
        }
        return {
            "kind": "compute#project",
            "name": self._project,
            "defaultServiceAccount": self.account,
            "quotas": [quota],
        }

    def region(self, name: str, request: Request) -> Json:
        """GET a region."""
        if name not in catalog.REGIONS:
            text = f"Invalid value for field 'region': '{name}'. Unknown region."
            raise ComputeError("INVALID_ARGUMENT", text)  # googleapis/nodejs-compute#390
        used = self._gke.used(name)
        quotas = [
            {"metric": metric, "limit": limit, "usage": used.get(metric, 0.0)}
            for metric, limit in sorted(self._gke.limits.items())
            if metric != _GLOBAL
        ]
        zones = [f"{_BASE}/{self._project}/zones/{zone}" for zone in catalog.zones_of(name)]
        return {"kind": "compute#region", "name": name, "status": "UP", "zones": zones, "quotas": quotas}

    def regions(self, request: Request) -> Json:
        """GET regions."""
        shown, more = compute_page(list(catalog.REGIONS), request)
        items = [self.region(name, request) for name in shown]
        return {"kind": "compute#regionList", "items": items, **more}

    def firewalls(self, request: Request) -> Json:
        """GET firewall rules."""
        shown, more = compute_page(self.planted[_FIREWALLS], request)
        return {"kind": "compute#firewallList", "items": list(shown), **more}

    def zones(self, request: Request) -> Json:
        """GET zones, some on each page."""
        names = [zone for region in catalog.REGIONS for zone in catalog.zones_of(region)]
        items = [{"name": name, "status": "DOWN" if name in self.down else "UP"} for name in names]
        shown, more = compute_page(items, request)
        return {"kind": "compute#zoneList", "items": shown, **more}

    def machines(self, zone: str, request: Request) -> Json:
        """GET the machine types of a zone."""
        if catalog.region_of(zone) is None or zone in catalog.REGIONS:
            raise ComputeError("INVALID_ARGUMENT", f"Invalid value for field 'zone': '{zone}'. Unknown zone.")
        items = [
            {
                "name": name,
                "guestCpus": cpus,
                "memoryMb": memory,
                "isSharedCpu": special == "shared",
                "architecture": special if special == "ARM64" else "X86_64",
            }
            for name, (cpus, memory, special) in catalog.MACHINES.items()
        ]
        shown, more = compute_page(items, request)
        return {"kind": "compute#machineTypeList", "items": shown, **more}

    def group(self, zone: str, name: str, request: Request) -> Json:
        """GET an instance group manager."""
        self._gke.settle()
        for record in self._gke.clusters.values():
            if (zone, name) in record.groups:
                size = record.groups[zone, name]
                return {"kind": "compute#instanceGroupManager", "name": name, "targetSize": size}
        path = f"projects/{self._project}/zones/{zone}/instanceGroupManagers/{name}"
        raise ComputeError("NOT_FOUND", f"The resource '{path}' was not found")

    def aggregated(self, kind: str, request: Request) -> Json:
        """GET aggregated/KIND."""
        items: dict[str, Json] = {}
        shown, more = compute_page(self.planted[kind], request)
        for one in shown:
            place = str(one.get("zone") or one.get("region") or "global")
            scope = "/".join(place.split("/")[-2:])
            items.setdefault(scope, {kind: []})[kind].append(one)
        return {"kind": f"compute#{kind}AggregatedList", "items": items, **more}
