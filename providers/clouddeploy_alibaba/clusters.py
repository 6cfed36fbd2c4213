"""ACK clusters that the credentials can see, and how to reach their Kubernetes API."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from clouddeploy.contract import ClientCertificate, Cluster, KubeAccess, Secret
from clouddeploy.errors import CloudDeployError, NotFoundError, PreconditionError, TemporaryError
from clouddeploy_alibaba.records import AckCluster, find, matching, why
from clouddeploy_alibaba.session import Session

_LIFE = 60
"""Minutes that a client certificate lasts. ACK allows 15 to 4320; not asked, it gives three years."""
_USED = _LIFE - 5
"""Minutes that one is used at most."""


class AckClusters:
    """The clusters of the target's account and region."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def list(self) -> Sequence[Cluster]:
        """Every cluster in the region, sorted by name."""
        found = sorted(matching(self._session), key=lambda one: (one.name, one.id))
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
        certificates = Certificates(self._session, cluster)
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
        others = ", ".join(sorted({one.name for one in matching(self._session)}))
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


def _now() -> datetime:
    return datetime.now(UTC)


class Certificates:
    """One cluster's client certificates, fetched anew when half of the life is over.

    One that cannot be renewed at that moment is used until shortly before its end.
    """

    def __init__(self, session: Session, cluster: AckCluster, now: Callable[[], datetime] = _now) -> None:
        self._session = session
        self._cluster = cluster
        self._now = now
        self._lock = threading.Lock()
        self._kubeconfig: dict[str, Any] = {}
        self._renew_at = self._ends_at = now()

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
        now = self._now()
        if now < self._renew_at:
            return self._kubeconfig
        try:
            self._kubeconfig = self._ask()
        except TemporaryError:
            if now >= self._ends_at:
                raise
            return self._kubeconfig
        self._renew_at, self._ends_at = now + timedelta(minutes=_LIFE / 2), now + timedelta(minutes=_USED)
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


def _decoded(text: str) -> str:
    return base64.b64decode(text).decode()
