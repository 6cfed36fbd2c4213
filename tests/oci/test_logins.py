"""Whose login is sent, and how: identity tokens, docker's own, none at all."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from clouddeploy.contract import IDENTITY_TOKEN, Login, Secret
from clouddeploy.emulator.registry import Authorize, OciRegistry, TokenServer, basic
from clouddeploy.emulator.server import Server
from clouddeploy.errors import CredentialsError
from clouddeploy.oci.client import RegistryClient
from clouddeploy.oci.descriptor import OCI_LAYER_GZIP, Descriptor, digest_of
from clouddeploy.oci.keychain import keep_login
from tests.oci.scripted import Answer, Scripted

PASSWORD = "correct-horse-battery"
BLOB = b"layer bytes"
LAYER = Descriptor(OCI_LAYER_GZIP, digest_of(BLOB), len(BLOB))


def test_an_identity_token_is_traded_for_access_tokens(tmp_path: Path) -> None:
    tokens = TokenServer({}, identity_tokens=["refresh-token"])
    with Server(OciRegistry(tmp_path, authorize=tokens.authorize)) as server, Server(tokens) as token_server:
        tokens.realm = f"{token_server.url}/token"
        login = Login(server.host, IDENTITY_TOKEN, Secret("refresh-token"))
        with RegistryClient(server.host, lambda: login) as client:
            client.upload_blob("shop/web", LAYER, lambda: io.BytesIO(BLOB))
            assert client.requests == 4  # refused, token, POST, PUT
        refused = Login(server.host, IDENTITY_TOKEN, Secret("another-token"))
        with (
            RegistryClient(server.host, lambda: refused) as client,
            pytest.raises(CredentialsError) as caught,
        ):
            client.has_blob("shop/web", LAYER.digest)
        assert "another-token" not in f"{caught.value.message} {caught.value.fix}"


def test_an_identity_token_is_no_password(tmp_path: Path) -> None:
    with Server(OciRegistry(tmp_path, authorize=basic({"ci": PASSWORD}))) as server:
        login = Login(server.host, IDENTITY_TOKEN, Secret("refresh-token"))
        with RegistryClient(server.host, lambda: login) as client, pytest.raises(CredentialsError) as caught:
            client.has_blob("shop/web", LAYER.digest)
        assert "is an identity token, and" in caught.value.message
        assert caught.value.fix == f"clouddeploy registry login {server.host}"


def test_dockers_login_is_used_where_no_other_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    with Server(OciRegistry(tmp_path, authorize=basic({"ci": PASSWORD}))) as server:
        with RegistryClient(server.host) as client, pytest.raises(CredentialsError):
            client.has_blob("shop/web", LAYER.digest)
        keep_login(Login(server.host, "ci", Secret(PASSWORD)))
        with RegistryClient(server.host) as client:
            assert not client.has_blob("shop/web", LAYER.digest)


@pytest.mark.parametrize("kind", ["basic", "bearer"])
def test_enter_proves_a_login(kind: str, tmp_path: Path) -> None:
    tokens = TokenServer({"ci": PASSWORD})
    judges: dict[str, Authorize] = {"basic": basic({"ci": PASSWORD}), "bearer": tokens.authorize}
    with Server(OciRegistry(tmp_path, authorize=judges[kind])) as server, Server(tokens) as token_server:
        tokens.realm = f"{token_server.url}/token"
        with RegistryClient(server.host, lambda: Login(server.host, "ci", Secret(PASSWORD))) as client:
            assert client.enter() is True
        wrong = Login(server.host, "ci", Secret("another-password"))
        with RegistryClient(server.host, lambda: wrong) as client, pytest.raises(CredentialsError):
            client.enter()


def test_enter_says_when_nobody_is_asked(client: RegistryClient, registry: Scripted) -> None:
    registry.script = lambda _: Answer(200, body=b"{}")
    assert client.enter() is False
    assert registry.authorizations() == []
