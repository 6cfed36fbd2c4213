"""One registry host."""

from __future__ import annotations

import os
import re

from clouddeploy.contract import Login, Repository, Secret, TargetSettings
from clouddeploy.errors import ConfigError, CredentialsError

USERNAME = "CLOUDDEPLOY_REGISTRY_USERNAME"
PASSWORD = "CLOUDDEPLOY_REGISTRY_PASSWORD"  # noqa: S105 - a variable's name

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_HOST = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:]+\])(?::\d{{1,5}})?")
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_PATH = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")


class HostRegistry:
    """`registry: {host, namespace}` of a target; repositories come to be with the first push.

    Names: https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests
    """

    def __init__(self, target: TargetSettings) -> None:
        self._target = target

    def address(self, repository: str) -> str:
        """`host/namespace/repository`; ConfigError when no host is named or a name is malformed."""
        namespace = self._target.registry.get("namespace", "").strip("/")
        path = f"{namespace}/{repository}" if namespace else repository
        if not _PATH.fullmatch(path):
            raise ConfigError(
                f"{path} is no repository name",
                fix="use lower-case letters and digits; . _ - only between them, / between the parts",
            )
        return f"{self._host()}/{path}"

    def ensure(self, repository: str) -> Repository:
        """The address; never created here, since a registry makes repositories on push."""
        return Repository(self.address(repository))

    def login(self) -> Login | None:
        """From CLOUDDEPLOY_REGISTRY_USERNAME and _PASSWORD; None leaves it to docker's config.

        Raises CredentialsError when only one of the two is set.
        """
        return _from_environment(self._host())

    def _host(self) -> str:
        host = self._target.registry.get("host", "")
        key = f"targets.{self._target.name}.registry"
        if _HOST.fullmatch(host):
            return _unmistakable(host, key)
        if not host:
            raise ConfigError(
                f"target {self._target.name} names no registry",
                fix=f"write {key}: {{host: ghcr.io, namespace: acme}}",
            )
        raise ConfigError(
            f"{key}.host must be a host such as ghcr.io or localhost:5000",
            fix="leave out https:// and write a path as namespace:",
        )


def _unmistakable(host: str, key: str) -> str:
    """A reference's first part is a host only with a dot or a port, or when it is localhost."""
    if host == "localhost" or "." in host or ":" in host:
        return host
    raise ConfigError(
        f"{key}.host {host} would be read as a name on Docker Hub", fix=f"write its port: {host}:443"
    )


def _from_environment(host: str) -> Login | None:
    username, password = os.environ.get(USERNAME, ""), os.environ.get(PASSWORD, "")
    if bool(username) != bool(password):
        missing, given = (PASSWORD, USERNAME) if username else (USERNAME, PASSWORD)
        raise CredentialsError(f"{given} is set and {missing} is not", fix=f"set both, or unset {given}")
    return Login(host, username, Secret(password)) if username else None
