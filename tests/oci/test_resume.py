"""An upload that was cut goes on where the registry says it has got to; the digest decides in the end."""

from __future__ import annotations

import io
import os
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clouddeploy.oci.client import RegistryClient
from clouddeploy.oci.descriptor import OCI_LAYER_GZIP, Descriptor, digest_of
from clouddeploy.oci.journal import Journal
from tests.oci.scripted import Answer, Scripted, Seen
from tests.oci.waits import Waits

BLOB = bytes(range(256)) * 4096
LAYER = Descriptor(OCI_LAYER_GZIP, digest_of(BLOB), len(BLOB))


class Cutting:
    """A registry that keeps uploads; `fail` may answer a body in its place and say how much of it arrived."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.sessions: dict[str, bytes] = {}
        self.fail: Callable[[Seen], tuple[int, int] | None] = lambda _: None
        self.range: Callable[[bytes], str] = lambda kept: f"0-{max(len(kept) - 1, 0)}"
        self.opened = 0
        self.headers: dict[str, str] = {}

    def __call__(self, seen: Seen) -> Answer:
        path, _, query = seen.path.partition("?")
        if seen.method == "HEAD":
            return Answer(200 if path.rpartition("/")[2] in self.blobs else 404)
        if seen.method == "POST":
            self.opened += 1
            self.sessions[f"/u/{self.opened}"] = b""
            return Answer(202, {"Location": f"/u/{self.opened}", **self.headers})
        if path not in self.sessions:
            return Answer(404)
        if seen.method == "GET":
            return Answer(204, {"Location": path, "Range": self.range(self.sessions[path])})
        if seen.method == "DELETE":
            return Answer(204)
        return self._body(seen, path, query)

    def _body(self, seen: Seen, path: str, query: str) -> Answer:
        named = re.match(r"(\d+)-", seen.headers.get("content-range", "0-"))
        if named and int(named[1]) != len(self.sessions[path]):
            return Answer(416)
        failed = self.fail(seen)
        if failed:
            status, kept = failed
            self.sessions[path] += seen.body[:kept]
            return Answer(status) if status else Answer(hang_up=True)
        self.sessions[path] += seen.body
        if seen.method == "PATCH":
            return Answer(202, {"Location": path})
        digest = query.partition("digest=")[2]
        if digest_of(self.sessions[path]) != digest:
            return Answer(400)
        self.blobs[digest] = self.sessions.pop(path)
        return Answer(201)


@pytest.fixture
def cutting(registry: Scripted) -> Cutting:
    registry.script = cutting = Cutting()
    return cutting


def once(status: int, kept: int) -> Callable[[Seen], tuple[int, int] | None]:
    left = iter([(status, kept)])
    return lambda _: next(left, None)


def sent(registry: Scripted) -> list[int]:
    return [len(one.body) for one in registry.seen if one.method in {"PUT", "PATCH"}]


def upload(client: RegistryClient) -> int:
    return client.upload_blob("shop/web", LAYER, lambda: io.BytesIO(BLOB)).sent


@pytest.mark.parametrize("status", [0, 500, 503])
def test_only_what_is_missing_is_sent_again(
    status: int, registry: Scripted, client: RegistryClient, cutting: Cutting
) -> None:
    cutting.fail = once(status, 700_000)
    upload(client)
    assert cutting.blobs == {LAYER.digest: BLOB}
    assert sent(registry)[-1] == len(BLOB) - 700_000
    assert cutting.opened == 1


def test_a_range_that_never_grows_is_not_believed_for_ever(
    registry: Scripted, client: RegistryClient, cutting: Cutting
) -> None:
    """ECR tells the end of the first chunk, whatever it has (aws/containers-roadmap#2831)."""
    cutting.fail = once(503, 700_000)
    cutting.range = lambda _: "0-99999"
    upload(client)
    assert cutting.blobs == {LAYER.digest: BLOB}
    assert cutting.opened == 2, "a fresh session"


def test_a_registry_that_kept_other_bytes_than_it_says(
    registry: Scripted, client: RegistryClient, cutting: Cutting
) -> None:
    def fail(seen: Seen) -> tuple[int, int] | None:
        if cutting.opened == 1 and not cutting.sessions["/u/1"]:
            cutting.sessions["/u/1"] = b"x" * 500_000
            return 503, 0
        return None

    cutting.fail = fail
    upload(client)
    assert cutting.blobs == {LAYER.digest: BLOB}
    assert cutting.opened == 2


@pytest.mark.parametrize("range_", ["", "1-5", "bytes=x", f"0-{len(BLOB) * 2}", "0-0"])
def test_an_answer_that_tells_nothing(
    range_: str, registry: Scripted, client: RegistryClient, cutting: Cutting
) -> None:
    cutting.fail = once(500, 0)
    cutting.range = lambda _: range_
    upload(client)
    assert cutting.blobs == {LAYER.digest: BLOB}


def test_large_blobs_go_in_chunks_and_only_the_cut_chunk_is_repeated(
    registry: Scripted, client: RegistryClient, cutting: Cutting
) -> None:
    client._session.chunks.size = 300_000
    failures = iter([None, (503, 1000), None, None, None])
    cutting.fail = lambda _: next(failures, None)
    upload(client)
    assert cutting.blobs == {LAYER.digest: BLOB}
    assert [one.method for one in registry.seen if one.body] == ["PATCH", "PATCH", "PATCH", "PATCH", "PUT"]
    assert sent(registry) == [300_000, 300_000, 300_000, 300_000, len(BLOB) - 901_000]


def test_a_registry_that_takes_no_chunks_gets_the_whole_blob_and_is_remembered(
    registry: Scripted, client: RegistryClient, cutting: Cutting
) -> None:
    client._session.chunks.size = 300_000
    cutting.fail = lambda seen: (405, 0) if seen.method == "PATCH" else None
    upload(client)
    assert sent(registry) == [300_000, len(BLOB)]
    cutting.blobs.clear()
    upload(client)
    assert sent(registry)[2:] == [len(BLOB)]


def test_a_blob_that_is_in_pieces_already_when_another_learns_that_they_are_refused_goes_whole(
    registry: Scripted, client: RegistryClient, cutting: Cutting
) -> None:
    chunks = client._session.chunks
    chunks.size = 300_000

    def fail(seen: Seen) -> tuple[int, int] | None:
        if seen.method == "PATCH":
            chunks.refused(400)
            return None
        return (400, 0) if "content-range" in seen.headers else None

    cutting.fail = fail
    upload(client)
    assert cutting.blobs == {LAYER.digest: BLOB}
    assert sent(registry) == [300_000, len(BLOB) - 300_000, len(BLOB)]


def test_chunks_that_are_too_large_are_halved(
    registry: Scripted, client: RegistryClient, cutting: Cutting
) -> None:
    client._session.chunks.size = 24 * 1024 * 1024
    big = b"x" * (30 * 1024 * 1024)
    blob = Descriptor(OCI_LAYER_GZIP, digest_of(big), len(big))
    cutting.fail = lambda seen: (413, 0) if len(seen.body) > 8 * 1024 * 1024 else None
    client.upload_blob("shop/web", blob, lambda: io.BytesIO(big))
    assert cutting.blobs == {blob.digest: big}
    assert max(sent(registry)[-4:]) == 6 * 1024 * 1024


def test_the_registrys_least_chunk_is_heeded(
    registry: Scripted, client: RegistryClient, cutting: Cutting
) -> None:
    client._session.chunks.size = 1000
    cutting.headers = {"OCI-Chunk-Min-Length": "500000"}
    upload(client)
    assert sent(registry) == [500_000, 500_000, len(BLOB) - 1_000_000]


# The next process


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal" / "registry.jsonl"


@pytest.fixture
def noting(registry: Scripted, path: Path) -> Iterator[Callable[[], RegistryClient]]:
    """Clients of processes that follow each other."""
    made: list[RegistryClient] = []

    def client() -> RegistryClient:
        made.append(RegistryClient(registry.host, retry=Waits(1).retry, journal=Journal(path)))
        return made[-1]

    yield client
    for one in made:
        one.close()


def test_a_process_that_was_killed_is_gone_on_with(
    registry: Scripted, cutting: Cutting, noting: Callable[[], RegistryClient]
) -> None:
    class KilledError(BaseException):
        pass

    def killed(amount: int) -> None:
        raise KilledError

    cutting.sessions["/u/1"] = b""
    with pytest.raises(KilledError):
        noting().upload_blob("shop/web", LAYER, lambda: io.BytesIO(BLOB), killed)
    cutting.sessions["/u/1"] = BLOB[:900_000]  # what the registry had got by then
    assert noting().upload_blob("shop/web", LAYER, lambda: io.BytesIO(BLOB)).sent == len(BLOB) - 900_000
    assert cutting.blobs == {LAYER.digest: BLOB}
    assert cutting.opened == 1


def test_a_session_that_is_gone_meanwhile(
    registry: Scripted, cutting: Cutting, noting: Callable[[], RegistryClient], path: Path
) -> None:
    Journal(path).started("shop/web", LAYER.digest, f"{registry.url}/u/7")
    assert noting().upload_blob("shop/web", LAYER, lambda: io.BytesIO(BLOB)).sent == len(BLOB)


@pytest.mark.parametrize("url", ["http://169.254.169.254/x", "https://other.example/u", "file:///etc/passwd"])
def test_a_journal_that_names_another_server_is_not_followed_with_credentials(
    url: str, registry: Scripted, cutting: Cutting, noting: Callable[[], RegistryClient], path: Path
) -> None:
    Journal(path).started("shop/web", LAYER.digest, url.replace("other.example", "127.0.0.1:1"))
    noting().upload_blob("shop/web", LAYER, lambda: io.BytesIO(BLOB))
    assert cutting.blobs == {LAYER.digest: BLOB}


def test_only_its_owner_may_read_a_journal(path: Path) -> None:
    os.umask(before := os.umask(0))
    try:
        os.umask(0)
        Journal(path).started("shop/web", LAYER.digest, "https://registry.example/u/1?state=secret")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_what_was_committed_is_no_longer_open_and_can_be_lent(path: Path) -> None:
    journal = Journal(path)
    journal.started("shop/web", LAYER.digest, "https://registry.example/u/1")
    journal.committed("shop/web", LAYER.digest)
    later = Journal(path)
    assert later.left_open("shop/web", LAYER.digest) is None
    assert later.holder(LAYER.digest, other_than="shop/api") == "shop/web"
    assert later.holder(LAYER.digest, other_than="shop/web") is None


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"[]",
        b"7",
        b'{"blob": "sha256:../x", "at": "a"}',
        b'{"blob": 1, "at": "a"}',
        b"\xff\xfe" * 9,
    ],
)
def test_a_damaged_line_is_passed_over(line: bytes, path: Path) -> None:
    Journal(path).committed("shop/web", LAYER.digest)
    with path.open("ab") as file:
        file.write(line + b"\n")
    assert Journal(path).holder(LAYER.digest, other_than="") == "shop/web"


def test_a_session_of_last_week_is_forgotten(path: Path) -> None:
    path.parent.mkdir()
    path.write_text(
        f'{{"blob": "{LAYER.digest}", "at": "shop/web", "session": "https://x/u", "when": 1000}}\n'
    )
    assert Journal(path).left_open("shop/web", LAYER.digest) is None


def test_a_folder_that_cannot_be_written_is_no_trouble_for_the_push(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    journal = Journal(tmp_path / "file" / "journal.jsonl")
    journal.committed("shop/web", LAYER.digest)
    assert journal.trouble
    assert journal.holder(LAYER.digest, other_than="") == "shop/web", "it is still known in this process"


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("untouched")
    (tmp_path / "journal.jsonl").symlink_to(tmp_path / "target")
    journal = Journal(tmp_path / "journal.jsonl")
    journal.committed("shop/web", LAYER.digest)
    assert journal.trouble
    assert (tmp_path / "target").read_text() == "untouched"
