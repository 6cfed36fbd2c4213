"""What Service Usage and Resource Manager refuse. Asked without our provider."""

from __future__ import annotations

from typing import Any

import pytest

from moto_fixtures.gcp import CHECKED, PROJECT, GcpAccount
from tests.providers.gcp.asker import Asker

SERVICES = f"/v1/projects/{PROJECT}/services"
CONTAINER = "container.googleapis.com"


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({"serviceIds": [CONTAINER]}, 200, ""),
        ({"serviceIds": []}, 400, "must not be empty"),
        ({"serviceIds": [CONTAINER] * 21}, 400, "at most 20 services"),
        ({"services": [CONTAINER]}, 400, 'Unknown name "services": Cannot find field.'),
        (
            {"serviceIds": [CONTAINER, "gmail-api.googleapis.com"]},
            403,
            "Not found or permission denied for service(s): gmail-api.googleapis.com.",
        ),
    ],
)
def test_services_are_enabled_by_their_names(ask: Asker, body: Any, status: int, message: str) -> None:
    found = ask("POST", f"{SERVICES}:batchEnable", body, status)
    assert message in found.get("error", {}).get("message", "")


@pytest.mark.parametrize(
    ("names", "status"),
    [
        ([f"projects/{PROJECT}/services/{CONTAINER}"], 200),
        ([f"projects/123456789012/services/{CONTAINER}"], 200),
        ([CONTAINER], 400),
        ([f"projects/another/services/{CONTAINER}"], 400),
        ([f"projects/{PROJECT}/services/{CONTAINER}"] * 31, 400),
    ],
)
def test_services_are_asked_for_by_their_full_names(ask: Asker, names: list[str], status: int) -> None:
    ask("GET", f"{SERVICES}:batchGet?{'&'.join(f'names={one}' for one in names)}", status=status)


def test_services_are_listed_in_pages(ask: Asker) -> None:
    first = ask("GET", f"{SERVICES}?pageSize=4")
    second = ask("GET", f"{SERVICES}?pageSize=4&pageToken={first['nextPageToken']}")
    assert (len(first["services"]), len(second["services"]), "nextPageToken" in second) == (4, 1, False)


@pytest.mark.parametrize("permissions", [["container.*"], "container", {"a": 1}])
def test_permissions_are_asked_for_by_their_names(
    ask: Asker, gcp_account: GcpAccount, permissions: Any
) -> None:
    gcp_account.plant(CHECKED)
    ask("POST", f"/v1/projects/{PROJECT}:testIamPermissions", {"permissions": permissions}, 400)
