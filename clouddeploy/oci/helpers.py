"""Docker's credential helpers: programs that keep logins, asked over standard input.

https://github.com/docker/docker-credential-helpers#development: `get` and `erase` read the registry,
`store` reads JSON, `list` prints JSON. What they print is never quoted: it may be a secret.
"""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any

from clouddeploy.errors import ConfigError, CredentialsError, MissingToolError
from clouddeploy.seam.registry import Login
from clouddeploy.seam.secret import Secret

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_TIMEOUT = 30.0  # seconds; a helper may have to ask a cloud
_NOT_THERE = "credentials not found"


class Helper:
    """docker-credential-NAME.

    Raises MissingToolError when it is not installed, CredentialsError when it fails or says nothing
    within 30 seconds: a helper that cannot run is never taken for one that has no login.
    """

    def __init__(self, name: str) -> None:
        if not _NAME.fullmatch(name):
            message = "docker's config names a credential helper with a malformed name"
            raise ConfigError(message, fix="correct credHelpers or credsStore in docker's config.json")
        self.program = f"docker-credential-{name}"

    def get(self, key: str, host: str) -> Login | None:
        """The login for `host` that is kept under `key`; None when there is none."""
        output = self._run("get", key, host)
        if output is None:
            return None
        answer = self._json(output, host)
        try:
            username, password = str(answer["Username"]), str(answer["Secret"])
        except (KeyError, TypeError):
            raise self._failed("printed no credential", host) from None
        return Login(host, username, Secret(password)) if username else None

    def store(self, key: str, login: Login) -> None:
        """Keep a login."""
        entry = {"ServerURL": key, "Username": login.username, "Secret": login.password.reveal()}
        self._run("store", json.dumps(entry), login.host)

    def erase(self, key: str, host: str) -> None:
        """Forget the login of `key`, if there is one."""
        self._run("erase", key, host)

    def list(self) -> dict[str, str]:
        """What is kept: user names by key."""
        answer = self._json(self._run("list", "", "all logins") or "{}", "all logins")
        return {str(key): str(name) for key, name in answer.items()} if isinstance(answer, dict) else {}

    def _json(self, output: str, host: str) -> Any:
        try:
            return json.loads(output)
        except ValueError:
            raise self._failed("printed no credential", host) from None

    def _run(self, action: str, given: str, host: str) -> str | None:
        """What it printed; None when it knows no login."""
        try:
            done = subprocess.run(
                [self.program, action],
                input=given,
                capture_output=True,
                text=True,
                timeout=_TIMEOUT,
                check=False,
            )
        except FileNotFoundError as error:
            raise MissingToolError(
                f"docker's config keeps logins in {self.program}, which is not installed",
                fix=f"install {self.program}, or take it out of docker's config.json",
            ) from error
        except subprocess.TimeoutExpired:
            raise self._failed(f"did not answer within {_TIMEOUT:.0f} s", host) from None
        except OSError as error:
            raise self._failed(f"cannot be run: {error.strerror}", host) from error
        except UnicodeDecodeError:
            raise self._failed("printed no text", host) from None
        if done.returncode == 0:
            return done.stdout
        if _NOT_THERE in done.stdout.lower():
            return None
        raise self._failed(f"failed with exit code {done.returncode}", host)

    def _failed(self, what: str, host: str) -> CredentialsError:
        fix = f"run {self.program} list to see why, or take it out of docker's config.json"
        return CredentialsError(f"{self.program} {what} when asked for {host}", fix=fix)
