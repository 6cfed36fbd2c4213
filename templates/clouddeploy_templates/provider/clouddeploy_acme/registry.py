"""Acme's image registry."""

from __future__ import annotations

import os
import re
from datetime import datetime

from clouddeploy.contract import Login, Repository, Secret
from clouddeploy.errors import ConfigError

from .session import Session

HOST = "registry.acme.example"
_NAME = re.compile(r"[a-z0-9]+([._-][a-z0-9]+)*(/[a-z0-9]+([._-][a-z0-9]+)*)*")


class AcmeRegistry:
    """Repositories below the target's project."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def address(self, repository: str) -> str:
        """Needs no request."""
        return f"{_host()}/{self._session.project}/{repository}"

    def ensure(self, repository: str) -> Repository:
        """Raises ConfigError for a name that no registry takes."""
        if not _NAME.fullmatch(repository):
            raise ConfigError(
                f"{repository!r} is no name for a repository",
                fix="use lower-case letters, digits, - . _ and /",
            )
        path = f"/v1/repositories/{self._session.project}/{repository}"
        found = self._session.api.find(path)
        if found is None:
            self._session.api.call("PUT", path)
        return Repository(self.address(repository), created=found is None)

    def login(self) -> Login:
        """A password for an hour."""
        made = self._session.api.call("GET", "/v1/registry/login")
        expires = datetime.fromisoformat(made["expires"])
        return Login(_host(), made["username"], Secret(made["password"]), expires)


def _host() -> str:
    return os.environ.get("ACME_REGISTRY", HOST)
