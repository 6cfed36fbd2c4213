"""A vendor's price list is read through the proxy that HTTPS_PROXY names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clouddeploy.emulator.certificates import Authority
from clouddeploy.emulator.server import Server
from clouddeploy.errors import TemporaryError
from clouddeploy.prices.sources.web import read_json
from tests.tunnels import TunnelProxy

HOST = "prices.example"


def prices(_: object, start: Any) -> list[bytes]:
    start("200 OK", [("Content-Type", "application/json")])
    return [b'{"usd": 0.10}']


def test_a_list_is_read_through_a_tunnel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority(tmp_path, "vendors")
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.pair.certificate))
    with (
        Server(prices, tls=authority.server("prices", (HOST,))) as server,
        TunnelProxy({f"{HOST}:443": server.port}, login="ada:Secr3t-words") as proxy,
    ):
        monkeypatch.setenv("HTTPS_PROXY", f"http://ada:Secr3t-words@{proxy.host}")
        assert str(read_json(f"https://{HOST}/list.json")["usd"]) == "0.10"
    assert proxy.asked == [f"{HOST}:443"]


def test_a_proxy_that_refuses_leaves_the_prices_of_before(monkeypatch: pytest.MonkeyPatch) -> None:
    with TunnelProxy({}) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy.host}")
        with pytest.raises(TemporaryError, match="cannot be reached") as caught:
            read_json(f"https://{HOST}/list.json")
    assert "the prices of before stay" in str(caught.value.fix)
