"""What ACK says of clusters and of the work on them; how a cluster is found by its name."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from clouddeploy.contract import State, Status
from clouddeploy.errors import ConfigError
from clouddeploy_alibaba.session import Session
from clouddeploy_alibaba.steps.naming import OWNER_TAG, tag_map

_PAGE = 50
_USABLE = {"running", "updating", "upgrading", "scaling", "removing", "draining"}
_FAILED = {"failed", "delete_failed"}
_GONE = {"deleted"}


@dataclass(frozen=True)
class AckCluster:
    """What ACK says of a cluster, as far as we use it."""

    id: str
    name: str
    state: str
    version: str = ""
    next_version: str = ""
    vpc_id: str = ""
    endpoint: str = ""
    api_addresses: frozenset[str] = frozenset()
    """Of the API server's own load balancer in the VPC, and of the EIP that is bound to it."""
    protected: bool = False
    pro: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)
    created: str = ""

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> AckCluster:
        endpoints = _endpoints(str(answer.get("master_url") or ""))
        return cls(
            id=str(answer["cluster_id"]),
            name=str(answer.get("name", "")),
            state=str(answer.get("state", "")),
            version=str(answer.get("current_version") or answer.get("init_version") or ""),
            next_version=str(answer.get("next_version") or ""),
            vpc_id=str(answer.get("vpc_id", "")),
            endpoint=re.sub(r"/+$", "", endpoints.get("api_server_endpoint", "")),
            api_addresses=frozenset(urlsplit(url).hostname or "" for url in endpoints.values()) - {""},
            protected=bool(answer.get("deletion_protection")),
            pro=str(answer.get("cluster_spec", "")).startswith("ack.pro"),
            tags=tag_map(answer.get("tags")),
            created=str(answer.get("created", "")),
        )

    @property
    def owned(self) -> bool:
        """True when it carries our tag with its own name."""
        return self.tags.get(OWNER_TAG) == self.name

    @property
    def usable(self) -> bool:
        return self.state in _USABLE

    def status(self, why: str = "") -> State:
        """ACK's state in our words; `why` is what ACK says about a failure."""
        told = f"{self.state}: {why}" if why else self.state
        if self.usable:
            return State(Status.READY, told)
        return State(Status.FAILED if self.state in _FAILED else Status.PENDING, told)


@dataclass(frozen=True)
class Task:
    """Work that ACK does, or did, on a cluster."""

    id: str
    type: str
    state: str
    created: str
    error: str = ""

    @property
    def running(self) -> bool:
        return self.state in {"running", "initial", "waiting", "paused"}

    @property
    def failed(self) -> bool:
        return self.state in {"fail", "failed"}


def find(session: Session, name: str) -> AckCluster | None:
    """The region's cluster of this name, ours first: ACK lets several have the same name.

    A cluster that others made can be called by its id instead. ConfigError when several of them have
    the name, as nobody said which is meant.
    """
    found = sorted(matching(session, name), key=lambda one: (not one.owned, one.created, one.id))
    if session.target.existing:
        found = found or [one for one in matching(session) if one.id == name]
        _only(session, name, found)
    return found[0] if found else None


def _only(session: Session, name: str, found: Sequence[AckCluster]) -> None:
    if len(found) > 1:
        told = ", ".join(f"{one.id} in {session.region} ({one.state})" for one in found)
        raise ConfigError(
            f"{len(found)} clusters are called {name}: {told}",
            fix=f"say which in the target {session.target.name}: cluster: {{existing: {found[0].id}}}",
        )


def tasks(session: Session, cluster: AckCluster) -> list[Task]:
    """What ACK did on a cluster, oldest first."""
    found: dict[str, Task] = {}
    for page in itertools.count(1):
        answer = session.sdk.ack(
            f"list the tasks of the ACK cluster {cluster.name}",
            "describe_cluster_tasks",
            cluster.id,
            body={"page_size": _PAGE, "page_number": page},
        )
        new = {one.id: one for one in map(_task, answer.get("tasks") or ()) if one.id not in found}
        found |= new
        # A task that starts meanwhile moves the others on: what is known already comes again.
        if not new or len(found) >= int((answer.get("page_info") or {}).get("total_count") or 0):
            break
    return sorted(found.values(), key=lambda one: (one.created, one.id))


def why(session: Session, cluster: AckCluster) -> str:
    """What ACK says about a cluster that failed, from the last task that failed."""
    if cluster.state not in _FAILED:
        return ""
    failed = [task for task in tasks(session, cluster) if task.failed]
    return failed[-1].error if failed else ""


def matching(session: Session, name: str | None = None) -> Iterator[AckCluster]:
    """Clusters of exactly this name, or all; ACK's own filter finds parts of names too."""
    page, seen = 1, 0
    while True:
        body = {"region_id": session.region, "page_size": _PAGE, "page_number": page}
        answer = session.sdk.ack(
            "list the ACK clusters", "describe_clusters_v1", body=body | ({"name": name} if name else {})
        )
        found = answer.get("clusters") or []
        for each in map(AckCluster.read, found):
            if each.state not in _GONE and name in {None, each.name}:
                yield each
        seen += len(found)
        if not found or seen >= int(answer.get("page_info", {}).get("total_count", 0)):
            return
        page += 1


def _task(answer: Mapping[str, Any]) -> Task:
    error = answer.get("error") or {}
    return Task(
        id=str(answer.get("task_id", "")),
        type=str(answer.get("task_type", "")),
        state=str(answer.get("state", "")),
        created=str(answer.get("created", "")),
        error=" ".join(str(error.get("message") or error.get("code") or "").split()).rstrip("."),
    )


def _endpoints(master_url: str) -> dict[str, str]:
    """The API server's addresses in `master_url`, which is JSON in a string."""
    try:
        found = json.loads(master_url or "{}")
    except ValueError:
        return {}
    wanted = ("api_server_endpoint", "intranet_api_server_endpoint")
    return {key: str(found.get(key) or "") for key in wanted} if isinstance(found, dict) else {}
