"""docker's config.json: logins written by `docker login`, or kept by a credential helper.

https://docs.docker.com/reference/cli/docker/login/ and
https://github.com/docker/docker-credential-helpers#usage
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clouddeploy.contract import Login, Secret
from clouddeploy.errors import ConfigError, CredentialsError, MissingToolError
from clouddeploy_kubernetes.errors import read_text

_DOCKER_HUB = "https://index.docker.io/v1/"
_HUB_NAMES = {"docker.io", "index.docker.io", "registry-1.docker.io"}
_IDENTITY_TOKEN = "<token>"  # noqa: S105 - what a helper says instead of a user name
_HELPER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_TIMEOUT = 30.0  # seconds; a helper may have to ask a cloud
_NOT_THERE = "credentials not found"


def find_login(host: str) -> Login | None:
    """docker's login for a registry host; None when there is none.

    A helper of `credHelpers` comes first, then `credsStore`, then `auths`. Raises ConfigError for
    a broken config.json, MissingToolError for a helper that is not installed and CredentialsError
    for one that fails.
    """
    path = _path()
    if not path.is_file():
        return None
    config = _load(path)
    helper = _section(config, "credHelpers").get(host) or config.get("credsStore")
    if helper:
        found = _ask(str(helper), host)
        if found:
            return found
    return _inline(path, _section(config, "auths"), host)


def _path() -> Path:
    folder = os.environ.get("DOCKER_CONFIG")
    return (Path(folder) if folder else Path.home() / ".docker") / "config.json"


def _load(path: Path) -> Mapping[str, Any]:
    try:
        config = json.loads(read_text(path, "docker's config"))
    except json.JSONDecodeError as error:
        # Neither the parser's words nor the cause: they hold the text, and with it the logins.
        raise _broken(path, f"is not JSON (line {error.lineno})") from None
    if not isinstance(config, dict):
        raise _broken(path, "is not a JSON object")
    return config


def _section(config: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = config.get(name)
    return section if isinstance(section, dict) else {}


def _inline(path: Path, auths: Mapping[str, Any], host: str) -> Login | None:
    for key, entry in auths.items():
        if _host_of(key) == _host_of(host) and isinstance(entry, dict) and any(entry.values()):
            return _decoded(path, entry, host)
    return None


def _host_of(key: str) -> str:
    """Old versions of docker wrote keys such as https://ghcr.io/v1/."""
    host = key.removeprefix("https://").removeprefix("http://").partition("/")[0].lower()
    return "docker.io" if host in _HUB_NAMES else host


def _decoded(path: Path, entry: Mapping[str, Any], host: str) -> Login:
    if entry.get("identitytoken") or entry.get("registrytoken"):
        raise _no_password(host)
    if entry.get("username") and entry.get("password"):
        return Login(host, str(entry["username"]), Secret(str(entry["password"])))
    try:
        text = base64.b64decode(str(entry.get("auth", "")), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        text = ""
    username, colon, password = text.partition(":")
    if not username or not colon:
        raise _broken(path, f"has a login for {host} that cannot be read")
    return Login(host, username, Secret(password.rstrip("\0")))


def _ask(helper: str, host: str) -> Login | None:
    key = _DOCKER_HUB if host in _HUB_NAMES else host
    output = _run(helper, key)
    if output is None:
        return None
    try:
        answer = json.loads(output)
        username, password = str(answer["Username"]), str(answer["Secret"])
    except (ValueError, KeyError, TypeError):
        raise _helper_failed(helper, host, "printed no credential") from None
    if username == _IDENTITY_TOKEN:
        raise _no_password(host)
    return Login(host, username, Secret(password)) if username else None


def _run(helper: str, key: str) -> str | None:
    """The helper's answer to `get`; None when it knows no login."""
    if not _HELPER.fullmatch(helper):
        raise ConfigError("docker's config names a credential helper with a malformed name", fix="correct it")
    program = f"docker-credential-{helper}"
    try:
        done = subprocess.run(
            [program, "get"], input=key, capture_output=True, text=True, timeout=_TIMEOUT, check=False
        )
    except FileNotFoundError as error:
        raise MissingToolError(
            f"docker's config keeps logins in {program}, which is not installed",
            fix=f"install {program}, or set CLOUDDEPLOY_REGISTRY_USERNAME and CLOUDDEPLOY_REGISTRY_PASSWORD",
        ) from error
    except subprocess.TimeoutExpired:
        raise _helper_failed(helper, key, f"did not answer within {_TIMEOUT:.0f} s") from None
    except OSError as error:
        raise _helper_failed(helper, key, f"cannot be run: {error.strerror}") from error
    if done.returncode == 0:
        return done.stdout
    if _NOT_THERE in done.stdout.lower():
        return None
    raise _helper_failed(helper, key, f"failed with exit code {done.returncode}")


def _helper_failed(helper: str, host: str, what: str) -> CredentialsError:
    return CredentialsError(
        f"docker-credential-{helper} {what} when asked for {host}", fix=f"docker login {host}"
    )


def _no_password(host: str) -> CredentialsError:
    return CredentialsError(
        f"docker's login for {host} is an identity token, which clouddeploy does not support",
        fix="set CLOUDDEPLOY_REGISTRY_USERNAME and CLOUDDEPLOY_REGISTRY_PASSWORD",
    )


def _broken(path: Path, what: str) -> ConfigError:
    return ConfigError(f"{path} {what}", fix="correct the file, or docker logout and docker login again")
