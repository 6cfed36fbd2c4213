"""What Compute Engine tells: zones, machine types, quotas, disks, addresses, forwarding rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clouddeploy.errors import ConfigError, NotFoundError
from clouddeploy_gcp.errors import translated
from clouddeploy_gcp.session import Session
from clouddeploy_gcp.steps.naming import nearest

_PAGE = 500


@dataclass(frozen=True)
class Machine:
    """A machine type; memory in MiB."""

    name: str
    cpus: int
    memory: int
    shared: bool
    architecture: str

    @property
    def family(self) -> str:
        """`e2` of `e2-standard-4`."""
        return self.name.partition("-")[0]


@dataclass(frozen=True)
class Region:
    """A region: its zones, and for each quota the limit and what is used."""

    name: str
    zones: Sequence[str]
    quotas: Mapping[str, tuple[float, float]]

    def left(self, metric: str) -> float | None:
        """How much of a quota is free; None when the region has no such quota."""
        found = self.quotas.get(metric)
        return None if found is None else found[0] - found[1]


class Compute:
    """The Compute Engine API of the session's project, read only."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, path: str, **params: str) -> dict[str, Any]:
        """`path` below the project."""
        full = f"compute/v1/projects/{self._session.project}/{path}".rstrip("/")
        return self._session.sdk.rest("GET", "compute", full, params=params)

    def pages(self, path: str) -> Iterator[dict[str, Any]]:
        """Every page of a list."""
        params = {"maxResults": str(_PAGE)}
        while True:
            page = self.get(path, **params)
            yield page
            if not page.get("nextPageToken"):
                return
            params["pageToken"] = page["nextPageToken"]

    def aggregated(self, kind: str) -> Iterator[dict[str, Any]]:
        """Every object of a kind, wherever it is; `disks`, `urlMaps` and so on."""
        with translated(f"list the {kind} of {self._session.project}"):
            for page in self.pages(f"aggregated/{kind}"):
                for scope in page.get("items", {}).values():
                    yield from scope.get(kind, [])

    def firewalls(self) -> Iterator[dict[str, Any]]:
        """Every firewall rule."""
        with translated(f"list the firewall rules of {self._session.project}"):
            for page in self.pages("global/firewalls"):
                yield from page.get("items", [])

    def region(self) -> Region:
        """The target's region, its zones and quotas; ConfigError for one that is not there."""
        name = self._session.region
        try:
            with translated(f"ask about the region {name}"):
                found = self.get(f"regions/{name}")
        except (ConfigError, NotFoundError) as error:  # it is a 400: googleapis/nodejs-compute#390
            self._must_be(name, error)
            raise
        with translated(f"ask about the project {self._session.project}"):
            project = self.get("")
        quotas = {
            one["metric"]: (float(one["limit"]), float(one["usage"]))
            for one in [*found.get("quotas", []), *project.get("quotas", [])]
        }
        zones = sorted(str(url).rpartition("/")[2] for url in found.get("zones", []))
        return Region(name, zones, quotas)

    def machines(self, zone: str) -> Sequence[Machine]:
        """The machine types that a zone offers."""
        with translated(f"list the machine types of {zone}"):
            pages = list(self.pages(f"zones/{zone}/machineTypes"))
        return [_machine(one) for page in pages for one in page.get("items", []) if "deprecated" not in one]

    def zones_up(self) -> set[str]:
        """The zones that work at the moment."""
        with translated("list the zones"):
            pages = list(self.pages("zones"))
        return {one["name"] for page in pages for one in page.get("items", []) if one.get("status") == "UP"}

    def default_service_account(self) -> str:
        """The account that nodes use when none is named."""
        with translated(f"ask about the project {self._session.project}"):
            found = self.get("")
        return str(found.get("defaultServiceAccount", ""))

    def group_size(self, url: str) -> int:
        """How many nodes an instance group is to have; `url` as a node pool names it."""
        path = url.partition("/zones/")[2].replace("instanceGroups/", "instanceGroupManagers/")
        with translated("ask how many nodes there are"):
            return int(self.get(f"zones/{path}").get("targetSize", 0))

    def _must_be(self, name: str, cause: Exception) -> None:
        with translated("list the regions"):
            regions = [one["name"] for page in self.pages("regions") for one in page.get("items", [])]
        if name not in regions:
            fix = f"use {nearest(name, regions)}"
            raise ConfigError(f"Google Cloud has no region {name}", fix=fix) from cause


def _machine(found: Mapping[str, Any]) -> Machine:
    return Machine(
        name=found["name"],
        cpus=int(found["guestCpus"]),
        memory=int(found["memoryMb"]),
        shared=bool(found.get("isSharedCpu")),
        architecture=found.get("architecture", "X86_64"),
    )
