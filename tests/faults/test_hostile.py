"""A small sample of the mean registries; `make faults` meets two hundred and fifty."""

from __future__ import annotations

import http.client
import socket
from pathlib import Path

import pytest

from clouddeploy.emulator.certificates import Authority
from tests.faults import hostile, subject
from tests.faults.attacker import Attacker
from tests.faults.attacks import FLOODS, INSIDE, LIES, STRANGE, draw
from tests.faults.hostile import Bench, holds_credential, look_on
from tests.faults.kills import Child
from tests.faults.rig import PASSWORD
from tests.faults.subject import Job, Verdict

pytestmark = pytest.mark.timeout(180)  # a busy machine


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("hostile"))


@pytest.mark.parametrize("seed", range(8))
def test_a_mean_registry_gets_nothing(seed: int, bench: Bench) -> None:
    attacked = bench.run(seed)
    broken = {key: why for key, why in attacked.judged().items() if why}
    assert broken == {}, f"{attacked.attack}\nalone: python -m tests.faults hostile --seed {seed}"


@pytest.mark.parametrize("seed", [248])
def test_a_name_that_leads_inside_is_not_even_connected_to(seed: int, bench: Bench) -> None:
    assert bench.run(seed).judged()["peers"] == ""


def test_250_seeds_try_everything() -> None:
    attacks = [draw(seed) for seed in range(250)]
    assert {one.kind for one in attacks} == {
        "location", "realm", "link", "redirect", "token redirect", "lie", "flood",
    }  # fmt: skip
    assert {*INSIDE, *STRANGE, *LIES, *FLOODS} <= {one.where for one in attacks}
    assert {one.status for one in attacks} >= {301, 302, 303, 307, 308}
    assert {one.tls for one in attacks} == {True, False}
    assert attacks == [draw(seed) for seed in range(250)]


# The judge judged


@pytest.mark.parametrize("tls", [False, True])
def test_the_attacker_keeps_what_it_is_sent(tls: bool, tmp_path: Path) -> None:
    import ssl

    authority = Authority(tmp_path, "test")
    with Attacker(authority.server("registry") if tls else None) as attacker:
        trust = ssl.create_default_context(cadata=authority.pem)
        connection = (
            http.client.HTTPSConnection("127.0.0.1", attacker.port, context=trust)
            if tls
            else http.client.HTTPConnection("127.0.0.1", attacker.port)
        )
        connection.request("PUT", "/x", b"a body", {"Authorization": "Basic abc"})
        assert connection.getresponse().status == 201
        connection.close()
    [received] = attacker.received
    assert received.startswith(b"PUT /x HTTP/1.1\r\n")
    assert received.endswith(b"a body")
    assert holds_credential(received)


@pytest.mark.parametrize(
    ("data", "held"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", False),
        (b"GET / HTTP/1.1\r\nauthorization: x\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\nCookie: x\r\n\r\n", True),
        (f"GET /?p={PASSWORD} HTTP/1.1\r\n\r\n".encode(), True),
        (b"POST / HTTP/1.1\r\n\r\nY2k6Y2FuYXJ5LTRmMWM5YS1jb3JyZWN0LWhvcnNl", True),
    ],
)
def test_credentials_are_recognised(data: bytes, held: bool) -> None:
    assert holds_credential(data) is held


def test_whom_a_child_talks_to_is_seen_and_stopped(tmp_path: Path) -> None:
    job = Job(tmp_path, "127.0.0.1:1", "a", ("v1",), "", "", tmp_path)
    assert Child(wander, job).start().result() == ["169.254.169.254", "169.254.169.254", "::1"]


def test_a_lie_that_is_believed_is_found_out(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    seed = next(seed for seed in range(250) if draw(seed).where == "nothing is kept")
    monkeypatch.setattr(hostile, "act", believe)
    assert "cannot be pulled" in bench.run(seed).judged()["true success"]


def wander(job: Job) -> list[str]:
    """Tries addresses inside, by number and by a name that leads there."""
    peers: list[str] = []
    look_on(peers)
    for host in ("169.254.169.254", "metadata.google.internal", "::1"):
        try:
            socket.create_connection((host, 1), timeout=1).close()
        except OSError:
            continue
    return peers


def believe(job: Job, operation: str) -> Verdict:
    return subject.Verdict("done")
