"""A registry on bad days: each fault at its byte, for its calls, and a ledger that saw it all."""

from __future__ import annotations

import hashlib
import json
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urljoin

import pytest
import urllib3
from urllib3.exceptions import HTTPError

from clouddeploy.emulator.registry import (
    GAR,
    PLAIN,
    Fault,
    Faulty,
    OciRegistry,
    Profile,
    TokenServer,
    anonymous,
)
from clouddeploy.emulator.registry.endpoints import Endpoint, target_of
from clouddeploy.emulator.server import Server

BLOB = bytes(range(256)) * 1000
DIGEST = f"sha256:{hashlib.sha256(BLOB).hexdigest()}"
UPLOADS = "/v2/web/blobs/uploads/"
PACE = 20


@dataclass
class Rig:
    """A registry with faults before it, and a client that never tries twice."""

    faulty: Faulty
    url: str
    port: int
    http: urllib3.PoolManager

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> urllib3.BaseHTTPResponse:
        return self.http.request(method, urljoin(self.url, path), body=body or None, headers=headers)

    def start(self, query: str = "") -> str:
        return self.ask("POST", UPLOADS + query).headers["Location"]

    def close(self, where: str, body: bytes = BLOB) -> int:
        return self.ask("PUT", f"{where}?digest={DIGEST}", body).status

    def has_blob(self) -> bool:
        return self.ask("HEAD", f"/v2/web/blobs/{DIGEST}").status == 200

    def exchange(self, method: str, path: str, body: bytes = b"") -> tuple[bytes, bool]:
        """What came back on a connection of its own, and whether it ended with a reset."""
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        found, was_reset = b"", False
        sock = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        try:
            with suppress(ConnectionError):
                sock.sendall(head.encode() + body)
            while piece := sock.recv(65536):
                found += piece
        except ConnectionResetError:
            was_reset = True
        finally:
            sock.close()
        return found, was_reset


@pytest.fixture
def profile() -> Profile:
    return PLAIN


@pytest.fixture
def rig(tmp_path: Path, profile: Profile) -> Iterator[Rig]:
    registry = OciRegistry(tmp_path, authorize=anonymous, profile=profile)
    faulty = Faulty(registry, forget=registry.forget_upload, pace=PACE)
    with Server(faulty) as server, urllib3.PoolManager(retries=False, timeout=10) as http:
        yield Rig(faulty, server.url, server.port, http)


# Requests that do not arrive


@pytest.mark.parametrize("offset", [0, 1, 100_000, len(BLOB)])
def test_a_reset_after_so_many_bytes_of_a_chunk_leaves_those(rig: Rig, offset: int) -> None:
    rig.faulty.begin([Fault("chunk", "reset", offset=offset)])
    where = rig.start()
    _, was_reset = rig.exchange("PATCH", where, BLOB)
    assert was_reset
    assert rig.ask("GET", where).headers["Range"] == f"0-{max(offset - 1, 0)}"
    assert rig.ask("PATCH", where, BLOB[offset:]).status == 202
    assert rig.close(where, b"") == 201
    assert rig.faulty.ledger.sent() == {DIGEST: len(BLOB)}


def test_a_reset_while_the_upload_is_closed_commits_nothing(rig: Rig) -> None:
    rig.faulty.begin([Fault("close", "reset", offset=1000)])
    _, was_reset = rig.exchange("PUT", f"{rig.start()}?digest={DIGEST}", BLOB)
    assert was_reset
    assert not rig.has_blob()
    [entry] = [one for one in rig.faulty.ledger.entries if one.endpoint == "close"]
    assert (entry.received, entry.head) == (1000, BLOB[:64])


def test_a_reset_of_a_closing_request_without_a_body_commits_nothing(rig: Rig) -> None:
    rig.faulty.begin([Fault("close", "reset", offset=9)])
    where = rig.start()
    rig.ask("PATCH", where, BLOB)
    assert rig.exchange("PUT", f"{where}?digest={DIGEST}") == (b"", True)
    assert not rig.has_blob()
    assert rig.close(where, b"") == 201


