"""The EKS operations on clusters."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from clouddeploy.emulator.clock import Clock
from clouddeploy.emulator.clusters import KubernetesApi
from clouddeploy_aws.emulator.answers import ServiceError
from clouddeploy_aws.emulator.eks import rules
from clouddeploy_aws.emulator.eks.making import Plan, make, unmake
from clouddeploy_aws.emulator.eks.records import (
    DELETING_SECONDS,
    ClusterRecord,
)
from clouddeploy_aws.emulator.eks.request import check_account, check_request, service_block
from clouddeploy_aws.emulator.eks.versions import described
from clouddeploy_aws.emulator.models import Caller
from clouddeploy_aws.emulator.moto_account import MotoAccount
from clouddeploy_aws.emulator.quotas import CLUSTERS

StartApi = Callable[[str], KubernetesApi]
"""Starts the Kubernetes API of the cluster of this name."""


class Eks:
    """Clusters by name. Each Kubernetes API starts in the background while the cluster is CREATING."""

    def __init__(self, account: MotoAccount, clock: Clock, start_api: StartApi) -> None:
        self._account = account
        self._clock = clock
        self._start_api = start_api
        self._clusters: dict[str, ClusterRecord] = {}
        self._role_seen: dict[str, float] = {}
        self._starting: list[threading.Thread] = []
        self._lock = threading.RLock()

    def create_cluster(self, request: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        with self._lock:
            self._sweep()
            name = request["name"]
            again = self._repeated(request)
            if again:
                return {"cluster": again.describe(self._clock.now())}
            rules.check_free(name, list(self._clusters), self._account.limits[CLUSTERS])
            plan = self._plan(request)
            record = make(self._account, request, caller, plan)
            self._clusters[name] = record
        thread = threading.Thread(target=self._start, args=(record,), name=f"eks {name}", daemon=True)
        self._starting.append(thread)
        thread.start()
        return {"cluster": record.describe(self._clock.now())}

    def describe_cluster(self, request: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        return {"cluster": self.record(request["name"]).describe(self._clock.now())}

    def list_clusters(self, request: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        with self._lock:
            self._sweep()
            names = sorted(self._clusters)
        token = request.get("nextToken") or "0"
        if not token.isdecimal() or int(token) > len(names):
            raise ServiceError(
                "InvalidParameterException", "The nextToken is invalid"
            )  # UNVERIFIED: the text
        start, size = int(token), request.get("maxResults") or 100
        more = str(start + size) if start + size < len(names) else None
        return {"clusters": names[start : start + size], "nextToken": more}

    def clusters(self) -> list[ClusterRecord]:
        """Every cluster that is there."""
        with self._lock:
            self._sweep()
            return list(self._clusters.values())

    def tags(self, name: str) -> Mapping[str, str]:
        """The tags of a cluster; none for a name that there is not."""
        found = self._clusters.get(name)
        return found.tags if found else {}

    def delete_cluster(self, request: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        with self._lock:
            record = self.record(request["name"])
            status = record.status(self._clock.now())
            if status in {"CREATING", "UPDATING"}:
                what = "a creation" if status == "CREATING" else "an update"
                text = f"Cannot delete because cluster {record.name} currently has {what} in progress"
                raise ServiceError("ResourceInUseException", text, clusterName=record.name)
            if record.request.get("deletionProtection"):
                text = f"Cluster {record.name} has deletion protection enabled"
                raise ServiceError("InvalidRequestException", text)
            if record.gone_at is None:
                record.gone_at = self._clock.now() + DELETING_SECONDS
            return {"cluster": record.describe(self._clock.now())}

    def describe_cluster_versions(self, request: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        return {"clusterVersions": described(request)}

    def list_nodegroups(self, request: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        self.record(request["clusterName"])
        return {"nodegroups": []}

    def list_addons(self, request: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        self.record(request["clusterName"])
        return {"addons": []}

    def fail(self, name: str, code: str, message: str) -> None:
        """Let the creation of a cluster end in FAILED with a health issue."""
        issue = {"code": code, "message": message, "resourceIds": [name]}
        self.record(name).issues.append(issue)

    def join(self) -> None:
        """Wait until the Kubernetes APIs that are starting are there."""
        for thread in self._starting:
            thread.join(timeout=60)
        self._starting.clear()

    def close(self) -> None:
        """End every Kubernetes API."""
        self.join()
        with self._lock:
            for record in self._clusters.values():
                self._end(record)
            self._clusters.clear()

    def _plan(self, request: Mapping[str, Any]) -> Plan:
        """ServiceError for what EKS refuses."""
        version = rules.check_version(request.get("version"))
        rules.check_auto_mode(request)
        check_request(request)
        subnets = rules.check_subnets(self._account, request)
        auto = bool(request.get("computeConfig", {}).get("enabled"))
        arn = request["roleArn"]
        rules.check_role(self._account, arn, auto=auto, seen_for=self.known_for(arn))
        check_account(self._account, request, subnets)
        services = service_block(self._account, request, subnets[0].vpc_id)
        return Plan(version, subnets, services, self._clock.now())

    def known_for(self, arn: str) -> float:
        """How many emulated seconds EKS has had to hear of a role."""
        role = rules.find_role(self._account, arn)
        if role is None:
            return 0
        first = self._role_seen.setdefault(role.id, self._clock.now() - _age(role) * self._clock.pace)
        return self._clock.now() - first

    def _repeated(self, request: Mapping[str, Any]) -> ClusterRecord | None:
        """The cluster that the same clientRequestToken has made already."""
        token = request.get("clientRequestToken")
        record = next(
            (one for one in self._clusters.values() if one.request.get("clientRequestToken") == token), None
        )
        if record is None or token is None:
            return None
        if record.request != request:
            text = "The client request token was used with other parameters"
            raise ServiceError("InvalidParameterException", text, clusterName=record.name)
        return record

    def _start(self, record: ClusterRecord) -> None:
        try:
            api = self._start_api(record.name)
        except Exception as error:
            record.issues.append({"code": "InternalFailure", "message": str(error), "resourceIds": []})
            return
        with self._lock:
            record.api = api

    def record(self, name: str) -> ClusterRecord:
        """The cluster of this name; ResourceNotFoundException for none."""
        with self._lock:
            self._sweep()
            if name not in self._clusters:
                text = f"No cluster found for name: {name}."
                raise ServiceError("ResourceNotFoundException", text, clusterName=name)
            return self._clusters[name]

    def _sweep(self) -> None:
        """Take away what has finished deleting."""
        now = self._clock.now()
        for record in self._clusters.values():
            record.settle(now)
        for record in [
            one for one in self._clusters.values() if one.gone_at is not None and one.gone_at <= now
        ]:
            self._end(record)
            unmake(self._account, record)
            del self._clusters[record.name]

    def _end(self, record: ClusterRecord) -> None:
        if record.api:
            record.api.close()
            record.api = None


def _age(role: Any) -> float:
    from moto.core.utils import utcnow

    return float((utcnow() - role.create_date).total_seconds())
