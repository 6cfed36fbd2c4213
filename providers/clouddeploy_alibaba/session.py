"""One session per target: region, who we are, the calls."""

from __future__ import annotations

import os
import threading
from functools import cached_property

from clouddeploy.contract import Identity, TargetSettings
from clouddeploy.errors import CredentialsError, PreconditionError
from clouddeploy_alibaba.regions import checked
from clouddeploy_alibaba.sdk import Sdk

_REGION_VARIABLES = ("ALIBABA_CLOUD_REGION_ID", "ALIBABACLOUD_REGION_ID", "ALICLOUD_REGION")


class Session:
    """What one target's provider shares. Safe to use from several threads."""

    def __init__(self, target: TargetSettings) -> None:
        self.target = target
        self._lock = threading.RLock()

    @cached_property
    def sdk(self) -> Sdk:
        return Sdk(self.region, self.target.options.get("profile"))

    @cached_property
    def region(self) -> str:
        """The target's region, else ALIBABA_CLOUD_REGION_ID; PreconditionError for none of them."""
        for region in (self.target.region, *map(os.environ.get, _REGION_VARIABLES)):
            if region:
                return checked(region)
        raise PreconditionError(
            f"no Alibaba Cloud region for target {self.target.name}",
            fix="set region: in the target, or ALIBABA_CLOUD_REGION_ID",
        )

    def identity(self) -> Identity:
        """Who the credentials belong to, asked once.

        Raises CredentialsError for none, for invalid ones and for the wrong account.
        """
        with self._lock:
            found = self._identity
        wanted = self.target.account
        if wanted and wanted != found.account:
            raise CredentialsError(
                f"target {self.target.name} is for Alibaba Cloud account {wanted}, "
                f"the credentials belong to {found.account} ({found.principal})",
                fix="use an access key of the right account: set ALIBABA_CLOUD_ACCESS_KEY_ID and _SECRET",
            )
        return found

    @cached_property
    def _identity(self) -> Identity:
        doing = "ask Alibaba Cloud who the credentials belong to"
        caller = self.sdk.rpc(doing, "STS", "GetCallerIdentity")
        return Identity(account=str(caller["AccountId"]), principal=str(caller["Arn"]))
