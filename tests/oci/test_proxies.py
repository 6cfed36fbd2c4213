"""A registry behind the proxy that HTTPS_PROXY names: the tunnel is the proxy's, all in it the registry's."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from clouddeploy.contract import Login, Secret
from clouddeploy.emulator.certificates import Authority
from clouddeploy.emulator.registry import OciRegistry, anonymous
from clouddeploy.emulator.server import Server, free_port
from clouddeploy.errors import CloudDeployError, ConfigError, PreconditionError, TemporaryError
from clouddeploy.oci.client import RegistryClient
from clouddeploy.oci.transport import Request, Transport
from clouddeploy.oci.urls import Origin
from clouddeploy.seam.proxies import proxy_for
from tests.oci.waits import Waits
from tests.tunnels import TunnelProxy

HOST = "registry.example"
ABSENT = "sha256:" + "0" * 64


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """With a certificate for a name that only a proxy can look up."""
    authority = Authority(tmp_path, "registries")
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.pair.certificate))
    with Server(
        OciRegistry(tmp_path / "images", authorize=anonymous), tls=authority.server("registry", (HOST,))
    ) as server:
        yield server


@pytest.fixture
def client(waits: Waits) -> Iterator[RegistryClient]:
    login = Login(HOST, "ci", Secret("registry-password"))
    with RegistryClient(HOST, lambda: login, timeout=5, retry=waits.retry) as found:
        yield found


def test_a_registry_is_reached_through_a_tunnel(
    registry: Server, client: RegistryClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with TunnelProxy({f"{HOST}:443": registry.port}) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy.host}")
        assert not client.has_blob("shop/web", ABSENT)
    assert set(proxy.asked) == {f"{HOST}:443"}


def test_a_proxy_gets_its_login_and_no_error_shows_it(
    registry: Server, client: RegistryClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with TunnelProxy({f"{HOST}:443": registry.port}, login="ada:Secr3t-words") as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://ada:Secr3t%2Dwords@{proxy.host}")
        assert not client.has_blob("shop/web", ABSENT)
        monkeypatch.setenv("HTTPS_PROXY", f"http://ada:an-old-one@{proxy.host}")
        with RegistryClient(HOST) as other, pytest.raises(PreconditionError) as caught:
            other.has_blob("shop/web", ABSENT)
    assert caught.value.message == f"the proxy {proxy.host} wants a login"
    assert caught.value.fix == "write it into HTTPS_PROXY: http://user:password@host:port"


def test_what_the_proxy_forbids_is_said_with_its_name(
    client: RegistryClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with TunnelProxy({}) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy.host}")
        with pytest.raises(CloudDeployError) as caught:
            client.has_blob("shop/web", ABSENT)
    said = f"{HOST}:443 could not be reached: the proxy {proxy.host} answers 403 Forbidden"
    assert caught.value.message == said
    assert "name it in NO_PROXY" in str(caught.value.fix)
    assert not isinstance(caught.value, TemporaryError)


def test_what_the_proxy_cannot_reach_now_may_be_reached_later(
    client: RegistryClient, waits: Waits, monkeypatch: pytest.MonkeyPatch
) -> None:
    with TunnelProxy({}, refusal="502 Bad Gateway") as proxy:
        monkeypatch.setenv("https_proxy", proxy.host)
        with pytest.raises(TemporaryError, match=f"the proxy {proxy.host} answers 502 Bad Gateway"):
            client.has_blob("shop/web", ABSENT)
    assert len(proxy.asked) == len(waits.seconds) + 1 > 1


def test_a_proxy_that_is_not_there(client: RegistryClient, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = f"127.0.0.1:{free_port()}"
    monkeypatch.setenv("ALL_PROXY", f"http://{proxy}")
    with pytest.raises(TemporaryError, match=f"the proxy {proxy} refuses connections"):
        client.has_blob("shop/web", ABSENT)


def test_a_registry_behind_a_proxy_cannot_send_us_into_our_own_network(
    registry: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proxy would go there: an address, and a name that is known here, are refused."""
    names = {"inside.example": "10.0.0.1", "metadata.example": "169.254.169.254"}
    resolve = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *rest, **how: resolve(names.get(host, host), *rest, **how)
    )
    transport = Transport(5)
    transport.at_home(Origin("https", HOST, 443))
    with TunnelProxy({f"{HOST}:443": registry.port}) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy.host}")
        answer = transport.exchange(Request("GET", "", "look", ""), f"https://{HOST}/v2/", {})
        answer.drop()
        for host in [*names, "10.0.0.1"]:
            with pytest.raises(CloudDeployError, match="which is an internal address"):
                transport.exchange(Request("GET", "", "look", ""), f"https://{host}/", {})
    transport.close()
    assert proxy.asked == [f"{HOST}:443"]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "cloud.localhost", "a.intra.example"])
def test_loopback_and_the_exceptions_are_reached_directly(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "intra.example")
    assert proxy_for(host) is None
    found = proxy_for(HOST)
    assert found
    assert found.name == "proxy.example:3128"


@pytest.mark.parametrize("proxy", ["socks5://proxy.example:1080", "http://", "http://proxy:port"])
def test_another_kind_of_proxy_is_refused_before_anything_is_sent(
    proxy: str, client: RegistryClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(ConfigError, match="no http proxy") as caught:
        client.has_blob("shop/web", ABSENT)
    assert "http://host:port" in str(caught.value.fix)
