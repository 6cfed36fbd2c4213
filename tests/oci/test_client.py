"""The client against a whole registry: what goes in comes out, and nothing is asked twice."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from clouddeploy.contract import Login, Secret
from clouddeploy.emulator.certificates import Authority
from clouddeploy.emulator.registry import Authorize, OciRegistry, TokenServer, anonymous, basic
from clouddeploy.emulator.server import Server
from clouddeploy.errors import CloudDeployError, CredentialsError, NotFoundError, TemporaryError
from clouddeploy.oci.client import RegistryClient
from clouddeploy.oci.descriptor import OCI_LAYER_GZIP, OCI_MANIFEST, Descriptor, digest_of
from tests.oci.images import DirectorySource, make_image
from tests.oci.waits import Waits

PASSWORD = "correct-horse-battery"
BLOB = b"layer bytes" * 100_000
LAYER = Descriptor(OCI_LAYER_GZIP, digest_of(BLOB), len(BLOB))


@pytest.fixture
def store(tmp_path: Path) -> OciRegistry:
    return OciRegistry(tmp_path / "registry", authorize=anonymous)


@pytest.fixture
def open_client(store: OciRegistry) -> Iterator[RegistryClient]:
    with Server(store) as server, RegistryClient(server.host) as client:
        yield client


def push(client: RegistryClient, source: DirectorySource, repository: str, tag: str) -> None:
    """The least that makes an image: its blobs and its manifest."""
    for path in source.directory.iterdir():
        digest = path.name.replace("-", ":")
        blob = Descriptor("", digest, path.stat().st_size)
        client.upload_blob(repository, blob, partial(source.open, digest))
    body = source.path(source.manifest.digest).read_bytes()
    client.put_manifest(repository, tag, body, OCI_MANIFEST)


def test_a_blob_goes_in_and_comes_out(open_client: RegistryClient) -> None:
    assert not open_client.has_blob("shop/web", LAYER.digest)
    open_client.upload_blob("shop/web", LAYER, lambda: io.BytesIO(BLOB))
    assert open_client.has_blob("shop/web", LAYER.digest)
    with open_client.open_blob("shop/web", LAYER) as stream:
        assert stream.read() == BLOB


def test_every_byte_is_counted_once(open_client: RegistryClient) -> None:
    counted: list[int] = []
    open_client.upload_blob("shop/web", LAYER, lambda: io.BytesIO(BLOB), counted.append)
    assert sum(counted) == len(BLOB)
    assert len(counted) > 1


def test_an_empty_blob(open_client: RegistryClient) -> None:
    empty = Descriptor(OCI_LAYER_GZIP, digest_of(b""), 0)
    open_client.upload_blob("shop/web", empty, lambda: io.BytesIO(b""))
    with open_client.open_blob("shop/web", empty) as stream:
        assert stream.read() == b""


def test_sha512(open_client: RegistryClient) -> None:
    blob = Descriptor(OCI_LAYER_GZIP, digest_of(BLOB, "sha512"), len(BLOB))
    open_client.upload_blob("shop/web", blob, lambda: io.BytesIO(BLOB))
    with open_client.open_blob("shop/web", blob) as stream:
        assert stream.read() == BLOB


def test_manifests_by_tag_and_by_digest(open_client: RegistryClient, tmp_path: Path) -> None:
    source = make_image(tmp_path / "image")
    push(open_client, source, "shop/web", "v1")
    body = source.path(source.manifest.digest).read_bytes()
    assert open_client.head_manifest("shop/web", "v1") == source.manifest
    assert open_client.get_manifest("shop/web", "v1") == (source.manifest, body)
    assert open_client.get_manifest("shop/web", source.manifest.digest) == (source.manifest, body)


def test_what_is_not_there(open_client: RegistryClient, store: OciRegistry) -> None:
    assert open_client.head_manifest("shop/web", "v1") is None
    with pytest.raises(
        NotFoundError, match=r"could not read shop/web:v1: repository name shop/web not known"
    ):
        open_client.get_manifest("shop/web", "v1")
    store.create_repository("shop/web")
    with pytest.raises(
        NotFoundError, match=r"127\.0\.0\.1:\d+ could not read shop/web:v1: manifest v1 unknown"
    ) as caught:
        open_client.get_manifest("shop/web", "v1")
    assert caught.value.code == "MANIFEST_UNKNOWN"
    assert caught.value.fix == "check the name, and create the repository in the registry if it is missing"
    with pytest.raises(NotFoundError):
        open_client.open_blob("shop/web", LAYER)


def test_a_repository_that_must_exist_first(tmp_path: Path) -> None:
    def told(name: str) -> str:
        return f"The repository with name '{name}' does not exist in the registry with id '1'"

    store = OciRegistry(tmp_path, authorize=anonymous, create_on_push=False, unknown_repository=told)
    with Server(store) as server, RegistryClient(server.host) as client:
        with pytest.raises(
            NotFoundError, match="'shop/web' does not exist in the registry with id '1'"
        ) as caught:
            client.upload_blob("shop/web", LAYER, lambda: io.BytesIO(BLOB))
        assert caught.value.code == "NAME_UNKNOWN"
        store.create_repository("shop/web")
        client.upload_blob("shop/web", LAYER, lambda: io.BytesIO(BLOB))


def test_tags(open_client: RegistryClient, tmp_path: Path) -> None:
    source = make_image(tmp_path / "image", layers=1)
    push(open_client, source, "shop/web", "b")
    open_client.put_manifest("shop/web", "a", source.path(source.manifest.digest).read_bytes(), OCI_MANIFEST)
    assert open_client.tags("shop/web") == ["a", "b"]
    with pytest.raises(NotFoundError):
        open_client.tags("shop/nothing")


def test_a_source_that_lies_is_not_committed(open_client: RegistryClient) -> None:
    for wrong in (BLOB[:-1] + b"X", BLOB[:-1], BLOB + b"X", b""):
        with pytest.raises(CloudDeployError, match="is not what its digest says") as caught:
            open_client.upload_blob("shop/web", LAYER, partial(io.BytesIO, wrong))
        assert caught.value.fix == "build the image again; the registry has kept nothing of this layer"
    assert not open_client.has_blob("shop/web", LAYER.digest)


def test_a_source_that_cannot_be_read(open_client: RegistryClient, tmp_path: Path) -> None:
    with pytest.raises(CloudDeployError, match=f"{LAYER.digest} cannot be read: No such file or directory"):
        open_client.upload_blob("shop/web", LAYER, (tmp_path / "gone").open)  # type: ignore[arg-type]


@pytest.mark.parametrize("repository", ["", "../x", "a b", "UP", "a/../b", "a?x=1", "a#b"])
def test_no_request_is_made_for_a_name_that_is_none(open_client: RegistryClient, repository: str) -> None:
    with pytest.raises(ValueError, match="not a repository"):
        open_client.has_blob(repository, LAYER.digest)
    with pytest.raises(ValueError, match="not a repository"):
        open_client.upload_blob(repository, LAYER, lambda: io.BytesIO(BLOB))
    assert open_client.requests == 0


@pytest.mark.parametrize("reference", ["", "a/b", "..", "a?b", "sha256:x", "a" * 129])
def test_no_request_is_made_for_a_reference_that_is_none(open_client: RegistryClient, reference: str) -> None:
    with pytest.raises(ValueError, match="neither a tag nor a digest"):
        open_client.get_manifest("shop/web", reference)
    assert open_client.requests == 0


def test_no_request_is_made_for_a_digest_that_is_none(open_client: RegistryClient) -> None:
    with pytest.raises(ValueError, match="not a sha256"):
        open_client.open_blob("shop/web", Descriptor(OCI_LAYER_GZIP, "sha256:../../x", 1))
    assert open_client.requests == 0


@pytest.mark.parametrize("host", ["", "http://x", "a/b", "user@host", "host:port", "a b"])
def test_a_host_that_is_none(host: str) -> None:
    with pytest.raises(ValueError, match="not a host name"):
        RegistryClient(host)


def ecr_like(host: str) -> str:
    return f'Basic realm="https://{host}/",service="ecr.amazonaws.com"'


def test_basic_is_asked_for_once_and_then_sent_at_once(tmp_path: Path) -> None:
    logins: list[int] = []
    store = OciRegistry(tmp_path, authorize=basic({"AWS": PASSWORD}, ecr_like("registry")))
    with Server(store) as server:

        def login() -> Login:
            logins.append(1)
            return Login(server.host, "AWS", Secret(PASSWORD))

        with RegistryClient(server.host, login) as client:
            assert logins == []
            assert not client.has_blob("shop/web", LAYER.digest)
            assert (client.requests, logins) == (2, [1])
            client.upload_blob("shop/web", LAYER, lambda: io.BytesIO(BLOB))
            assert (client.requests, logins) == (4, [1])


def test_bearer_tokens_are_kept_for_their_scope(tmp_path: Path) -> None:
    tokens = TokenServer({"ci": PASSWORD})
    with Server(OciRegistry(tmp_path, authorize=tokens.authorize)) as server, Server(tokens) as token_server:
        tokens.realm = f"{token_server.url}/token"
        with RegistryClient(server.host, lambda: Login(server.host, "ci", Secret(PASSWORD))) as client:
            client.upload_blob("shop/web", LAYER, lambda: io.BytesIO(BLOB))
            assert client.requests == 4  # refused, token, POST, PUT
            assert client.has_blob("shop/web", LAYER.digest)
            assert client.requests == 5  # the token for pull,push serves pull too
            with pytest.raises(NotFoundError):
                client.tags("shop/api")
            assert client.requests == 7  # another repository: token, answer


def test_anonymous_tokens_may_pull_but_not_push(tmp_path: Path) -> None:
    tokens = TokenServer({"ci": PASSWORD})
    store = OciRegistry(tmp_path, authorize=tokens.authorize)
    store.create_repository("shop/web")
    with Server(store) as server, Server(tokens) as token_server:
        tokens.realm = f"{token_server.url}/token"
        with RegistryClient(server.host) as client:
            assert not client.has_blob("shop/web", LAYER.digest)
            with pytest.raises(
                CredentialsError, match="does not allow us to push to shop/web: authentication required"
            ):
                client.upload_blob("shop/web", LAYER, lambda: io.BytesIO(BLOB))


def test_a_token_that_expired_meanwhile_is_renewed(tmp_path: Path) -> None:
    now = [0.0]
    tokens = TokenServer({"ci": PASSWORD}, lifetime=300, clock=lambda: now[0])
    with Server(OciRegistry(tmp_path, authorize=tokens.authorize)) as server, Server(tokens) as token_server:
        tokens.realm = f"{token_server.url}/token"
        with RegistryClient(server.host, lambda: Login(server.host, "ci", Secret(PASSWORD))) as client:
            client.upload_blob("shop/web", LAYER, lambda: io.BytesIO(BLOB))
            now[0] = 301  # for the server alone: the client still believes in its token
            assert client.has_blob("shop/web", LAYER.digest)


@pytest.mark.parametrize("kind", ["basic", "bearer"])
def test_a_wrong_password(kind: str, tmp_path: Path) -> None:
    tokens = TokenServer({"ci": "another-password"})
    judges: dict[str, Authorize] = {"basic": basic({"ci": "another-password"}), "bearer": tokens.authorize}
    with Server(OciRegistry(tmp_path, authorize=judges[kind])) as server, Server(tokens) as token_server:
        tokens.realm = f"{token_server.url}/token"
        with RegistryClient(server.host, lambda: Login(server.host, "ci", Secret(PASSWORD))) as client:
            with pytest.raises(CredentialsError) as caught:
                client.get_manifest("shop/web", "v1")
            assert client.requests <= 4
            assert "127.0.0.1" in caught.value.message
            assert PASSWORD not in caught.value.message
            assert (caught.value.fix or "").startswith("check that the login for")


def test_a_login_for_another_registry_is_never_sent(tmp_path: Path) -> None:
    store = OciRegistry(tmp_path, authorize=basic({"ci": PASSWORD}))
    with Server(store) as server:
        stranger = Login("registry.example.com", "ci", Secret(PASSWORD))
        client = RegistryClient(server.host, lambda: stranger)
        with client, pytest.raises(CredentialsError, match=r"the login is for registry\.example\.com, not"):
            client.has_blob("shop/web", LAYER.digest)


def test_https_with_an_authority_from_ssl_cert_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority(tmp_path / "ca", "test")
    store = OciRegistry(tmp_path / "registry", authorize=anonymous)
    with Server(store, tls=authority.server("registry")) as server:
        with RegistryClient(server.host) as client:
            with pytest.raises(CloudDeployError, match="TLS certificate that cannot be trusted") as caught:
                client.has_blob("shop/web", LAYER.digest)
            assert not isinstance(caught.value, TemporaryError)
            assert "SSL_CERT_FILE" in (caught.value.fix or "")
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.pair.certificate))
        with RegistryClient(server.host) as client:
            client.upload_blob("shop/web", LAYER, lambda: io.BytesIO(BLOB))
            assert client.has_blob("shop/web", LAYER.digest)


def test_nobody_there(store: OciRegistry, waits: Waits) -> None:
    with Server(store) as server:
        host = server.host
    client = RegistryClient(host, timeout=2, retry=waits.retry)
    with client, pytest.raises(TemporaryError, match=f"{host} could not be reached: connection refused"):
        client.has_blob("shop/web", LAYER.digest)
    assert len(waits.seconds) == 2


def test_proxies_and_netrc_of_the_environment_are_ignored(
    open_client: RegistryClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login thief password stolen-password\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert not open_client.has_blob("shop/web", LAYER.digest)