def test_a_stall_is_silent_for_so_long(rig: Rig) -> None:
    rig.faulty.begin([Fault("close", "stall", offset=10, seconds=0.3)])
    begin = time.monotonic()
    answer, was_reset = rig.exchange("PUT", f"{rig.start()}?digest={DIGEST}", BLOB)
    assert (answer, was_reset) == (b"", True)
    assert time.monotonic() - begin >= 0.3


def test_requests_without_a_body_can_be_reset_too(rig: Rig) -> None:
    rig.faulty.begin([Fault("head-blob", "reset")])
    assert rig.exchange("HEAD", f"/v2/web/blobs/{DIGEST}") == (b"", True)


# Answers that do not arrive


@pytest.mark.parametrize(("endpoint", "body"), [("close", BLOB), ("chunk", BLOB[:100])])
def test_a_lost_reply_to_what_was_done(rig: Rig, endpoint: Endpoint, body: bytes) -> None:
    rig.faulty.begin([Fault(endpoint, "lose")])
    where = rig.start()
    method, query = ("PUT", f"?digest={DIGEST}") if endpoint == "close" else ("PATCH", "")
    assert rig.exchange(method, where + query, body) == (b"", True)
    if endpoint == "close":
        assert rig.has_blob()
        assert [one.digest for one in rig.faulty.ledger.commits] == [DIGEST]
    else:
        assert rig.ask("GET", where).headers["Range"] == "0-99"


def test_a_lost_reply_to_a_manifest(rig: Rig) -> None:
    rig.ask("PUT", f"{rig.start()}?digest={DIGEST}", BLOB)
    part = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": DIGEST, "size": len(BLOB)}
    kind = "application/vnd.oci.image.manifest.v1+json"
    rig.faulty.begin([Fault("put-manifest", "lose")])
    body = json.dumps({"schemaVersion": 2, "mediaType": kind, "config": part, "layers": []}).encode()
    with pytest.raises(HTTPError):
        rig.ask("PUT", "/v2/web/manifests/v1", body, **{"Content-Type": kind})
    assert rig.ask("GET", "/v2/web/manifests/v1").data == body


@pytest.mark.parametrize("offset", [0, 5, 60, 100_000])
def test_an_answer_is_cut_at_the_byte(rig: Rig, offset: int) -> None:
    rig.close(rig.start())
    whole, _ = rig.exchange("GET", f"/v2/web/blobs/{DIGEST}", b"")
    rig.faulty.begin([Fault("get-blob", "cut", offset=offset)])
    answer, was_reset = rig.exchange("GET", f"/v2/web/blobs/{DIGEST}")
    assert (len(answer), was_reset) == (offset, False)
    assert whole.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"HTTP/1.1 200 OK\r\n".startswith(answer[:17])


# Answers that refuse


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_refused_so_often_from_that_call_on(rig: Rig, status: int) -> None:
    rig.faulty.begin([Fault("head-blob", "status", nth=2, times=3, status=status)])
    found = [rig.ask("HEAD", f"/v2/web/blobs/{DIGEST}").status for _ in range(6)]
    assert found == [404, status, status, status, 404, 404]


def test_refused_for_ever(rig: Rig) -> None:
    rig.faulty.begin([Fault("any", "status", nth=2, times=None, status=500)])
    assert [rig.ask("GET", "/v2/").status for _ in range(4)] == [200, 500, 500, 500]


def test_refused_before_the_body_is_read(rig: Rig) -> None:
    rig.faulty.begin([Fault("close", "status", offset=3000, status=502)])
    answer, _ = rig.exchange("PUT", f"{rig.start()}?digest={DIGEST}", BLOB[:4000])
    assert answer.startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
    assert b"Connection: close" in answer
    assert rig.faulty.ledger.entries[-1].received == 3000


