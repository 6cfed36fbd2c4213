"""pydo as it comes, and what is repaired of it."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pydo
import pytest

from clouddeploy.clusters import up
from clouddeploy.contract import ClusterSpec, Secret
from clouddeploy.emulator.certificates import Authority
from clouddeploy.emulator.faults import writes
from clouddeploy.emulator.server import Server
from clouddeploy.errors import (
    CloudDeployError,
    ConfigError,
    CredentialsError,
    NotFoundError,
    PreconditionError,
    TemporaryError,
)
from clouddeploy_digitalocean import connect, sdk
from clouddeploy_digitalocean.api import Api
from clouddeploy_digitalocean.errors import translated
from clouddeploy_digitalocean.sdk import Refused, Sdk
from moto_fixtures.digitalocean import EXISTING, DigitalOceanAccount

NOBODY = "bd5f5959-5e1e-4205-a714-a914373942af"


@pytest.fixture
def repaired(do_account: DigitalOceanAccount) -> Sdk:
    return Sdk(Secret(do_account.cloud.token), do_account.cloud.url)


def test_plain_http_is_fine_on_loopback(do_account: DigitalOceanAccount, repaired: Sdk) -> None:
    plain = pydo.Client(do_account.cloud.token, endpoint=do_account.cloud.url)
    with pytest.raises(Exception, match="non-TLS"):
        plain.account.get(retry_total=0)
    assert repaired.call("account", "get").body["account"]["status"] == "active"


def test_a_404_is_an_error(repaired: Sdk) -> None:
    with pytest.raises(Refused) as caught:
        repaired.call("kubernetes", "get_cluster", NOBODY)
    assert (caught.value.status, caught.value.id) == (404, "not_found")
    assert caught.value.request_id


def test_a_login_that_writes_and_ends_can_be_asked_for(
    do_account: DigitalOceanAccount, repaired: Sdk
) -> None:
    do_account.plant(EXISTING)
    Api(repaired).docker_credentials("acme", 60)
    sent = do_account.cloud.faults.record[-1].path
    assert sent == "/v2/registries/acme/docker-credentials?read_write=true&expiry_seconds=60"


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_write_is_sent_once(do_account: DigitalOceanAccount, repaired: Sdk, status: int) -> None:
    do_account.cloud.faults.throttle(9, status=status, retry_after=0)
    with pytest.raises(Refused):
        repaired.call("kubernetes", "create_cluster", {"name": "demo"})
    assert len(do_account.cloud.faults.record) == 1


def test_a_write_whose_reply_is_lost_is_sent_once(do_account: DigitalOceanAccount, repaired: Sdk) -> None:
    do_account.cloud.faults.lose_reply(writes)
    with pytest.raises(TemporaryError), translated("make a VPC"):
        repaired.call("vpcs", "create", {"name": "one", "region": "fra1"})
    assert len(do_account.cloud.faults.record) == 1
    assert len(do_account.cloud.network.vpcs) == 1


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_read_is_sent_again_twice(do_account: DigitalOceanAccount, repaired: Sdk, status: int) -> None:
    do_account.cloud.faults.fail(status, 2)
    assert repaired.call("account", "get").status == 200
    do_account.cloud.faults.fail(status, 3)
    with pytest.raises(Refused):
        repaired.call("account", "get")


def test_a_long_retry_after_is_cut_short(do_account: DigitalOceanAccount, repaired: Sdk) -> None:
    do_account.cloud.faults.throttle(2, retry_after=3600)
    assert repaired.call("account", "get").status == 200  # the suite's timeout is the proof


def test_no_redirect_is_followed_with_the_token(do_account: DigitalOceanAccount) -> None:
    seen: list[str] = []

    def elsewhere(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        seen.append(environ.get("HTTP_AUTHORIZATION", ""))
        start("200 OK", [("Content-Length", "2"), ("Content-Type", "application/json")])
        return [b"{}"]

    with Server(elsewhere) as other:

        def redirect(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
            start("302 Found", [("Location", f"{other.url}/v2/account"), ("Content-Length", "0")])
            return [b""]

        with (
            Server(redirect) as home,
            pytest.raises(CloudDeployError),
            translated("ask"),
        ):
            Sdk(Secret("dop_v1_secret"), home.url).call("account", "get")
    assert seen == []


def test_netrc_does_not_replace_the_token(
    do_account: DigitalOceanAccount, repaired: Sdk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login other password wrong\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert repaired.call("account", "get").status == 200


@pytest.mark.parametrize(
    ("status", "message", "expected", "fix"),
    [
        (401, "Unable to authenticate you", CredentialsError, "set DIGITALOCEAN_TOKEN"),
        (402, "payment required", PreconditionError, "account/billing"),
        (403, "Your account is locked, contact billing", PreconditionError, "account/billing"),
        (403, "You are not authorized to perform this operation", CredentialsError, "kubernetes:create"),
        (404, "The resource you requested could not be found.", NotFoundError, "check the name"),
        (409, "an upgrade is already in progress", TemporaryError, "wait"),
        (409, "name already exists", PreconditionError, "choose another name"),
        (412, "cluster is not ready", TemporaryError, "wait"),
        (412, "the account has several registries", PreconditionError, "docs/digitalocean.md"),
        (422, "validation error: invalid version slug", ConfigError, "version"),
        (
            422,
            "validation error: autoscale desired max nodes exceed limits, 24 additional nodes but not enough "
            "available droplet limit",
            PreconditionError,
            "Droplet limit",
        ),
        (422, "registry contains 1 repositories, limit is 1", PreconditionError, "the limit"),
        (429, "API Rate limit exceeded.", TemporaryError, "in a minute"),
        (500, "Unexpected server-side error", TemporaryError, "in a minute"),
        (503, "", TemporaryError, "in a minute"),
        (418, "a teapot", CloudDeployError, "status.digitalocean.com"),
    ],
)
def test_every_answer_says_what_to_do(status: int, message: str, expected: type, fix: str) -> None:
    body = {"id": "some_id", "message": message, "request_id": "4d9d8375"}
    answer = sdk.Answer(status, body)
    with pytest.raises(CloudDeployError) as caught, translated("create the cluster demo"):
        raise Refused("kubernetes.create_cluster", answer)
    assert type(caught.value) is expected
    assert caught.value.message.startswith("could not create the cluster demo: ")
    assert not caught.value.message.endswith(".")
    assert fix in str(caught.value.fix)
    assert caught.value.code == "some_id"


def test_no_network_is_temporary() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(TemporaryError, match="could not list the clusters") as caught:
        Api(Sdk(Secret("dop_v1_x"), f"http://127.0.0.1:{port}")).clusters()
    assert "check the network" in str(caught.value.fix)


def test_an_answer_that_is_no_json_is_no_traceback(do_account: DigitalOceanAccount, repaired: Sdk) -> None:
    do_account.cloud.faults.fail(200, body="<html>maintenance</html>")
    with pytest.raises(TemporaryError, match="could not list the clusters"):
        Api(repaired).clusters()


def test_an_untrusted_certificate_is_named(tmp_path: Path) -> None:
    stranger = Authority(tmp_path, "stranger").server("cloud")
    with (
        Server(lambda *_: [], tls=stranger) as server,
        pytest.raises(PreconditionError, match="certificate that is not trusted") as caught,
    ):
        Api(Sdk(Secret("dop_v1_secret"), server.url)).clusters()
    assert "REQUESTS_CA_BUNDLE" in str(caught.value.fix)


def test_a_hundred_clusters_come_in_pages(do_account: DigitalOceanAccount, repaired: Sdk) -> None:
    do_account.cloud.account.droplet_limit = 1000
    pool = {"name": "workers", "size": "s-2vcpu-4gb", "count": 1}
    for number in range(203):
        body = {"name": f"c{number}", "region": "fra1", "version": "1.36", "node_pools": [pool]}
        do_account.cloud.kubernetes.plant(body)
    assert len(Api(repaired).clusters()) == 203
    assert do_account.cloud.calls == ["kubernetes.list_clusters"] * 2


def test_a_bad_day_changes_nothing_about_the_end(do_account: DigitalOceanAccount) -> None:
    faults = do_account.cloud.faults
    faults.lose_reply(writes, 3)
    faults.fail(502, 2)
    provisioner = connect(do_account.target()).provisioner
    assert provisioner
    up(provisioner.steps(ClusterSpec("demo")), clock=do_account.clock)
    assert len(do_account.inventory()["clusters"]) == 1
