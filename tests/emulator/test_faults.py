"""An emulated cloud on a bad day: each fault hits the requests that it was meant for, and only those."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import pytest
import urllib3
from urllib3.exceptions import ProtocolError

from clouddeploy.emulator.faults import BODY_CAP, Faults, Recorded, Request, writes
from clouddeploy.emulator.server import Server


@dataclass
class Store:
    """An application that keeps what is put into it and answers with how much that was."""

    kept: list[bytes] = field(default_factory=list)

    def __call__(self, environ, start_response) -> Iterable[bytes]:  # type: ignore[no-untyped-def]
        body = environ["wsgi.input"].read() if environ["REQUEST_METHOD"] == "POST" else b""
        if body:
            self.kept.append(body)
        start_response("200 OK", [("Content-Type", "text/plain"), ("X-Kept", str(len(self.kept)))])
        yield str(len(body)).encode()


class Watch:
    """A clock that is set by hand."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now


@dataclass
class Bench:
    """A server with faults before its store, and a client that never tries twice."""

    faults: Faults
    store: Store
    pool: urllib3.PoolManager
    url: str

    def get(self, path: str = "/") -> urllib3.BaseHTTPResponse:
        return self.pool.request("GET", self.url + path)

    def post(self, body: bytes | Iterator[bytes] = b"one", path: str = "/") -> urllib3.BaseHTTPResponse:
        return self.pool.request("POST", self.url + path, body=body)


@pytest.fixture
def bench() -> Iterator[Bench]:
    store = Store()
    faults = Faults(store)
    with Server(faults) as server, urllib3.PoolManager(retries=False, timeout=60) as pool:
        yield Bench(faults, store, pool, server.url)


def about_pods(request: Request) -> bool:
    return request.path.startswith("/pods")


def test_without_rules_everything_passes(bench: Bench) -> None:
    answer = bench.post(b"hello")
    assert (answer.status, answer.data, answer.headers["X-Kept"]) == (200, b"5", "1")
    assert bench.store.kept == [b"hello"]


def test_throttled_requests_are_refused_so_often_and_told_when_to_come_back(bench: Bench) -> None:
    bench.faults.throttle(2, retry_after=7)
    refused = bench.post()
    assert (refused.status, refused.headers["Retry-After"]) == (429, "7")
    assert [bench.post().status for _ in range(2)] == [429, 200]
    assert len(bench.store.kept) == 1


def test_a_throttle_may_look_as_this_cloud_words_it(bench: Bench) -> None:
    bench.faults.throttle(status=400, body='{"__type": "ThrottlingException"}')
    refused = bench.get()
    assert (refused.status, refused.json()) == (400, {"__type": "ThrottlingException"})
    assert "Retry-After" not in refused.headers


def test_only_what_matches_fails(bench: Bench) -> None:
    bench.faults.fail(500, 1, match=about_pods, body=b"down")
    assert bench.get("/services").status == 200
    failed = bench.get("/pods?limit=1")
    assert (failed.status, failed.data) == (500, b"down")
    assert bench.get("/pods").status == 200


def test_rules_are_used_up_in_the_order_in_which_they_were_made(bench: Bench) -> None:
    bench.faults.fail(503, 1)
    bench.faults.fail(500, 2, match=about_pods)
    assert [bench.get("/pods").status for _ in range(4)] == [503, 500, 500, 200]


def test_a_match_sees_method_path_headers_and_body(bench: Bench) -> None:
    seen: list[Request] = []
    bench.faults.fail(418, 1, match=lambda request: bool(seen.append(request)))
    bench.pool.request("POST", f"{bench.url}/pods?a=1", body=b"{}", headers={"X-Amz-Target": "ECR.Put"})
    (request,) = seen
    assert (request.method, request.path, request.body) == ("POST", "/pods?a=1", b"{}")
    assert request.headers["x-amz-target"] == "ECR.Put"
    assert request.headers["content-length"] == "2"


