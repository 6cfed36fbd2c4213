"""The ACK operations on clusters, and on what belongs to the account."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from clouddeploy.contract import ClientCertificate
from clouddeploy.emulator.clusters import KubernetesApi
from clouddeploy_alibaba.emulator import ack_rules as rules
from clouddeploy_alibaba.emulator import ack_shown as shown
from clouddeploy_alibaba.emulator.ack_book import AckBook
from clouddeploy_alibaba.emulator.ack_pool_rules import Room, check_pool
from clouddeploy_alibaba.emulator.ack_ranges import check_network
from clouddeploy_alibaba.emulator.answers import Received, ServiceError, request_id
from clouddeploy_alibaba.emulator.records import (
    CREATING_SECONDS,
    DELETING_SECONDS,
    NODES_SECONDS,
    UPGRADING_SECONDS,
    ClusterRecord,
)

Json = dict[str, Any]


_LARGEST_PAGE = 100
_NO_MONEY = "InvalidAccountStatus.NotEnoughBalance: Your account does not have enough balance."
"""What a task says that found no money; the cluster stays, failed (terraform-provider-alicloud#1190)."""


class ClusterCalls(AckBook):
    """One method for each operation, named after it."""

    def _create_cluster(self, _: Mapping[str, str], request: Received) -> Json:
        return self.create(request.document() or {})

    def create(self, body: Mapping[str, Any]) -> Json:
        """CreateCluster: ServiceError for what ACK refuses."""
        now = self._world.clock.now()
        basic = [one for one in self._clusters.values() if shown.is_basic(one)]
        rules.check_roles(self.missing_roles)
        rules.check_cluster(self._world, body, len(basic))
        version = rules.check_version(body, rules.VERSIONS)
        check_network(self._world, body, version, [one.request for one in self._clusters.values()])
        pools = self._asked_pools(body)
        if len(self._clusters) >= min(
            self._world.quotas["cluster_quota"], self._world.quotas["amk_cluster_quota"]
        ):
            raise ServiceError("QuotaExceeded.Cluster", "the quota of clusters is exceeded")
        if len(self._world.of("slb")) >= self._world.quotas["slb"]:
            raise ServiceError("QuotaExceeded.SLBInstancesQuota", "the quota of SLB instances is exceeded")
        record = ClusterRecord(
            id=self._world.new_id("c"),
            name=body["name"],
            request=body,
            version=version,
            created=now,
            ready_at=now + CREATING_SECONDS,
            tags={tag["key"]: tag.get("value", "") for tag in body.get("tags") or ()},
            listed_at=now + self.list_lag,
            failure="" if self._world.funded else _NO_MONEY,
        )
        for one, size in pools:
            self._add_pool(record, one, size, record.ready_at + NODES_SECONDS)
        self._clusters[record.id] = record
        self._make_parts(record)
        task = self._task(record, "cluster_create", CREATING_SECONDS)
        thread = threading.Thread(target=self._start, args=(record,), name=f"ack {record.name}", daemon=True)
        self._starting.append(thread)
        thread.start()
        return shown.accepted(record, task)

    def _asked_pools(self, body: Mapping[str, Any]) -> list[tuple[Json, int]]:
        """The node pools that a new cluster is to have, and how many nodes each."""
        basic, most = (
            body.get("cluster_spec", "ack.standard") == "ack.standard",
            self._world.quotas["node_quota"],
        )
        found: list[tuple[Json, int]] = []
        for one in body.get("nodepools") or ():
            room = Room(str(body["vpcid"]), sum(size for _, size in found), most, basic)
            found.append((one, check_pool(self._world, one, room)))
        return found

    def _describe_clusters_v1(self, _: Mapping[str, str], request: Received) -> Json:
        asked, now = request.parameters(), self._world.clock.now()
        found = [
            one
            for one in self._clusters.values()
            if asked.get("name", "") in one.name
            and now >= one.listed_at
            and asked.get("region_id", self._world.region) == self._world.region
            and asked.get("cluster_id", one.id) == one.id
        ]
        page, size = _page_of(request)
        part = found[(page - 1) * size : page * size]
        info = {"page_number": page, "page_size": size, "total_count": len(found)}
        return {"clusters": [shown.cluster(self._world, one) for one in part], "page_info": info}

    def _describe_cluster_detail(self, names: Mapping[str, str], _: Received) -> Json:
        return shown.cluster(self._world, self._get(names))

    def _delete_cluster(self, names: Mapping[str, str], request: Received) -> Json:
        record, now = self._get(names), self._world.clock.now()
        if record.state(now) in {"initial", "upgrading"}:
            text = f"cluster state {record.state(now)} does not allow this operation"
            raise ServiceError("ErrorClusterState", text, 409)
        if record.request.get("deletion_protection"):
            raise ServiceError("ErrorClusterDeletionProtectionEnabled", "deletion protection is enabled", 409)
        options = json.loads(request.parameters().get("delete_options", "[]"))
        if not isinstance(options, list) or any(
            one.get("delete_mode") not in {"delete", "retain"} for one in options
        ):
            raise rules.invalid("delete_options is invalid")
        if any(one == {"resource_type": "SLB", "delete_mode": "retain"} for one in options):
            for balancer in self._world.of("slb", cluster_id=record.id):
                if balancer.name:  # a Service's; the API server's has none
                    balancer.cluster_id = ""
        if record.gone_at is None:
            record.gone_at = now + DELETING_SECONDS
        return shown.accepted(record, self._task(record, "cluster_delete", DELETING_SECONDS))

    def _upgrade_cluster(self, names: Mapping[str, str], request: Received) -> Json:
        record, body = self._running(names), request.document() or {}
        version = str(body.get("next_version", ""))
        if version not in shown.upgradable(record.version):
            raise ServiceError("InvalidKubernetesVersion", f"cannot upgrade {record.version} to {version}")
        record.upgrade = (version, self._world.clock.now() + UPGRADING_SECONDS)
        return shown.accepted(record, self._task(record, "cluster_upgrade", UPGRADING_SECONDS))

    def _describe_cluster_tasks(self, names: Mapping[str, str], request: Received) -> Json:
        tasks = self._get(names).tasks[::-1]
        page, size = _page_of(request)
        shown_now = [shown.task(self._world, one) for one in tasks[(page - 1) * size : page * size]]
        info = {"page_number": page, "page_size": size, "total_count": len(tasks)}
        return {"page_info": info, "requestId": request_id(), "tasks": shown_now}

    def _describe_task_info(self, names: Mapping[str, str], _: Received) -> Json:
        for record in self._clusters.values():
            for task in record.tasks:
                if task.id == names["task"]:
                    return {**shown.task(self._world, task), "cluster_id": record.id}
        raise ServiceError("ErrorTaskNotFound", f"task {names['task']} is not found", 404)

    def _describe_user_quota(self, _: Mapping[str, str], __: Received) -> Json:
        return {name: value for name, value in self._world.quotas.items() if name.endswith("_quota")}

    def _describe_kubernetes_version_metadata(self, _: Mapping[str, str], request: Received) -> list[Json]:
        asked = request.parameters()
        if asked.get("Region") != self._world.region or not asked.get("ClusterType"):
            raise ServiceError("InvalidRegion", "Region or ClusterType is invalid")
        return shown.versions(asked.get("KubernetesVersion"))

    def _describe_cluster_user_kubeconfig(self, names: Mapping[str, str], request: Received) -> Json:
        record = self._running(names)
        minutes = int(request.parameters().get("TemporaryDurationMinutes") or 1_576_800)
        if "TemporaryDurationMinutes" in request.parameters() and not 15 <= minutes <= 4320:
            raise rules.invalid("TemporaryDurationMinutes must be in [15, 4320]")
        config = _kubeconfig(record, record.api) if record.api else {}
        expires = datetime.now(UTC) + timedelta(minutes=minutes)
        return {"config": json.dumps(config), "expiration": f"{expires:%Y-%m-%dT%H:%M:%SZ}"}

    def _check_service_role(self, _: Mapping[str, str], request: Received) -> Json:
        asked = [str(one["name"]) for one in (request.document() or {}).get("roles", ())]
        return {"roles": [shown.role(one, granted=one not in self.missing_roles) for one in asked]}

    def _untag_resources(self, _: Mapping[str, str], request: Received) -> Json:
        asked = request.parameters()
        for key in json.loads(asked.get("resource_ids", "[]")):
            for tag in json.loads(asked.get("tag_keys", "[]")):
                self._get({"cluster": key}).tags.pop(tag, None)
        return {"RequestId": request_id()}


def _page_of(request: Received) -> tuple[int, int]:
    """Number and size of the page that is asked for. The largest size and the usual one are UNVERIFIED."""
    asked = request.parameters()
    page, size = int(asked.get("page_number", 1)), int(asked.get("page_size", 10))
    if page < 1 or not 1 <= size <= _LARGEST_PAGE:
        raise rules.invalid("page_number or page_size is out of range")
    return page, size


def _kubeconfig(record: ClusterRecord, api: KubernetesApi) -> Json:
    certificate = api.admin.credential()
    if not isinstance(certificate, ClientCertificate):
        raise ServiceError("InternalError", "the cluster has no administrator", 500)
    name = f"kubernetes-admin-{record.id}"
    user = {
        "client-certificate-data": _encoded(certificate.certificate),
        "client-key-data": _encoded(certificate.key.reveal()),
    }
    cluster = {"server": api.url, "certificate-authority-data": _encoded(api.ca)}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "kubernetes", "cluster": cluster}],
        "contexts": [{"name": name, "context": {"cluster": "kubernetes", "user": name}}],
        "current-context": name,
        "users": [{"name": name, "user": user}],
    }


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
