"""The EKS operations that change a cluster."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from clouddeploy.emulator.clock import Clock
from clouddeploy_aws.emulator.answers import ServiceError
from clouddeploy_aws.emulator.eks import rules
from clouddeploy_aws.emulator.eks.records import UPDATING_SECONDS, ClusterRecord, Update
from clouddeploy_aws.emulator.models import Caller


class Updates:
    """Updates of the clusters that `record` finds by name."""

    def __init__(self, record: Callable[[str], ClusterRecord], clock: Clock) -> None:
        self._record = record
        self._clock = clock

    def update_cluster_version(self, request: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        record = self._active(request["name"])
        rules.check_update(record.version, request["version"])
        record.next_version = request["version"]
        record.updated_at = self._clock.now() + UPDATING_SECONDS
        return self._begin(record, Update("VersionUpdate", "Version", request["version"], record.updated_at))

    def update_cluster_config(self, request: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        """The protection against deletion alone; it changes at once (UNVERIFIED: how long EKS takes)."""
        record = self._active(request["name"])
        wanted = request.get("deletionProtection")
        if wanted is None or request.keys() - {"name", "deletionProtection", "clientRequestToken"}:
            raise ServiceError("InvalidRequestException", "only deletionProtection is emulated")
        record.request = {**record.request, "deletionProtection": wanted}
        value = str(wanted).lower()
        update = Update("DeletionProtectionUpdate", "DeletionProtection", value, self._clock.now())
        return self._begin(record, update)

    def describe_update(self, request: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        record, update_id = self._record(request["name"]), request["updateId"]
        if update_id not in record.updates:
            text = f"No update found for ID: {update_id}"
            raise ServiceError("ResourceNotFoundException", text, clusterName=record.name)
        return {"update": record.updates[update_id].describe(update_id, self._clock.now())}

    def _active(self, name: str) -> ClusterRecord:
        record = self._record(name)
        if record.status(self._clock.now()) != "ACTIVE":
            text = f"Cannot update cluster {record.name}: it is not ACTIVE"
            raise ServiceError("ResourceInUseException", text, clusterName=record.name)
        return record

    def _begin(self, record: ClusterRecord, update: Update) -> dict[str, Any]:
        update_id = str(uuid.uuid4())
        record.updates[update_id] = update
        return {"update": {**update.describe(update_id, self._clock.now()), "status": "InProgress"}}
