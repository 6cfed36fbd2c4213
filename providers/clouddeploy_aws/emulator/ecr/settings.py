"""ECR's settings of the account.

Source: ECR user guide, "Blob mounting in Amazon ECR": layers are shared between repositories only where the
account has turned that on. UNVERIFIED: the texts of the refusals.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clouddeploy_aws.emulator.answers import ServiceError
from clouddeploy_aws.emulator.ecr.data_plane import EcrDataPlane
from clouddeploy_aws.emulator.models import Caller

_MOUNTING = "BLOB_MOUNTING"
_VALUES = {
    _MOUNTING: ("DISABLED", "ENABLED"),
    "BASIC_SCAN_TYPE_VERSION": ("AWS_NATIVE",),
    "REGISTRY_POLICY_SCOPE": ("V2",),
}
"""What each may be, what it is at first."""


class AccountSettings:
    """The account's settings, of which mounting changes what the registry does."""

    def __init__(self, data: EcrDataPlane) -> None:
        self._data = data
        self._set = {name: values[0] for name, values in _VALUES.items()}

    def get_account_setting(self, request: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        name = request["name"]
        if name not in _VALUES:
            raise ServiceError("InvalidParameterException", f"There is no account setting {name}")
        return {"name": name, "value": self._set[name]}

    def put_account_setting(self, request: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        name, value = request["name"], request["value"]
        if value not in _VALUES.get(name, ()):
            raise ServiceError("InvalidParameterException", f"There is no account setting {name} = {value}")
        self._set[name] = value
        self._data.mounts = self._set[_MOUNTING] == "ENABLED"
        return {"name": name, "value": value}
