"""The EKS operations on tags."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from clouddeploy_aws.emulator.answers import ServiceError
from clouddeploy_aws.emulator.eks.records import ClusterRecord
from clouddeploy_aws.emulator.eks.request import check_tags
from clouddeploy_aws.emulator.models import Caller


class Tags:
    """Tags of the clusters that `record` finds by name."""

    def __init__(self, record: Callable[[str], ClusterRecord]) -> None:
        self._record = record

    def list_tags_for_resource(self, request: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        return {"tags": self._by_arn(request["resourceArn"]).tags}

    def tag_resource(self, request: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        record = self._by_arn(request["resourceArn"])
        try:
            check_tags({**record.tags, **request["tags"]})
        except ServiceError as error:
            raise ServiceError("BadRequestException", error.message) from error
        record.tags.update(request["tags"])
        return {}

    def untag_resource(self, request: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        tags = self._by_arn(request["resourceArn"]).tags
        for key in request["tagKeys"]:
            tags.pop(key, None)
        return {}

    def _by_arn(self, arn: str) -> ClusterRecord:
        """NotFoundException, in a text that is UNVERIFIED, also for another region's or account's."""
        try:
            record = self._record(arn.rpartition("/")[2])
        except ServiceError:
            record = None
        if record is None or record.arn != arn:
            raise ServiceError("NotFoundException", f"The resource {arn} could not be found", status=404)
        return record
