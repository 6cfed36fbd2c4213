"""Bad weather: throttling, minutes of server errors, a token that is revoked half-way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from clouddeploy.clusters import up
from clouddeploy.contract import ClusterSpec
from clouddeploy.emulator.faults import Request, writes
from clouddeploy.errors import CredentialsError, TemporaryError
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


@pytest.mark.parametrize("path", ["/v2/vpcs", "/v2/kubernetes/clusters"])
def test_a_range_that_somebody_was_given_at_the_same_moment_is_asked_for_again(
    path: str, do_account: DigitalOceanAccount
) -> None:
    """digitalocean-labs/mcp-digitalocean#260: DOKS chooses the range of pods, and may choose one twice."""
    said = (
        "creating vpc pod subnet overlay: rpc error: code = InvalidArgument desc = "
        "This range/size overlaps with another VPC network in your account: 10.247.0.0/16."
    )
    body = f'{{"id": "unprocessable_entity", "message": "{said}"}}'
    do_account.cloud.faults.fail(422, 3, match=lambda request: posting(path, request), body=body)
    make(do_account)
    assert_made_once(do_account)


def test_the_hourly_limit_is_told_with_the_time_when_it_ends(do_account: DigitalOceanAccount) -> None:
    do_account.cloud.limit.use_up()
    with pytest.raises(TemporaryError, match="API Rate limit exceeded") as caught:
        connect(do_account.target()).clusters.list()
    ends = datetime.now(UTC) + timedelta(hours=1)
    times = {f"{ends + timedelta(minutes=late):%H:%M} UTC" for late in (-1, 0, 1)}
    assert any(f"run it again after {one}" in str(caught.value.fix) for one in times)


@pytest.mark.parametrize("body", ["<html>sign in to the network</html>" * 100, "[]", ""])
def test_an_answer_that_is_none_of_the_api_is_no_empty_account(
    body: str, do_account: DigitalOceanAccount
) -> None:
    do_account.cloud.faults.fail(200, 99, match=lambda request: request.method == "GET", body=body)
    with pytest.raises(TemporaryError, match=r"no JSON object|JSON is invalid") as caught:
        connect(do_account.target(registry={"name": "acme"})).registry.ensure("shop/web")
    assert len(caught.value.message) < 300
    assert do_account.writes() == []


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
