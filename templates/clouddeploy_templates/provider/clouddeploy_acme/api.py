"""Requests to Acme's API, and its errors as clouddeploy's; the SDK is imported here, late."""

from __future__ import annotations

import json
import os
from typing import Any

from clouddeploy.errors import (
    CloudDeployError,
    CredentialsError,
    MissingToolError,
    NotFoundError,
    TemporaryError,
)

ENDPOINT = "https://api.acme.example"
_TOKEN = "export ACME_TOKEN=…, made at https://console.acme.example/tokens"  # noqa: S105


class Api:
    """Sends one request for each call; never waits and never tries again."""

    def call(self, method: str, path: str, body: object = None) -> Any:
        """The answer's JSON. Raises clouddeploy's errors only."""
        try:
            import urllib3
        except ModuleNotFoundError as error:
            raise MissingToolError("acme needs urllib3", fix="pip install clouddeploy-acme") from error
        token = os.environ.get("ACME_TOKEN", "")
        if not token:
            raise CredentialsError("there are no Acme credentials", fix=_TOKEN)
        url = os.environ.get("ACME_ENDPOINT", ENDPOINT) + path
        headers = {"Authorization": f"Bearer {token}"}
        try:
            with urllib3.PoolManager(retries=False, timeout=30) as pool:
                answer = pool.request(method, url, json=body, headers=headers)
        except urllib3.exceptions.HTTPError as error:
            raise TemporaryError(
                "Acme's API cannot be reached", fix="check the network, try again"
            ) from error
        if answer.status >= 400:
            raise _translated(answer.status, answer.data)
        return answer.json() if answer.data else None

    def find(self, path: str) -> Any:
        """As `call("GET", path)`, None where there is nothing."""
        try:
            return self.call("GET", path)
        except NotFoundError:
            return None


def _translated(status: int, body: bytes) -> CloudDeployError:
    try:
        told = str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        told = f"HTTP {status}"
    code = str(status)
    if status in (401, 403):
        return CredentialsError(f"Acme does not accept the credentials: {told}", fix=_TOKEN, code=code)
    if status == 404:
        return NotFoundError(f"Acme knows nothing of it: {told}", fix="clouddeploy doctor", code=code)
    if status == 429 or status >= 500:
        return TemporaryError(f"Acme is busy: {told}", fix="try again in a minute", code=code)
    return CloudDeployError(f"Acme refuses: {told}", fix="clouddeploy doctor", code=code)
