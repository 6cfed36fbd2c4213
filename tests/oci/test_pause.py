"""A host that asks to be left alone is left alone by everyone, and only that host."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from urllib3.connection import HTTPConnection

from clouddeploy.errors import TemporaryError
from clouddeploy.oci.client import RegistryClient
from clouddeploy.oci.descriptor import digest_of
from clouddeploy.oci.retry import Pauses, Retry
from tests.oci.scripted import Answer, Scripted, Seen
from tests.oci.waits import Waits

DIGEST = digest_of(b"layer")


def busy_once(after: str) -> Callable[[Seen], Answer]:
    answers = iter([Answer(429, {"Retry-After": after})])
    return lambda _: next(answers, Answer(200))


def test_the_next_request_waits_too_whoever_sends_it(registry: Scripted) -> None:
    waits = Waits(tries=1)
    registry.script = busy_once("7")
    with RegistryClient(registry.host, retry=waits.retry) as client:
        with pytest.raises(TemporaryError):
            client.has_blob("shop/web", DIGEST)
        assert waits.seconds == []
        assert client.has_blob("shop/api", DIGEST)
        assert waits.seconds == [7]
        assert client.has_blob("shop/api", DIGEST)
        assert waits.seconds == [7], "once the time is over nobody waits"


def test_a_date_is_understood(registry: Scripted) -> None:
    waits = Waits(tries=1)
    moment = datetime.now(UTC) + timedelta(seconds=30)
    registry.script = busy_once(format_datetime(moment, usegmt=True))
    with RegistryClient(registry.host, retry=waits.retry) as client:
        with pytest.raises(TemporaryError):
            client.has_blob("shop/web", DIGEST)
        client.has_blob("shop/web", DIGEST)
    assert 5 < waits.seconds[0] <= 30


def test_a_pause_that_is_asked_for_while_another_connects_is_kept(
    registry: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = Waits()
    registry.script = lambda _: Answer(200)
    with RegistryClient(registry.host, retry=waits.retry) as client:
        session, dial = client._session, client._session.transport._connections.dial

        def dial_slowly(connection: HTTPConnection) -> socket.socket:
            session._pauses.ask(registry.host, 7)
            return dial(connection)

        monkeypatch.setattr(session.transport._connections, "dial", dial_slowly)
        assert client.has_blob("shop/web", DIGEST)
    assert waits.seconds == [7]


def test_who_was_refused_waits_once(registry: Scripted) -> None:
    waits = Waits()
    registry.script = busy_once("7")
    with RegistryClient(registry.host, retry=waits.retry) as client:
        assert client.has_blob("shop/web", DIGEST)
    assert waits.seconds == [7]


def test_another_registry_is_not_waited_for(registry: Scripted, elsewhere: Scripted) -> None:
    waits = Waits(tries=1)
    registry.script = busy_once("7")
    elsewhere.script = lambda _: Answer(200)
    with RegistryClient(registry.host, retry=waits.retry) as client, pytest.raises(TemporaryError):
        client.has_blob("shop/web", DIGEST)
    with RegistryClient(elsewhere.host, retry=waits.retry) as other:
        assert other.has_blob("shop/web", DIGEST)
    assert waits.seconds == []


def test_nobody_waits_longer_than_a_retry_may(registry: Scripted) -> None:
    waits = Waits(tries=1)
    registry.script = busy_once("86400")
    with RegistryClient(registry.host, retry=waits.retry) as client:
        with pytest.raises(TemporaryError):
            client.has_blob("shop/web", DIGEST)
        client.has_blob("shop/web", DIGEST)
    assert waits.seconds == [60]


def test_a_token_server_that_asks_for_time_gets_it(registry: Scripted, elsewhere: Scripted) -> None:
    waits = Waits(tries=1)
    answers = iter([Answer(429, {"Retry-After": "7"})])
    elsewhere.script = lambda _: next(answers, Answer(200, body=b'{"token": "abc"}'))
    challenge = {"WWW-Authenticate": f'Bearer realm="{elsewhere.url}/token"'}
    registry.script = lambda seen: Answer(200 if "authorization" in seen.headers else 401, challenge)
    with RegistryClient(registry.host, retry=waits.retry) as client:
        with pytest.raises(TemporaryError):
            client.has_blob("shop/web", DIGEST)
        assert waits.seconds == []
        assert client.has_blob("shop/api", DIGEST)
    assert waits.seconds == [7]


def test_an_object_store_that_asks_for_time_gets_it_and_the_registry_need_not(
    registry: Scripted, elsewhere: Scripted
) -> None:
    waits = Waits(tries=1)
    elsewhere.script = busy_once("7")
    redirect = {"Location": f"{elsewhere.url}/bucket"}
    registry.script = lambda seen: Answer(307, redirect) if "shop/web" in seen.path else Answer(200)
    with RegistryClient(registry.host, retry=waits.retry) as client:
        with pytest.raises(TemporaryError):
            client.has_blob("shop/web", DIGEST)
        assert client.has_blob("shop/api", DIGEST)
        assert waits.seconds == []
        assert client.has_blob("shop/web", DIGEST)
    assert waits.seconds == [7]


def test_a_pause_that_grows_is_kept_to_its_end() -> None:
    waits: list[float] = []
    longer = iter([5.0])

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        for more in longer:
            pauses.ask("a", more)

    pauses = Pauses(Retry(sleep=sleep, clock=lambda: sum(waits)))
    pauses.ask("a", 3)
    pauses.keep("a")
    assert waits == [3, 5]
    pauses.keep("b")
    assert waits == [3, 5]


def test_who_is_woken_by_the_end_of_it_all_waits_no_more() -> None:
    closed = threading.Event()
    closed.set()
    pauses = Pauses(Retry(sleep=closed.wait))
    pauses.ask("a", 60)
    pauses.keep("a")
