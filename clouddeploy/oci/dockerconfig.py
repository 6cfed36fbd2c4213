"""docker's config.json: which helper keeps a registry's login, and the logins kept in the file itself.

https://docs.docker.com/reference/cli/docker/login/ and the file of docker/cli, cli/config/configfile.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from clouddeploy.errors import ConfigError, CredentialsError
from clouddeploy.oci.reference import DOCKER_HUB
from clouddeploy.seam.registry import IDENTITY_TOKEN, Login
from clouddeploy.seam.secret import Secret

HUB_KEY = "https://index.docker.io/v1/"
"""What docker calls Docker Hub, in its config and when it asks a helper."""

_HUB_NAMES = frozenset({DOCKER_HUB, "index.docker.io", "registry-1.docker.io"})


class DockerConfig:
    """One config.json; unknown keys survive a `save`."""

    def __init__(self, path: Path, values: dict[str, Any]) -> None:
        self.path = path
        self._values = values

    @classmethod
    def load(cls) -> Self:
        """The file in DOCKER_CONFIG or ~/.docker; empty when there is none, ConfigError when it is broken."""
        folder = os.environ.get("DOCKER_CONFIG")
        path = (Path(folder) if folder else Path.home() / ".docker") / "config.json"
        return cls(path, _read(path))

    def helper(self, host: str) -> str | None:
        """The suffix of the program that keeps this host's login: its own helper, else the store for all."""
        own = [name for key, name in self._section("credHelpers").items() if name and host_of(key) == host]
        store = self._values.get("credsStore")
        return str(own[0]) if own else str(store) if store else None

    def login(self, host: str) -> Login | None:
        """The login that is written in the file; ConfigError when it cannot be read."""
        entries = {key: one for key, one in self._section("auths").items() if host_of(key) == host}
        # docker looks for the exact name before it strips old ones of their scheme and path.
        keys = sorted(entries, key=lambda key: key != key_of(host))
        found = (entries[key] for key in keys)
        entry = next((one for one in found if isinstance(one, dict) and any(one.values())), None)
        return self._decoded(entry, host) if entry else None

    def hosts(self) -> list[str]:
        """The registries that the file names, each once."""
        keys = [*self._section("auths"), *self._section("credHelpers")]
        return list(dict.fromkeys(host_of(key) for key in keys))

    def put(self, login: Login, *, empty: bool = False) -> None:
        """Write a login into the file, or, when a helper keeps it, only that there is one."""
        self.remove(login.host)
        entry = {} if empty else _encoded(login)
        self._values["auths"] = {**self._section("auths"), key_of(login.host): entry}

    def remove(self, host: str) -> bool:
        """Whether there was anything about the host to remove."""
        auths = self._section("auths")
        kept = {key: entry for key, entry in auths.items() if host_of(key) != host}
        if kept != auths:
            self._values["auths"] = kept
        return kept != auths

    def save(self) -> None:
        """Replace the file at once, readable by its owner alone; a link stays a link."""
        path = Path(os.path.realpath(self.path))
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix="config.json", dir=path.parent)  # mode 0600
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    json.dump(self._values, file, indent="\t", ensure_ascii=False)
                os.replace(name, path)  # noqa: PTH105 - mkstemp gives a name, not a Path
            except BaseException:
                os.unlink(name)  # noqa: PTH108
                raise
        except OSError as error:
            raise ConfigError(
                f"{path} cannot be written: {error.strerror}", fix="make it writable, or set DOCKER_CONFIG"
            ) from error

    def _section(self, name: str) -> dict[str, Any]:
        section = self._values.get(name)
        return section if isinstance(section, dict) else {}

    def _decoded(self, entry: Mapping[str, Any], host: str) -> Login:
        if entry.get("identitytoken"):
            return Login(host, IDENTITY_TOKEN, Secret(str(entry["identitytoken"])))
        if entry.get("registrytoken"):
            raise CredentialsError(
                f"docker's login for {host} is a registry token, which cannot be renewed",
                fix=f"clouddeploy registry login {host}",
            )
        if entry.get("username") and entry.get("password"):
            return Login(host, str(entry["username"]), Secret(str(entry["password"])))
        username, password = _pair(str(entry.get("auth", "")))
        if not username:
            raise _broken(self.path, f"has a login for {host} that cannot be read")
        return Login(host, username, Secret(password))


def host_of(key: str) -> str:
    """The registry host that a key means: old versions of docker wrote keys such as https://ghcr.io/v1/."""
    host = key.removeprefix("https://").removeprefix("http://").partition("/")[0].lower()
    return DOCKER_HUB if host in _HUB_NAMES else host


def key_of(host: str) -> str:
    """Under which key docker keeps a host's login."""
    return HUB_KEY if host_of(host) == DOCKER_HUB else host


def names_of(host: str) -> Iterator[str]:
    """The keys under which a helper may know a host, docker's own first."""
    yield key_of(host)
    if host_of(host) == DOCKER_HUB:
        yield from sorted(_HUB_NAMES)


def _encoded(login: Login) -> dict[str, str]:
    if login.username == IDENTITY_TOKEN:
        return {"auth": base64.b64encode(b"<token>:").decode(), "identitytoken": login.password.reveal()}
    pair = f"{login.username}:{login.password.reveal()}"
    return {"auth": base64.b64encode(pair.encode()).decode()}


def _pair(encoded: str) -> tuple[str, str]:
    """User name and password of an `auth` value, twice nothing when it is none."""
    try:
        text = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    username, colon, password = text.partition(":")
    return (username, password.rstrip("\0")) if colon else ("", "")


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        # Neither the parser's words nor the cause: they hold the text, and with it the logins.
        raise _broken(path, f"is not JSON (line {error.lineno})") from None
    except UnicodeDecodeError:
        raise _broken(path, "is no text") from None
    except OSError as error:
        raise _broken(path, f"cannot be read: {error.strerror}") from error
    if not isinstance(config, dict):
        raise _broken(path, "is not a JSON object")
    return config


def _broken(path: Path, what: str) -> ConfigError:
    return ConfigError(f"{path} {what}", fix="correct the file, or docker logout and docker login again")
