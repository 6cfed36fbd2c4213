"""A token has tries of its own, and who does not need one waits for nobody."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from clouddeploy.contract import Login
from clouddeploy.errors import TemporaryError
from clouddeploy.oci.auth import Authenticator
from clouddeploy.oci.client import RegistryClient
from clouddeploy.oci.descriptor import OCI_LAYER_GZIP, Descriptor, digest_of
from clouddeploy.oci.transport import Request, Response
from clouddeploy.oci.urls import Origin
from tests.oci.scripted import Answer, Script, Scripted, Seen
from tests.oci.waits import Waits

DIGEST = digest_of(b"layer")
TOKEN = Answer(200, body=b'{"token": "abc"}')
HOME = Origin("https", "registry.example.com", 443)
BEARER = ['Bearer realm="https://auth.example.com/token"']
SECONDS = 60  # a busy machine


def failing(times: int, failure: Answer, then: Answer) -> Script:
    answers = iter([failure] * times)
    return lambda _: next(answers, then)


def behind_tokens(elsewhere: Scripted, answer: Script) -> Script:
    challenge = {"WWW-Authenticate": f'Bearer realm="{elsewhere.url}/token"'}
    return lambda seen: answer(seen) if "authorization" in seen.headers else Answer(401, challenge)


@pytest.mark.parametrize("failure", [Answer(503), Answer(hang_up=True), Answer(200, body=TOKEN.body, cut=9)])
def test_failures_of_both_do_not_add_up(
    failure: Answer, registry: Scripted, elsewhere: Scripted, client: RegistryClient, waits: Waits
) -> None:
    elsewhere.script = failing(2, failure, TOKEN)
    registry.script = behind_tokens(elsewhere, failing(2, Answer(500), Answer(200)))
    assert client.has_blob("shop/web", DIGEST)
    assert len(elsewhere.seen) == 3
    assert len(waits.seconds) == 4


def test_a_token_server_that_is_down_is_not_asked_again_for_each_try(
    registry: Scripted, elsewhere: Scripted, client: RegistryClient
) -> None:
    elsewhere.script = lambda _: Answer(503)
    registry.script = behind_tokens(elsewhere, lambda _: Answer(200))
    with pytest.raises(TemporaryError, match=elsewhere.host) as caught:
        client.has_blob("shop/web", DIGEST)
    assert (len(registry.seen), len(elsewhere.seen)) == (1, 3)
    assert caught.value.exit_code == 75
    assert "run the same command again" in (caught.value.fix or "")


def test_a_mount_without_a_token_is_no_failure(
    registry: Scripted, elsewhere: Scripted, client: RegistryClient
) -> None:
    def give(seen: Seen) -> Answer:
        return Answer(500) if "shop%2Fbase" in seen.path else TOKEN

    elsewhere.script = give
    registry.script = behind_tokens(elsewhere, lambda _: Answer(202, {"Location": "/there"}))
    assert not client.mount_blob("shop/web", Descriptor(OCI_LAYER_GZIP, DIGEST, 5), "shop/base")


class TokenServer:
    """Answers once `open` is set; `asked` holds the scopes."""

    def __init__(self, *, down: bool = False) -> None:
        self.asked: list[str] = []
        self.open = threading.Event()
        self.asking = threading.Event()
        self._down = down

    def ask(self, request: Request, headers: dict[str, str], most: int) -> tuple[Response, bytes]:
        self.asked.append(request.scope)
        self.asking.set()
        assert self.open.wait(SECONDS)
        if self._down:
            raise TemporaryError("down")
        return Taken(), json.dumps({"token": f"token-{len(self.asked)}", "expires_in": 300}).encode()


class Taken(Response):
    """The head of an answer with a token."""

    def __init__(self) -> None:
        self.status = 200
        self.origin = HOME


def nobody() -> Login | None:
    return None


def test_who_has_a_token_does_not_wait_for_who_asks_for_one() -> None:
    server = TokenServer()
    auth = Authenticator(HOME.host, nobody, server.ask)
    with ThreadPoolExecutor() as pool:
        server.open.set()
        first = auth.answer(HOME, "a", BEARER, None)
        server.open.clear()
        server.asking.clear()
        other = pool.submit(auth.header, HOME, "b")
        assert server.asking.wait(SECONDS)
        again = pool.submit(auth.header, HOME, "a")
        try:
            assert again.result(SECONDS) == first
            assert not other.done()
        finally:
            server.open.set()
        assert other.result(SECONDS) != first


@pytest.mark.parametrize("down", [False, True])
def test_those_who_wait_for_the_same_token_ask_once(down: bool) -> None:
    server, came, all_came = TokenServer(down=down), set[int](), threading.Event()

    def clock() -> float:
        """0 until everybody has looked at it once, 1 from then on."""
        moment = float(server.open.is_set())
        came.add(threading.get_ident())
        if len(came) == 4:
            all_came.set()
        return moment

    auth = Authenticator(HOME.host, nobody, server.ask, clock=clock)
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(auth.answer, HOME, "a", BEARER, None) for _ in range(4)]
        assert all_came.wait(SECONDS)
        server.open.set()
        failed = [one.exception(SECONDS) for one in waiting]
    assert [isinstance(error, TemporaryError) for error in failed] == [down] * 4
    assert server.asked == ["a"]


def test_a_failure_is_not_remembered_for_who_comes_later() -> None:
    server = TokenServer(down=True)
    auth = Authenticator(HOME.host, nobody, server.ask)
    server.open.set()
    for _ in range(2):
        with pytest.raises(TemporaryError):
            auth.answer(HOME, "a", BEARER, None)
    assert server.asked == ["a", "a"]


def test_tokens_that_expired_together_are_not_tried_one_by_one() -> None:
    server = TokenServer()
    server.open.set()
    auth = Authenticator(HOME.host, nobody, server.ask)
    narrow, wide = "repository:web:pull", "repository:web:pull repository:base:pull"
    for scope in (wide, f"{wide} repository:api:pull", "repository:api:push"):
        auth.answer(HOME, scope, BEARER, None)
    asked = len(server.asked)

    sent = auth.header(HOME, narrow)
    again = auth.answer(HOME, narrow, BEARER, sent)
    assert server.asked[asked:] == [narrow], "none of the others was taken for good"
    assert again != sent
    auth.header(HOME, "repository:api:push")
    assert server.asked[asked:] == [narrow], "what serves something else is kept"
