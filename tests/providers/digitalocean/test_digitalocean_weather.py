"""Bad weather: throttling, minutes of server errors, a token that is revoked half-way."""

from __future__ import annotations

import pytest

from clouddeploy.clusters import up
from clouddeploy.contract import ClusterSpec
from clouddeploy.emulator.faults import Request, writes
from clouddeploy.errors import CredentialsError
from clouddeploy_digitalocean import connect
from moto_fixtures.digitalocean import DigitalOceanAccount

MAKES = ("/v2/vpcs", "/v2/kubernetes/clusters", "/v2/registries", "/v2/kubernetes/registries")


@pytest.fixture(autouse=True)
def sdk_waits_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """azure-core's own pauses before a retry."""
    monkeypatch.setattr("azure.core.pipeline.transport.RequestsTransport.sleep", lambda *_: None)


def make(account: DigitalOceanAccount) -> None:
    provisioner = connect(account.target()).provisioner
    assert provisioner
    up(provisioner.steps(ClusterSpec("demo")), clock=account.clock)


def assert_made_once(account: DigitalOceanAccount) -> None:
    found = account.inventory()
    assert [one[0] for one in found["clusters"]] == ["demo"]
    assert [name for name, _, default in found["vpcs"] if not default] == ["clouddeploy-demo"]


def posting(path: str, request: Request) -> bool:
    return request.method == "POST" and request.path == path


@pytest.mark.parametrize("path", MAKES)
def test_a_call_that_is_throttled_again_and_again_is_waited_out(
    path: str, do_account: DigitalOceanAccount
) -> None:
    body = '{"id": "too_many_requests", "message": "API Rate limit exceeded."}'
    do_account.cloud.faults.throttle(
        4, retry_after=1, match=lambda request: posting(path, request), body=body
    )
    make(do_account)
    assert_made_once(do_account)


@pytest.mark.parametrize("path", MAKES)
def test_five_minutes_of_server_errors_are_waited_out(path: str, do_account: DigitalOceanAccount) -> None:
    """They begin with a write that is carried out."""
    faults, clock = do_account.cloud.faults, do_account.clock
    faults.after(1, lambda _: faults.outage(300, clock), lambda request: posting(path, request))
    begun = clock.monotonic()
    make(do_account)
    assert clock.monotonic() - begun > 300
    assert_made_once(do_account)


def test_more_than_250_requests_in_a_minute_are_refused_with_when_to_come_back(
    do_account: DigitalOceanAccount,
) -> None:
    import urllib3

    cloud = do_account.cloud
    headers = {"Authorization": f"Bearer {cloud.token}"}
    with urllib3.PoolManager(retries=False) as pool:
        answers = [pool.request("GET", f"{cloud.url}/v2/account", headers=headers) for _ in range(251)]
        assert {one.status for one in answers[:250]} == {200}
        assert (answers[250].status, answers[250].headers["retry-after"]) == (429, "60")
        cloud.clock.advance(60)
        assert pool.request("GET", f"{cloud.url}/v2/account", headers=headers).status == 200


def test_a_token_that_is_revoked_says_so_and_the_next_run_goes_on(
    do_account: DigitalOceanAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = do_account.cloud
    token = cloud.token
    cloud.faults.after(3, lambda _: setattr(cloud, "token", "dop_v1_another"), writes)
    with pytest.raises(CredentialsError, match="refuses the token") as caught:
        make(do_account)
    assert "run the same command again to go on" in str(caught.value.fix)
    monkeypatch.setattr(cloud, "token", token)
    make(do_account)
    assert_made_once(do_account)
