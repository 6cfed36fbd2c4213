"""A blob that is still being made: one PATCH without a length, and the digest at its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clouddeploy.emulator.registry import OciRegistry, anonymous
from clouddeploy.emulator.server import Server
from clouddeploy.errors import CloudDeployError, CredentialsError, TemporaryError
from clouddeploy.oci.client import RegistryClient
from clouddeploy.oci.descriptor import OCI_LAYER_GZIP, Descriptor, digest_of
from clouddeploy.oci.streams import Stream
from tests.oci.scripted import Answer, Scripted, Seen

PIECES = [b"one" * 1000, b"two" * 1000, b"three" * 1000]
WHOLE = b"".join(PIECES)
BLOB = Descriptor(OCI_LAYER_GZIP, digest_of(WHOLE), len(WHOLE))


def stream(settle: Callable[[], Descriptor] = lambda: BLOB) -> Stream:
    return Stream(iter(PIECES), settle)


def script(*, patch: Answer, puts: list[Answer], kept: bool = False) -> Callable[[Seen], Answer]:
    left = iter(puts)

    def answer(seen: Seen) -> Answer:
        if seen.method == "POST":
            return Answer(202, {"Location": "/u/1"})
        if seen.method == "HEAD":
            return Answer(200 if kept else 404)
        if seen.method == "PATCH":
            return patch
        return next(left, Answer(201)) if seen.method == "PUT" else Answer(204)

    return answer


TAKEN = Answer(202, {"Location": "/u/2?state=x"})


def methods(registry: Scripted) -> list[str]:
    return [one.method for one in registry.seen]


def test_it_goes_in_and_comes_out(tmp_path: Path) -> None:
    with (
        Server(OciRegistry(tmp_path, authorize=anonymous)) as server,
        RegistryClient(server.host) as client,
    ):
        assert client.upload_stream("shop/web", stream()) == BLOB
        with client.open_blob("shop/web", BLOB) as found:
            assert found.read() == WHOLE
        assert client.journal.holder(BLOB.digest, other_than="") == "shop/web"


@pytest.mark.parametrize("status", [201, 202, 204])
def test_every_registrys_thanks_are_understood(
    status: int, registry: Scripted, client: RegistryClient
) -> None:
    registry.script = script(patch=Answer(status, {"Location": "/u/2?state=x"}), puts=[Answer(201)])
    client.upload_stream("shop/web", stream())
    assert methods(registry) == ["POST", "PATCH", "PUT"]
    assert registry.seen[2].path == f"/u/2?state=x&digest={BLOB.digest}"
    assert registry.seen[1].headers["transfer-encoding"] == "chunked"


def test_the_close_is_repeated_without_the_bytes(registry: Scripted, client: RegistryClient) -> None:
    registry.script = script(patch=TAKEN, puts=[Answer(503), Answer(201)])
    client.upload_stream("shop/web", stream())
    assert methods(registry) == ["POST", "PATCH", "PUT", "HEAD", "PUT"]


@pytest.mark.parametrize("reply", [Answer(hang_up=True), Answer(502), Answer(404)])
def test_a_lost_reply_to_the_close_is_settled_by_looking(
    reply: Answer, registry: Scripted, client: RegistryClient
) -> None:
    registry.script = script(patch=TAKEN, puts=[reply], kept=True)
    assert client.upload_stream("shop/web", stream()) == BLOB
    assert methods(registry) == ["POST", "PATCH", "PUT", "HEAD"]


@pytest.mark.parametrize("reply", [Answer(503), Answer(404), Answer(hang_up=True)])
def test_bytes_that_were_lost_can_only_come_from_the_beginning(
    reply: Answer, registry: Scripted, client: RegistryClient
) -> None:
    registry.script = script(patch=reply, puts=[])
    with pytest.raises(TemporaryError):
        client.upload_stream("shop/web", stream())
    assert methods(registry) == ["POST", "PATCH", "DELETE"]


def test_forbidden(registry: Scripted, client: RegistryClient) -> None:
    registry.script = script(patch=Answer(403), puts=[])
    with pytest.raises(CredentialsError):
        client.upload_stream("shop/web", stream())


def test_what_is_refused_at_its_end_is_never_committed(registry: Scripted, client: RegistryClient) -> None:
    def settle() -> Descriptor:
        raise CloudDeployError("it holds a secret")

    registry.script = script(patch=TAKEN, puts=[])
    with pytest.raises(CloudDeployError, match="it holds a secret"):
        client.upload_stream("shop/web", stream(settle))
    assert methods(registry) == ["POST", "PATCH", "DELETE"]


def test_a_source_that_breaks_off_is_never_committed(registry: Scripted, client: RegistryClient) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"one"
        raise CloudDeployError("the archive ends here")

    registry.script = script(patch=TAKEN, puts=[])
    with pytest.raises(CloudDeployError, match="the archive ends here"):
        client.upload_stream("shop/web", Stream(pieces(), lambda: BLOB))
    assert "PUT" not in methods(registry)


def test_another_digest_is_no_success(registry: Scripted, client: RegistryClient) -> None:
    other = Answer(201, {"Docker-Content-Digest": digest_of(b"other")})
    registry.script = script(patch=TAKEN, puts=[other])
    with pytest.raises(CloudDeployError, match="it kept another digest"):
        client.upload_stream("shop/web", stream())
