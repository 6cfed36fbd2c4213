"""A cluster behind the proxy that HTTPS_PROXY names, as kubectl reaches it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clouddeploy.contract import KubeAccess, Secret, Token
from clouddeploy.emulator.certificates import Authority
from clouddeploy.emulator.server import Server
from clouddeploy.errors import CloudDeployError, TemporaryError
from clouddeploy.kube.client import connect
from clouddeploy.kube.kinds import POD
from tests.kube.clocks import Jumping
from tests.tunnels import TunnelProxy

HOST = "cluster.example"


class Api:
    """No pods for whoever has the token."""

    def __init__(self) -> None:
        self.bearers: list[str] = []

    def __call__(self, environ: dict[str, Any], start: Any) -> list[bytes]:
        self.bearers.append(environ["HTTP_AUTHORIZATION"])
        start("200 OK", [("Content-Type", "application/json")])
        return [json.dumps({"items": []}).encode()]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "authority")


@pytest.fixture
def server(authority: Authority) -> Iterator[Server]:
    with Server(Api(), tls=authority.server("cluster", (HOST,))) as found:
        yield found


def pods(authority: Authority) -> list[Any]:
    access = KubeAccess(f"https://{HOST}", authority.pem, lambda: Token(Secret("token-of-ada")))
    with connect(access, clock=Jumping()) as kube:
        return kube.list(POD, "shop")


def test_the_api_is_reached_through_a_tunnel(
    server: Server, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    with TunnelProxy({f"{HOST}:443": server.port}, login="ada:Secr3t-words") as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://ada:Secr3t-words@{proxy.host}")
        assert pods(authority) == []
    assert proxy.asked == [f"{HOST}:443"]


def test_a_proxy_that_refuses_is_named(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    with TunnelProxy({}) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy.host}")
        with pytest.raises(CloudDeployError, match=f"the proxy {proxy.host} answers 403 Forbidden") as caught:
            pods(authority)
    assert not isinstance(caught.value, TemporaryError)
    assert "name it in NO_PROXY" in str(caught.value.fix)


def test_a_proxy_never_sees_the_token(
    server: Server, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy that leads elsewhere meets the cluster's authority, before anything is said."""
    api, other = Api(), Authority(tmp_path / "other", "other")
    with (
        Server(api, tls=other.server("cluster", (HOST,))) as elsewhere,
        TunnelProxy({f"{HOST}:443": elsewhere.port}) as proxy,
    ):
        monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy.host}")
        with pytest.raises(CloudDeployError, match="is not the one expected"):
            pods(authority)
    assert api.bearers == []
