"""An emulated project, asked without our provider."""

from __future__ import annotations

from typing import Any

import requests

from clouddeploy_gcp.emulator.cloud import GcpCloud
from moto_fixtures.gcp import PROJECT, ZONE

PLACES = f"/v1/projects/{PROJECT}/locations"


class Asker:
    """Plain HTTP with an access token."""

    def __init__(self, cloud: GcpCloud) -> None:
        self.cloud = cloud
        self.token = cloud.accounts.issue()
        self._session = requests.Session()

    def __call__(self, method: str, path: str, body: Any = None, status: int = 200, token: str = "") -> Any:
        headers = {"Authorization": f"Bearer {token or self.token}"}
        answer = requests.request(method, f"{self.cloud.url}{path}", json=body, headers=headers, timeout=60)
        assert answer.status_code == status, answer.text
        return answer.json()

    def status(self, method: str, path: str, body: Any = None) -> int:
        """Of the answer, whatever it is."""
        headers = {"Authorization": f"Bearer {self.token}"}
        url = f"{self.cloud.url}{path}"
        return self._session.request(method, url, json=body, headers=headers, timeout=60).status_code

    def create(self, status: int = 200, place: str = ZONE, **cluster: Any) -> Any:
        named = {"name": "demo", "initialNodeCount": 1, **cluster}
        return self("POST", f"{PLACES}/{place}/clusters", {"cluster": named}, status)

    def refused(self, method: str, path: str, body: Any = None, status: int = 400) -> str:
        """The text of a refusal."""
        return str(self(method, path, body, status)["error"]["message"])