def test_retry_after_in_seconds_and_who_does_not_wait(rig: Rig) -> None:
    """Three seconds here: a busy machine may take one of them for a request that comes at once."""
    rig.faulty.begin([Fault("ping", "status", status=429, retry_after=60)])
    assert rig.ask("GET", "/v2/").headers["Retry-After"] == "60"
    rig.ask("HEAD", f"/v2/web/blobs/{DIGEST}")
    [early] = rig.faulty.ledger.early()
    assert early.endpoint == "head-blob"
    assert 0 < early.paused <= 60 / PACE
    time.sleep(60 / PACE)
    assert rig.ask("GET", "/v2/").status == 200
    assert rig.faulty.ledger.early() == [early]
    assert rig.faulty.ledger.early(grace=60 / PACE) == rig.faulty.ledger.early(lead=60 / PACE) == []


def test_retry_after_as_a_date(rig: Rig) -> None:
    rig.faulty.begin([Fault("ping", "status", retry_after=60, dated=True)])
    until = parsedate_to_datetime(rig.ask("GET", "/v2/").headers["Retry-After"])
    assert 30 <= (until - datetime.now(UTC)).total_seconds() <= 61
    rig.ask("GET", "/v2/")
    assert len(rig.faulty.ledger.early()) == 1


# Sessions, mounts, tokens


@pytest.mark.parametrize("profile", [PLAIN, GAR], ids=lambda one: one.name)
def test_a_session_that_is_lost(rig: Rig) -> None:
    rig.faulty.begin([Fault("close", "forget")])
    where = rig.start()
    assert rig.close(where) == 404
    assert rig.close(rig.start()) == 201


def test_a_mount_that_is_declined(rig: Rig) -> None:
    rig.close(rig.start())
    rig.faulty.begin([Fault("mount", "decline"), Fault("mount", "status", nth=2, status=400)])
    path = f"/v2/other/blobs/uploads/?mount={DIGEST}&from=web"
    assert [rig.ask("POST", path).status for _ in range(3)] == [202, 400, 201]
    assert [(one.repository, one.mounted) for one in rig.faulty.ledger.commits] == [("other", True)]


def test_tokens_expire_in_the_middle_of_an_upload(tmp_path: Path) -> None:
    tokens = TokenServer({"ci": "secret"}, realm="http://127.0.0.1/token")
    faulty = Faulty(OciRegistry(tmp_path, authorize=tokens.authorize), expire=tokens.expire)
    token_faults = Faulty(tokens)
    with Server(faulty) as server, Server(token_faults) as auth, urllib3.PoolManager(retries=False) as http:

        def token() -> urllib3.BaseHTTPResponse:
            query = "/token?service=registry&scope=repository:web:pull,push"
            basic = urllib3.make_headers(basic_auth="ci:secret")
            return http.request("GET", auth.url + query, headers=basic)

        rig = Rig(faulty, server.url, server.port, http)
        bearer = {"Authorization": f"Bearer {token().json()['token']}"}
        faulty.begin([Fault("close", "expire"), Fault("mount", "status", status=401)])
        where = rig.ask("POST", UPLOADS, **bearer).headers["Location"]
        refused = rig.ask("PUT", f"{where}?digest={DIGEST}", BLOB, **bearer)
        assert (refused.status, refused.headers["WWW-Authenticate"].split(",")[-2:]) == (
            401,
            ['scope="repository:web:pull', 'push"'],
        )
        mount = rig.ask("POST", f"{UPLOADS}?mount={DIGEST}&from=other", **bearer)
        assert (mount.status, mount.headers["WWW-Authenticate"][:6]) == (401, "Bearer")

        token_faults.begin([Fault("token", "status", status=503), Fault("token", "empty", nth=2)])
        assert [token().status for _ in range(2)] == [503, 200]
        assert "token" not in token_faults.ledger.entries[-1].head.decode()
        bearer = {"Authorization": f"Bearer {token().json()['token']}"}
        assert rig.ask("PUT", f"{where}?digest={DIGEST}", BLOB, **bearer).status == 201


def test_a_401_from_a_registry_that_lets_everybody_in_has_no_challenge(rig: Rig) -> None:
    rig.faulty.begin([Fault("start", "status", status=401)])
    refused = rig.ask("POST", UPLOADS)
    assert (refused.status, "WWW-Authenticate" in refused.headers) == (401, False)


# Hooks and books


