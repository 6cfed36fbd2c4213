"""Bad weather: throttling, minutes of server errors, tokens that end half-way."""

from __future__ import annotations

import json

import pytest

from clouddeploy.contract import ClusterSpec
from clouddeploy.emulator.faults import Request
from clouddeploy.errors import CredentialsError
from clouddeploy_gcp.emulator.answers import ApiError
from moto_fixtures.gcp import REGION, GcpAccount
from tests.providers.gcp.life import make, remove

SPEC = ClusterSpec("demo", nodes=2)
WRITES = ("/repositories", ":setIamPolicy", "/clusters")


def assert_made_once(account: GcpAccount) -> None:
    assert list(account.cloud.gke.clusters) == [(f"{REGION}-a", "demo")]
    assert list(account.cloud.artifacts.repositories) == [(REGION, "demo")]


def writing(end: str, request: Request) -> bool:
    return request.method == "POST" and request.path.partition("?")[0].endswith(end)


@pytest.mark.parametrize("end", WRITES)
def test_a_call_that_is_throttled_again_and_again_is_waited_out(end: str, gcp_account: GcpAccount) -> None:
    text = "Quota exceeded for quota metric 'Requests' and limit 'Requests per minute'"
    error = ApiError("RESOURCE_EXHAUSTED", text, reason="RATE_LIMIT_EXCEEDED")
    gcp_account.cloud.faults.throttle(
        4, match=lambda request: writing(end, request), body=json.dumps(error.body())
    )
    make(gcp_account, SPEC)
    assert_made_once(gcp_account)


@pytest.mark.parametrize("end", WRITES)
def test_five_minutes_of_server_errors_are_waited_out(end: str, gcp_account: GcpAccount) -> None:
    """They begin with a write that is carried out."""
    faults, clock = gcp_account.cloud.faults, gcp_account.clock
    faults.after(1, lambda _: faults.outage(300, clock), lambda request: writing(end, request))
    begun = clock.monotonic()
    make(gcp_account, SPEC)
    assert clock.monotonic() - begun > 300
    assert_made_once(gcp_account)


def test_tokens_that_end_half_way_are_renewed(gcp_account: GcpAccount) -> None:
    cloud = gcp_account.cloud
    for end in WRITES:
        cloud.faults.after(1, lambda _: cloud.accounts.expire_all(), lambda one, end=end: writing(end, one))
    make(gcp_account, SPEC)
    assert_made_once(gcp_account)
    remove(gcp_account, SPEC)
    assert cloud.ledger() == []


def test_an_access_token_that_nobody_renews_says_so_and_the_next_run_goes_on(
    gcp_account: GcpAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = gcp_account.cloud
    monkeypatch.setenv("CLOUDSDK_AUTH_ACCESS_TOKEN", cloud.accounts.issue())
    cloud.faults.after(1, lambda _: cloud.accounts.expire_all(), lambda one: writing("/clusters", one))
    with pytest.raises(CredentialsError) as caught:
        make(gcp_account, SPEC)
    assert "run the same command again to go on" in str(caught.value.fix)
    monkeypatch.setenv("CLOUDSDK_AUTH_ACCESS_TOKEN", cloud.accounts.issue())
    make(gcp_account, SPEC)
    assert_made_once(gcp_account)
