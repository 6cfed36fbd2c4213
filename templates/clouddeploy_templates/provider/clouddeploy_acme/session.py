"""One target's way to Acme: its credentials, and the account that they must belong to."""

from __future__ import annotations

from functools import cached_property

from clouddeploy.contract import Identity, TargetSettings
from clouddeploy.errors import CredentialsError

from .api import Api


class Session:
    """Makes no request until one is needed."""

    def __init__(self, target: TargetSettings) -> None:
        self.target = target
        self._anyone = Api()

    @property
    def project(self) -> str:
        """Where repositories are, known without asking."""
        options = {**self.target.registry, **self.target.options}
        return options.get("project") or self.target.account or "default"

    @cached_property
    def api(self) -> Api:
        """Requests that may change something. Raises CredentialsError for another account."""
        actual, wanted = self.identity().account, self.target.account
        if wanted and wanted != actual:
            raise CredentialsError(
                f"target {self.target.name} belongs to account {wanted}, the credentials to {actual}",
                fix=f"use a token of account {wanted}",
            )
        return self._anyone

    def identity(self) -> Identity:
        """Whose token it is."""
        account = self._anyone.call("GET", "/v1/account")
        return Identity(account["id"], account["user"])