def test_a_hook_runs_in_the_middle_of_a_body_and_after_it_was_applied(rig: Rig) -> None:
    seen: list[tuple[int, int]] = []

    def note() -> None:
        ledger = rig.faulty.ledger
        seen.append((ledger.entries[-1].received, len(ledger.commits)))

    rig.faulty.hook = note
    rig.faulty.begin([Fault("chunk", "call", offset=70_000), Fault("close", "call-after")])
    where = rig.start()
    assert rig.ask("PATCH", where, BLOB).status == 202
    assert rig.close(where, b"") == 201
    assert seen == [(70_000, 0), (0, 1)]


def test_the_ledger_knows_what_was_sent_again(rig: Rig) -> None:
    rig.faulty.begin()
    first = rig.start()
    rig.ask("PATCH", first, BLOB[:1000])
    assert rig.close(first, BLOB[1000:]) == 201
    assert rig.faulty.ledger.again() == []
    assert rig.close(rig.start()) == 201
    rig.ask("PATCH", rig.start(), b"never closed")
    [again] = rig.faulty.ledger.again()
    assert (again.endpoint, again.received) == ("close", len(BLOB))
    assert rig.faulty.ledger.sent() == {DIGEST: 2 * len(BLOB), "": 12}
    assert rig.faulty.ledger.count("start") == 3


def test_large_blobs_are_streamed(rig: Rig, tmp_path: Path) -> None:
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    pieces = (bytes(1 << 20) for _ in range(300))
    rig.http.request(
        "PATCH", urljoin(rig.url, rig.start()), body=pieces, headers={"Content-Length": str(300 << 20)}
    )
    assert rig.faulty.ledger.sent()[""] == 300 << 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60 * 1024


@pytest.mark.parametrize(
    ("line", "endpoint"),
    [
        ("GET /v2/", "ping"),
        ("GET /token?service=x", "token"),
        ("HEAD /v2/a/b/blobs/sha256:0", "head-blob"),
        ("GET /v2/a/blobs/sha256:0", "get-blob"),
        ("DELETE /v2/a/blobs/sha256:0", "delete-blob"),
        ("POST /v2/a/blobs/uploads/", "start"),
        ("POST /v2/a/blobs/uploads/?mount=sha256:0&from=b", "mount"),
        ("PATCH /v2/a/blobs/uploads/1", "chunk"),
        ("PUT /artifacts-uploads/namespaces/p/repositories/r/uploads/1?digest=sha256:0", "close"),
        ("GET /v2/a/blobs/uploads/1", "status"),
        ("DELETE /v2/a/blobs/uploads/1", "cancel"),
        ("HEAD /v2/a/manifests/v1", "head-manifest"),
        ("PUT /v2/a/manifests/sha256:0", "put-manifest"),
        ("DELETE /v2/a/manifests/v1", "delete-manifest"),
        ("GET /v2/a/tags/list", "tags"),
        ("GET /v2/a/referrers/sha256:0", "referrers"),
        ("GET /metrics", "other"),
    ],
)
def test_endpoints(line: str, endpoint: str) -> None:
    method, _, rest = line.partition(" ")
    path, _, query = rest.partition("?")
    assert target_of(method, path, query).endpoint == endpoint


def test_a_fault_reads_like_a_sentence() -> None:
    fault = Fault("close", "status", nth=3, times=None, status=429, retry_after=2, dated=True, offset=9)
    assert str(fault) == "429 after 2 dated for ever from close 3 at byte 9"


def test_it_settles_when_everything_that_arrived_was_dealt_with(rig: Rig) -> None:
    rig.faulty.begin([Fault("close", "stall", offset=5, seconds=0.5)])
    path = f"{rig.start()}?digest={DIGEST}"
    with socket.create_connection(("127.0.0.1", rig.port)) as sock:
        sock.sendall(f"PUT {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n12345".encode())
        while rig.faulty.ledger.count("close") == 0:
            time.sleep(0.01)
        assert not rig.faulty.settle(timeout=0.1)
    assert rig.faulty.settle()
    assert not rig.has_blob()
