"""ACR Enterprise Edition instances: which one is the target's, and under which name it is reached."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clouddeploy.errors import NotFoundError, PreconditionError, TemporaryError
from clouddeploy_alibaba.session import Session

_PAGE = 50
_BUY = "buy one at https://cr.console.alibabacloud.com (Basic Edition is enough); clouddeploy buys nothing"


@dataclass(frozen=True)
class Instance:
    """A registry instance as ACR lists it."""

    id: str
    name: str
    region: str
    status: str
    edition: str = ""

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> Instance:
        return cls(
            id=str(answer["InstanceId"]),
            name=str(answer.get("InstanceName", "")),
            region=str(answer.get("RegionId", "")),
            status=str(answer.get("InstanceStatus", "")),
            edition=str(answer.get("InstanceSpecification", "")),
        )


@dataclass(frozen=True)
class Endpoint:
    """An instance's way in from the internet: its domain, and who is let in (CIDR blocks)."""

    enabled: bool
    domain: str
    acl: bool
    entries: Sequence[str] = ()


class Instances:
    """The instance that a target uses: the one it names, else the only one of the region."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._lock = threading.Lock()
        self._chosen: Instance | None = None

    def chosen(self) -> Instance:
        """Looked up once.

        Raises NotFoundError when there is none, PreconditionError when there are several and
        none is named, or when it does not run.
        """
        with self._lock:
            if self._chosen is None:
                self._chosen = self._choose()
            return self._chosen

    def all(self) -> list[Instance]:
        """The region's instances, sorted by name."""
        answer = self._session.sdk.acr(
            "list the registry instances", "list_instance", PageNo=1, PageSize=_PAGE
        )
        found = [Instance.read(each) for each in answer.get("Instances") or ()]
        return sorted(found, key=lambda one: one.name)

    def endpoint(self) -> Endpoint:
        """The chosen instance's public endpoint."""
        instance = self.chosen()
        answer = self._session.sdk.acr(
            f"ask for the endpoints of the registry {instance.name}",
            "list_instance_endpoint",
            InstanceId=instance.id,
            ModuleName="Registry",
        )
        public = [one for one in answer.get("Endpoints") or () if one.get("EndpointType") == "internet"]
        if not public:
            return Endpoint(False, "", False)
        return _endpoint(public[0])

    def domain(self) -> str:
        """The public domain; PreconditionError while the public endpoint is off."""
        endpoint = self.endpoint()
        if endpoint.domain and endpoint.enabled:
            return endpoint.domain
        instance = self.chosen()
        raise PreconditionError(
            f"the registry instance {instance.name} has no public endpoint",
            fix=f"aliyun cr UpdateInstanceEndpointStatus --InstanceId {instance.id} --EndpointType internet "
            "--ModuleName Registry --Enable true; then allow addresses with CreateInstanceEndpointAclPolicy",
        )

    def _choose(self) -> Instance:
        found = self.all()
        wanted = self._session.target.registry.get("instance")
        if wanted:
            return self._running(self._named(wanted, found))
        if not found:
            raise NotFoundError(
                f"there is no ACR Enterprise Edition instance in {self._session.region}", fix=_BUY
            )
        if len(found) > 1:
            names = ", ".join(one.name for one in found)
            raise PreconditionError(
                f"there are several registry instances in {self._session.region}: {names}",
                fix=f"name one in the target: registry: {{instance: {found[0].name}}}",
            )
        return self._running(found[0])

    def _named(self, wanted: str, found: Sequence[Instance]) -> Instance:
        for one in found:
            if wanted in {one.id, one.name}:
                return one
        others = ", ".join(one.name for one in found)
        raise NotFoundError(
            f"there is no registry instance {wanted} in {self._session.region}",
            fix=f"name one of: {others}" if others else _BUY,
        )

    def _running(self, instance: Instance) -> Instance:
        if instance.status == "RUNNING":
            return instance
        if instance.status in {"PENDING", "STARTING", "CREATING", "INITIALIZING"}:
            raise TemporaryError(
                f"the registry instance {instance.name} is {instance.status}", fix="run it again in a minute"
            )
        raise PreconditionError(
            f"the registry instance {instance.name} is {instance.status}",
            fix="look at it at https://cr.console.alibabacloud.com; one that is not renewed stops",
        )


def _endpoint(answer: Mapping[str, Any]) -> Endpoint:
    domains = answer.get("Domains") or ()
    own = [one for one in domains if one.get("Type") == "USER"] or list(domains)
    entries = [str(one.get("Entry", "")) for one in answer.get("AclEntries") or ()]
    return Endpoint(
        enabled=bool(answer.get("Enable")),
        domain=str(own[0].get("Domain", "")) if own else "",
        acl=bool(answer.get("AclEnable")),
        entries=[one for one in entries if one],
    )
