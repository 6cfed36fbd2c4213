"""How requests reach a Kubernetes API: who we are, whom we trust, when we try again."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from clouddeploy.contract import ClientCertificate, Credential, KubeAccess, Secret, Token
from clouddeploy.emulator.certificates import Authority
from clouddeploy.emulator.server import Server, free_port
from clouddeploy.errors import CloudDeployError, CredentialsError, TemporaryError
from clouddeploy.kube.client import connect
from clouddeploy.kube.kinds import POD
from clouddeploy.kube.transport import PAUSES
from tests.kube.clocks import Jumping

Answer = tuple[int, dict[str, str], object]
PODS: Answer = (200, {}, {"items": []})


class Api:
    """Answers with what the test lines up (the last again and again), and remembers what it was sent."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.requests: list[dict[str, Any]] = []

    def __call__(self, environ: dict[str, Any], start: Callable[..., object]) -> list[bytes]:
        self.requests.append(dict(environ))
        code, headers, body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        extra = {"Content-Type": "application/json", "Content-Length": str(len(data)), **headers}
        start(f"{code} -", list(extra.items()))
        return [data]

    @property
    def bearers(self) -> list[str | None]:
        return [request.get("HTTP_AUTHORIZATION") for request in self.requests]


class Credentials:
    """Issues token-1, token-2, …, each good for `life`."""

    def __init__(self, life: timedelta | None = None) -> None:
        self.life = life
        self.issued = 0

    def __call__(self) -> Credential:
        self.issued += 1
        return Token(Secret(f"token-{self.issued}"), datetime.now(UTC) + self.life if self.life else None)


class Switch:
    """Hands requests to the test's own `api`, so that one server serves all tests."""

    api: Api

    def __call__(self, environ: dict[str, Any], start: Callable[..., object]) -> list[bytes]:
        return self.api(environ, start)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"), "test")


@pytest.fixture(scope="module")
def switch(authority: Authority) -> Iterator[tuple[Switch, str]]:
    switch = Switch()
    with Server(switch, tls=authority.server("api"), client_authority=authority.pair.certificate) as server:
        yield switch, server.url


@pytest.fixture
def serve(switch: tuple[Switch, str]) -> Callable[[Api], str]:
    def use(api: Api) -> str:
        switch[0].api = api
        return switch[1]

    return use


Serve = Callable[[Api], str]


def pods(access: KubeAccess, clock: Jumping | None = None, times: int = 1) -> None:
    with connect(access, clock=clock or Jumping()) as kube:
        for _ in range(times):
            kube.list(POD, "shop")


def refusal(access: KubeAccess, clock: Jumping | None = None) -> CloudDeployError:
    with pytest.raises(CloudDeployError) as caught:
        pods(access, clock)
    assert caught.value.fix
    return caught.value


