"""Behind a proxy that opens TLS, and beside one when the cloud is emulated: the SDK looks at no variable."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from alibabacloud_tea_openapi import utils_models
from alibabacloud_tea_openapi.client import Client

from clouddeploy.emulator.certificates import Authority
from clouddeploy.emulator.server import Server
from clouddeploy_alibaba.sdk import _runtime
from moto_fixtures.alibaba import AlibabaAccount


def cloud(_: object, start: Any) -> Iterable[bytes]:
    start("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({"AccountId": "1"}).encode()]


def asked(host: str) -> Any:
    config = utils_models.Config(access_key_id="id", access_key_secret="key", endpoint=host, protocol="https")
    how = utils_models.Params(
        action="GetCallerIdentity",
        version="2015-04-01",
        protocol="HTTPS",
        pathname="/",
        method="POST",
        auth_type="AK",
        style="RPC",
        req_body_type="formData",
        body_type="json",
    )
    return Client(config).call_api(how, utils_models.OpenApiRequest(), _runtime())["body"]


def test_the_authority_of_a_proxy_is_trusted_when_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path, "proxy")
    with Server(cloud, tls=authority.server("cloud")) as server:
        with pytest.raises(Exception, match="CERTIFICATE_VERIFY_FAILED"):
            asked(server.host)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.pair.certificate))
        assert asked(server.host) == {"AccountId": "1"}


def test_an_emulated_cloud_is_not_sought_behind_a_proxy(
    alibaba_account: AlibabaAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert alibaba_account.provider().clusters.list() == []
