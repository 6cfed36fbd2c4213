"""ACK clusters that the credentials can see, and how to reach their Kubernetes API."""

from __future__ import annotations

import base64
import itertools
import json
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from clouddeploy.contract import ClientCertificate, Cluster, KubeAccess, Secret, State, Status
from clouddeploy.errors import CloudDeployError, NotFoundError, PreconditionError, TemporaryError
from clouddeploy_alibaba.session import Session
from clouddeploy_alibaba.steps.naming import OWNER_TAG, tag_map

_PAGE = 50
_USABLE = {"running", "updating", "upgrading", "scaling", "removing", "draining"}
_FAILED = {"failed", "delete_failed"}
_GONE = {"deleted"}
_LIFE = 60
"""Minutes that a client certificate lasts. ACK allows 15 to 4320; not asked, it gives three years."""


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
    """The region's cluster of this name, ours first: ACK lets several have the same name."""
    found = sorted(_matching(session, name), key=lambda one: (not one.owned, one.created, one.id))
    return found[0] if found else None


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


class AckClusters:
    """The clusters of the target's account and region."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def list(self) -> Sequence[Cluster]:
        """Every cluster in the region, sorted by name."""
        found = sorted(_matching(self._session, None), key=lambda one: (one.name, one.id))
        return [self._listed(cluster) for cluster in found]

    def access(self, name: str) -> KubeAccess:
        """How to reach a cluster, with a client certificate that is asked for when needed.

        Raises NotFoundError when there is none, TemporaryError while it is being created and
        PreconditionError when it has failed, is being deleted or has no public endpoint.
        """
        cluster = find(self._session, name)
        if cluster is None:
            raise NotFoundError(
                f"there is no ACK cluster {name} in {self._session.region}", fix=self._instead()
            )
        self._reachable(cluster)
        certificates = _Certificates(self._session, cluster)
        return KubeAccess(
            cluster.endpoint, certificates.authority(), certificates.current, owned=cluster.owned
        )

    def _listed(self, cluster: AckCluster) -> Cluster:
        return Cluster(
            name=cluster.name,
            state=cluster.status(why(self._session, cluster)),
            version=cluster.version,
            endpoint=cluster.endpoint,
            owned=cluster.owned,
        )

    def _instead(self) -> str:
        others = ", ".join(sorted({one.name for one in _matching(self._session, None)}))
        make = f"clouddeploy cluster create --to {self._session.target.name}"
        return f"{make}; or name one of: {others}" if others else make

    def _reachable(self, cluster: AckCluster) -> None:
        target = self._session.target.name
        if cluster.state in {"initial", "waiting"}:
            raise TemporaryError(
                f"the ACK cluster {cluster.name} is being created",
                fix="it takes about 10 minutes; run it again then",
            )
        if not cluster.usable:
            told = cluster.status(why(self._session, cluster)).detail
            raise PreconditionError(
                f"the ACK cluster {cluster.name} is {told}",
                fix=f"delete it and create it again: clouddeploy cluster delete --to {target}",
            )
        if not cluster.endpoint:
            raise PreconditionError(
                f"the API server of the ACK cluster {cluster.name} has no public endpoint",
                fix="bind an EIP to it in the ACK console (cluster information, API server endpoint)",
            )


class _Certificates:
    """One cluster's client certificates, fetched anew when half of the life is over."""

    def __init__(self, session: Session, cluster: AckCluster) -> None:
        self._session = session
        self._cluster = cluster
        self._lock = threading.Lock()
        self._kubeconfig: dict[str, Any] = {}
        self._renew_at = datetime.now(UTC)

    def authority(self) -> str:
        """The cluster's CA as PEM."""
        with self._lock:
            return _decoded(self._fresh()["clusters"][0]["cluster"]["certificate-authority-data"])

    def current(self) -> ClientCertificate:
        with self._lock:
            user = self._fresh()["users"][0]["user"]
            key = Secret(_decoded(user["client-key-data"]))
            return ClientCertificate(_decoded(user["client-certificate-data"]), key)

    def _fresh(self) -> dict[str, Any]:
        if datetime.now(UTC) >= self._renew_at:
            self._kubeconfig = self._ask()
            self._renew_at = datetime.now(UTC) + timedelta(minutes=_LIFE / 2)
        return self._kubeconfig

    def _ask(self) -> dict[str, Any]:
        import yaml

        answer = self._session.sdk.ack(
            f"ask for access to the ACK cluster {self._cluster.name}",
            "describe_cluster_user_kubeconfig",
            self._cluster.id,
            body={"TemporaryDurationMinutes": _LIFE, "PrivateIpAddress": False},
        )
        try:
            config: dict[str, Any] = yaml.safe_load(answer["config"])
            _ = config["clusters"][0]["cluster"]["certificate-authority-data"], config["users"][0]["user"]
        except (KeyError, IndexError, TypeError, yaml.YAMLError):
            # The cause would quote the certificate's key.
            raise CloudDeployError(
                f"ACK's kubeconfig of the cluster {self._cluster.name} cannot be read",
                fix="run it again; else look at the cluster's connection information in the ACK console",
            ) from None
        return config


def _matching(session: Session, name: str | None) -> Iterator[AckCluster]:
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


def _decoded(text: str) -> str:
    return base64.b64decode(text).decode()