class TestTokens:
    """A bearer token is renewed before it ends, and once when it is refused."""

    def test_a_token_serves_as_long_as_it_lasts(self, serve: Serve, authority: Authority) -> None:
        api, tokens = Api(PODS), Credentials(timedelta(minutes=15))
        pods(KubeAccess(serve(api), authority.pem, tokens), times=3)
        assert api.bearers == ["Bearer token-1"] * 3

    def test_a_token_that_ends_within_two_minutes_is_renewed_first(
        self, serve: Serve, authority: Authority
    ) -> None:
        api, tokens = Api(PODS), Credentials(timedelta(seconds=119))
        pods(KubeAccess(serve(api), authority.pem, tokens))
        assert api.bearers == ["Bearer token-2"]

    def test_a_refused_token_is_renewed_once(self, serve: Serve, authority: Authority) -> None:
        api = Api((401, {}, {}), PODS)
        pods(KubeAccess(serve(api), authority.pem, Credentials()))
        assert api.bearers == ["Bearer token-1", "Bearer token-2"]

    def test_no_token_is_asked_for_without_end(self, serve: Serve, authority: Authority) -> None:
        api, tokens = Api((401, {}, {})), Credentials()
        error = refusal(KubeAccess(serve(api), authority.pem, tokens))
        assert isinstance(error, CredentialsError)
        assert "does not accept the credentials" in error.message
        assert len(api.requests) == tokens.issued == 2

    def test_a_token_is_in_no_error(self, serve: Serve, authority: Authority) -> None:
        error = refusal(KubeAccess(serve(Api((403, {}, b"no"))), authority.pem, Credentials()))
        assert "token-1" not in repr(error) + str(error.fix)

    def test_the_environment_offers_no_credentials_and_no_proxy(
        self, serve: Serve, authority: Authority, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        (tmp_path / ".netrc").write_text("machine 127.0.0.1 login netrc password secret")
        monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{free_port()}")
        api = Api(PODS)
        pods(KubeAccess(serve(api), authority.pem, lambda: None))
        assert api.bearers == [None]


class TestTls:
    """The cluster proves who it is before it is told anything."""

    def test_another_authoritys_server_is_refused(self, serve: Serve, tmp_path: Path) -> None:
        api, other = Api(PODS), Authority(tmp_path / "other", "other")
        error = refusal(KubeAccess(serve(api), other.pem, Credentials()))
        assert "is not the one expected" in error.message
        assert not isinstance(error, TemporaryError)
        assert api.requests == []

    def test_a_client_certificate_is_shown(self, serve: Serve, authority: Authority) -> None:
        api, pair = Api(PODS), authority.client("ada", ("admins",))
        shown = ClientCertificate(pair.certificate.read_text(), Secret(pair.key.read_text()))
        pods(KubeAccess(serve(api), authority.pem, lambda: shown))
        assert api.requests[0]["SSL_CLIENT_S_DN_CN"] == "ada"
        assert api.bearers == [None]

    def test_a_key_is_on_disk_for_a_moment_and_for_us_alone(
        self, serve: Serve, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = tmp_path / "tmp"
        folder.mkdir()
        monkeypatch.setattr("tempfile.tempdir", str(folder))
        seen: list[tuple[str, int]] = []
        load = ssl.SSLContext.load_cert_chain

        def watched(context: ssl.SSLContext, file: str, *rest: Any, **named: Any) -> None:
            seen.append((file, Path(file).stat().st_mode & 0o777))
            load(context, file, *rest, **named)

        monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", watched)
        pair = authority.client("ada")
        shown = ClientCertificate(pair.certificate.read_text(), Secret(pair.key.read_text()))
        pods(KubeAccess(serve(Api(PODS)), authority.pem, lambda: shown))
        assert [mode for file, mode in seen if file.startswith(str(folder))] == [0o600]
        assert list(folder.iterdir()) == []

    @pytest.mark.parametrize("ca", ["nonsense", ""])
    def test_a_ca_that_is_none(self, ca: str) -> None:
        error = refusal(KubeAccess("https://127.0.0.1:1", ca, Credentials()))
        assert isinstance(error, CredentialsError)
        assert "is not valid PEM" in error.message

    def test_a_client_certificate_that_is_none(self, authority: Authority) -> None:
        broken = ClientCertificate("nonsense", Secret("top-secret"))
        error = refusal(KubeAccess("https://127.0.0.1:1", authority.pem, lambda: broken))
        assert "is not valid PEM" in error.message
        assert "top-secret" not in error.message

    def test_credentials_are_not_sent_unencrypted(self) -> None:
        error = refusal(KubeAccess("http://cluster.example.com", None, Credentials()))
        assert isinstance(error, CredentialsError)
        assert error.message == "credentials are not sent to http://cluster.example.com: it is not encrypted"


class TestPassingFailures:
    """What may succeed in a moment is tried again, for a bounded time."""

    @pytest.mark.parametrize("code", [429, 500, 502, 503, 504])
    def test_an_overloaded_server_is_asked_again(self, serve: Serve, authority: Authority, code: int) -> None:
        api, clock = Api((code, {}, {}), (code, {}, b"<html>"), PODS), Jumping()
        pods(KubeAccess(serve(api), authority.pem, Credentials()), clock)
        assert clock.slept == list(PAUSES[:2])

    def test_it_is_asked_no_sooner_than_it_says(self, serve: Serve, authority: Authority) -> None:
        api, clock = Api((429, {"Retry-After": "7"}, {}), PODS), Jumping()
        pods(KubeAccess(serve(api), authority.pem, Credentials()), clock)
        assert clock.slept == [7]

    def test_a_wait_that_is_too_long_is_the_persons_to_decide(
        self, serve: Serve, authority: Authority
    ) -> None:
        clock = Jumping()
        api = Api((429, {"Retry-After": "3600"}, {"message": "too many"}))
        error = refusal(KubeAccess(serve(api), authority.pem, Credentials()), clock)
        assert isinstance(error, TemporaryError)
        assert "too many" in error.message
        assert clock.slept == []

    def test_it_is_not_asked_for_ever(self, serve: Serve, authority: Authority) -> None:
        api, clock = Api((503, {}, {"message": "starting"})), Jumping()
        error = refusal(KubeAccess(serve(api), authority.pem, Credentials()), clock)
        assert isinstance(error, TemporaryError)
        assert error.message == "the Kubernetes API failed at pods in namespace shop: starting"
        assert len(api.requests) == len(PAUSES) + 1

    def test_a_mistake_in_an_object_is_final_though_the_server_calls_it_500(
        self, serve: Serve, authority: Authority
    ) -> None:
        clock = Jumping()
        api = Api((500, {}, {"message": "failed to create typed patch object (x): .spec.bogus: unknown"}))
        error = refusal(KubeAccess(serve(api), authority.pem, Credentials()), clock)
        assert ".spec.bogus" in error.message
        assert not isinstance(error, TemporaryError)
        assert clock.slept == []

    def test_a_cluster_that_is_not_there(self) -> None:
        clock, server = Jumping(), f"https://127.0.0.1:{free_port()}"
        error = refusal(KubeAccess(server, None, Credentials()), clock)
        assert isinstance(error, TemporaryError)
        assert error.message == f"the Kubernetes API at {server[8:]} cannot be reached: connection refused"
        assert "clouddeploy cluster show" in str(error.fix)
        assert len(clock.slept) == 2

    def test_a_name_that_does_not_exist(self) -> None:
        clock = Jumping()
        error = refusal(KubeAccess("https://cluster.invalid", None, Credentials()), clock)
        assert "cluster.invalid cannot be resolved" in error.message
        assert clock.slept == []
