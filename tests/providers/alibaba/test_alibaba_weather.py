"""Bad weather: throttling, minutes of server errors, credentials that end half-way."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from clouddeploy import clusters
from clouddeploy.contract import ClientCertificate
from clouddeploy.emulator.faults import Request
from clouddeploy.errors import CredentialsError, TemporaryError
from clouddeploy_alibaba.clusters import Certificates
from clouddeploy_alibaba.records import find
from clouddeploy_alibaba.session import Session
from moto_fixtures.alibaba import EXISTING, READERS, AlibabaAccount, EmulatedClock

MAKES = (
    "CreateVpc",
    "CreateVSwitch",
    "CreateCluster",
    "CreateClusterNodePool",
    "InstallClusterAddons",
)


def make(account: AlibabaAccount) -> None:
    provisioner = account.provider().provisioner
    assert provisioner
    clusters.up(provisioner.steps(account.target().cluster), clock=account.clock)


def assert_made_once(account: AlibabaAccount) -> None:
    (cluster,) = account.cloud.ack.clusters()
    assert len(cluster.pools) == 1
    assert len(account.cloud.world.of("vpc")) == 1


@pytest.mark.parametrize("action", MAKES)
def test_a_call_that_is_throttled_again_and_again_is_waited_out(
    action: str, alibaba_account: AlibabaAccount
) -> None:
    def match(request: Request) -> bool:
        return request.headers.get("x-acs-action") == action

    body = json.dumps({"Code": "Throttling.User", "Message": "Request was denied due to user flow control."})
    alibaba_account.cloud.faults.throttle(4, status=400, match=match, body=body)
    make(alibaba_account)
    assert_made_once(alibaba_account)


@pytest.mark.parametrize("after", [1, 4, 6])
def test_five_minutes_of_server_errors_are_waited_out(after: int, alibaba_account: AlibabaAccount) -> None:
    """They begin with the nth write."""
    faults, clock = alibaba_account.cloud.faults, alibaba_account.clock

    def is_write(request: Request) -> bool:
        return not request.headers.get("x-acs-action", "Get").startswith(READERS)

    faults.after(after, lambda _: faults.outage(300, clock), is_write)
    begun = clock.monotonic()
    make(alibaba_account)
    assert clock.monotonic() - begun > 300
    assert_made_once(alibaba_account)


def test_credentials_that_end_half_way_say_so_and_the_next_run_goes_on(
    alibaba_account: AlibabaAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = alibaba_account.cloud
    key = cloud.environment["ALIBABA_CLOUD_ACCESS_KEY_ID"]
    monkeypatch.setenv("ALIBABA_CLOUD_SECURITY_TOKEN", "session-token")
    monkeypatch.setitem(cloud.signatures.tokens, key, "session-token")

    class Ending(EmulatedClock):
        """In the tenth minute the session is over."""

        def sleep(self, seconds: float, /) -> None:
            super().sleep(seconds)
            if self.monotonic() > ends:
                cloud.signatures.tokens[key] = ""

    ends = cloud.clock.now() + 200
    provisioner = alibaba_account.provider().provisioner
    assert provisioner
    with pytest.raises(CredentialsError, match="expired") as caught:
        clusters.up(provisioner.steps(alibaba_account.target().cluster), clock=Ending(cloud))
    assert "ALIBABA_CLOUD_SECURITY_TOKEN" in str(caught.value.fix)
    assert "run the same command again to go on" in str(caught.value.fix)

    cloud.signatures.tokens[key] = "renewed-token"
    monkeypatch.setenv("ALIBABA_CLOUD_SECURITY_TOKEN", "renewed-token")
    make(alibaba_account)
    assert_made_once(alibaba_account)


class TestCertificates:
    """A cluster's certificate is renewed at half-time, and used for longer when that is not possible."""

    @pytest.fixture
    def minutes(self) -> list[float]:
        """How much time has passed; tests write into it."""
        return [0]

    @pytest.fixture
    def certificates(self, minutes: list[float], alibaba_account: AlibabaAccount) -> Certificates:
        alibaba_account.plant(EXISTING)
        session = Session(alibaba_account.target())
        cluster = find(session, "demo")
        assert cluster
        begun = datetime.now(UTC)
        found = Certificates(session, cluster, lambda: begun + timedelta(minutes=minutes[0]))
        found.current()
        return found

    @pytest.mark.parametrize(("after", "asked"), [(29, 1), (31, 2)])
    def test_it_is_renewed_at_half_time(
        self,
        after: float,
        asked: int,
        minutes: list[float],
        certificates: Certificates,
        alibaba_account: AlibabaAccount,
    ) -> None:
        minutes[0] = after
        certificates.current()
        assert alibaba_account.cloud.calls.count(("CS", "DescribeClusterUserKubeconfig")) == asked

    def test_the_old_one_serves_while_no_other_can_be_had(
        self, minutes: list[float], certificates: Certificates, alibaba_account: AlibabaAccount
    ) -> None:
        alibaba_account.cloud.faults.throttle(2, status=400, body=json.dumps({"Code": "Throttling.User"}))
        minutes[0] = 40
        assert isinstance(certificates.current(), ClientCertificate)
        minutes[0] = 56
        with pytest.raises(TemporaryError):
            certificates.current()
        assert isinstance(certificates.current(), ClientCertificate)