def test_a_lost_reply_hangs_up_after_the_request_was_applied(bench: Bench) -> None:
    bench.faults.lose_reply(writes)
    assert bench.get().status == 200
    with pytest.raises(ProtocolError):
        bench.post(b"applied")
    assert bench.store.kept == [b"applied"]
    assert bench.post(b"again").status == 200


def test_a_lost_reply_may_be_a_gateways_error(bench: Bench) -> None:
    bench.faults.lose_reply(writes, status=502)
    assert bench.post(b"applied").status == 502
    assert bench.store.kept == [b"applied"]


def test_a_dropped_request_is_not_applied(bench: Bench) -> None:
    bench.faults.drop()
    with pytest.raises(ProtocolError):
        bench.post()
    assert bench.store.kept == []


def test_an_outage_ends_when_its_time_is_over(bench: Bench) -> None:
    clock = Watch()
    bench.faults.outage(60, clock)
    assert bench.get().status == bench.post().status == 503
    clock.now = 59.9
    assert bench.get().status == 503
    clock.now = 60
    assert bench.get().status == 200
    assert bench.store.kept == []


def test_a_slow_cloud_answers_late(bench: Bench) -> None:
    bench.faults.slow(0.2, about_pods)
    start = time.monotonic()
    bench.get("/pods")
    assert time.monotonic() - start >= 0.2


def test_only_what_matches_is_slow(bench: Bench) -> None:
    bench.faults.slow(3600, about_pods)
    assert bench.get("/services").status == 200, "an hour would be longer than this client waits"


def test_the_record_tells_what_arrived_whatever_became_of_it(bench: Bench) -> None:
    bench.faults.fail(500, 1)
    bench.post(b"first", "/pods?x=1")
    bench.get("/services")
    assert bench.faults.record == [Recorded("POST", "/pods?x=1", b"first"), ("GET", "/services", b"")]


@pytest.mark.parametrize("chunked", [False, True], ids=["sized", "chunked"])
def test_of_a_large_body_the_record_keeps_the_beginning_and_the_application_gets_all(
    chunked: bool, bench: Bench
) -> None:
    body = bytes(range(256)) * (BODY_CAP // 256) + b"the rest"
    bench.post(iter((body[:100], body[100:])) if chunked else body)
    assert bench.store.kept == [body]
    assert bench.faults.record[0].body == body[:BODY_CAP]


def test_hooks_see_the_moment_before_and_after_a_write(bench: Bench) -> None:
    seen: list[tuple[str, int]] = []
    bench.faults.before(2, lambda _: seen.append(("before", len(bench.store.kept))), writes)
    bench.faults.after(2, lambda _: seen.append(("after", len(bench.store.kept))), writes)
    bench.post()
    bench.get()
    assert seen == []
    answer = bench.post(b"second")
    assert seen == [("before", 1), ("after", 2)]
    assert (answer.data, answer.headers["X-Kept"]) == (b"6", "2")
    bench.post()
    assert len(seen) == 2


def test_a_hook_may_hang_up(bench: Bench) -> None:
    def hang_up(request: Request) -> None:
        raise ConnectionAbortedError(103, request.path)

    bench.faults.before(1, hang_up)
    with pytest.raises(ProtocolError):
        bench.post()
    assert bench.store.kept == []


def test_clearing_makes_it_a_good_day(bench: Bench) -> None:
    bench.faults.throttle(9)
    bench.faults.outage(60, Watch())
    bench.faults.slow(9)
    bench.faults.before(1, lambda _: pytest.fail("a hook that was cleared"))
    bench.faults.clear()
    assert bench.get().status == 200
    assert len(bench.faults.record) == 1


def test_threads_share_the_count(bench: Bench) -> None:
    bench.faults.throttle(20)
    answers: list[int] = []

    def ask() -> None:
        with urllib3.PoolManager(retries=False) as pool:
            answers.extend(pool.request("GET", bench.url).status for _ in range(10))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200] * 20 + [429] * 20
