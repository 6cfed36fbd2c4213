"""The product against mean registries: whom it talks to, what it tells them, what it believes."""

from __future__ import annotations

import base64
import errno
import os
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from clouddeploy.emulator.certificates import Authority
from clouddeploy.emulator.registry import OciRegistry, TokenServer
from clouddeploy.emulator.server import Server
from tests.faults import layouts, subject
from tests.faults.attacker import Attacker
from tests.faults.attacks import Attack, Operation, draw
from tests.faults.kills import Child
from tests.faults.mean import MOST_SENT, Mean
from tests.faults.reader import Registry, differences
from tests.faults.rig import PACE, PASSWORD, USERNAME
from tests.faults.subject import Job, Verdict

PROMISES = {
    "credentials": "mean registry: no credential at a foreign host",
    "peers": "mean registry: no request to an inside address",
    "true success": "mean registry: no success without the image",
    "bounded": "mean registry: bounded reading and memory",
    "ends": "mean registry: an error for people, no traceback",
}
REPOSITORY = "shop/web"
_REBOUND = {"metadata.google.internal": "169.254.169.254", "rebind.example.com": "169.254.169.254"}
_MOST_PAGES = 5_000
_MEMORY = 96 * 1024
"""KiB that a run may need on top of what an honest registry makes it need."""


@dataclass(frozen=True)
class Watched:
    """What a child did: its verdict, whom it tried to connect to, its peak memory in KiB."""

    verdict: Verdict
    peers: tuple[str, ...]
    memory: int


@dataclass
class Attacked:
    """What came of an attack; `problems` are promises that were broken."""

    attack: Attack
    verdict: Verdict | None
    problems: dict[str, str] = field(default_factory=dict)

    def judged(self) -> dict[str, str]:
        """The promises that this run could break, "" for those that it kept."""
        return dict.fromkeys(PROMISES, "") | self.problems


class Bench:
    """An image, an authority for TLS, and a folder for registries."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._layout = layouts.make(directory / "image", 1)
        authority = Authority(directory / "authority", "fault tests")
        self._pair = authority.server("registry")
        self._trusted = directory / "authority.pem"
        self._trusted.write_text(authority.pem)

    def run(self, seed: int) -> Attacked:
        """Carry the seed's attack out and judge what the product did."""
        attack = draw(seed)
        tls = self._pair if attack.tls else None
        tokens = TokenServer({USERNAME: PASSWORD})
        honest = OciRegistry(self._directory / f"registry-{seed}", authorize=tokens.authorize)
        honest.create_repository(REPOSITORY)
        with Attacker(tls) as attacker, Server(honest, threads=4) as clean:
            mean, mean_tokens = (Mean(app, attack, self._layout.sizes) for app in (honest, tokens))
            with Server(mean, tls=tls, threads=8) as server, Server(mean_tokens, tls=tls, threads=4) as auth:
                tokens.realm = f"{auth.url}/token"
                mean.url = mean_tokens.url = _url(attack, server, attacker)
                watched: Watched | None = (
                    Child(self._action(attack), self._job(server, seed)).start().result()
                )
            verdict = watched.verdict if watched else None
            found = Attacked(attack, verdict)
            self._judge_peers(watched, attacker, found)
            self._judge_floods([*mean.flooded, *mean_tokens.flooded], watched, found)
            if verdict and verdict.end == "done" and attack.operation == "push":
                self._judge_success(clean, tokens, found)
        return found

    def _action(self, attack: Attack) -> _Action:
        return _Action(act, attack.operation, str(self._trusted) if attack.tls else "")

    def _job(self, server: Server, seed: int) -> Job:
        home = self._directory / f"home-{seed}"
        home.mkdir()
        return Job(
            self._layout.path,
            server.host,
            REPOSITORY,
            ("v1",),
            USERNAME,
            PASSWORD,
            home,
            pace=PACE,
            timeout=5,
        )

    def _judge_peers(self, watched: Watched | None, attacker: Attacker, found: Attacked) -> None:
        if watched is None:
            found.problems["ends"] = "it did not end, or it died"
            return
        if watched.verdict.end == "crashed":
            found.problems["ends"] = f"a traceback: {watched.verdict.message}"
        if inside := [peer for peer in watched.peers if not _is_loopback(peer)]:
            found.problems["peers"] = ", ".join(sorted(set(inside)))
        if any(holds_credential(one) for one in attacker.received):
            found.problems["credentials"] = "one went to the attacker"

    def _judge_floods(self, flooded: list[int], watched: Watched | None, found: Attacked) -> None:
        if any(size > MOST_SENT for size in flooded):
            found.problems["bounded"] = f"it read {max(flooded)} bytes of an answer without end"
        if len(flooded) > _MOST_PAGES:
            found.problems["bounded"] = f"it read {len(flooded)} pages of a list without end"
        if watched and watched.memory > _MEMORY:
            found.problems["bounded"] = f"it took {watched.memory // 1024} MiB"

    def _judge_success(self, clean: Server, tokens: TokenServer, found: Attacked) -> None:
        with Server(tokens, threads=2) as honest_auth:
            tokens.realm = f"{honest_auth.url}/token"
            reader = Registry(clean.host, REPOSITORY, USERNAME, PASSWORD)
            if wrong := differences(self._layout, reader, "v1"):
                found.problems["true success"] = wrong


def act(job: Job, operation: Operation) -> Verdict:
    """What the product is asked to do."""
    return subject.tags(job) if operation == "tags" else subject.push(job)


@dataclass(frozen=True)
class _Action:
    """Runs in the child, under watch: no connection leaves the machine."""

    act: Callable[[Job, Operation], Verdict]
    operation: Operation
    authority: str

    def __call__(self, job: Job) -> Watched:
        import resource

        peers: list[str] = []
        look_on(peers)
        if self.authority:
            os.environ["SSL_CERT_FILE"] = self.authority
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        verdict = self.act(job, self.operation)
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return Watched(replace(verdict, message=verdict.message[:500]), tuple(peers), after - before)


def look_on(peers: list[str]) -> None:
    resolve = socket.getaddrinfo

    def rebound(host: Any, *rest: Any, **named: Any) -> Any:
        """A resolver that says what an attacker's name server may say."""
        return resolve(_REBOUND.get(host, host), *rest, **named)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in ("socket.connect", "socket.sendto") and isinstance(arguments[1], tuple):
            peer = str(arguments[1][0])
            peers.append(peer)
            if not _is_loopback(peer):
                raise OSError(errno.ENETUNREACH, "the harness lets nothing out")

    socket.getaddrinfo = rebound
    sys.addaudithook(hook)


def _url(attack: Attack, server: Server, attacker: Attacker) -> str:
    scheme = "https" if attack.tls else "http"
    return attack.where.format(scheme=scheme, host=server.host, port=attacker.port)


def _is_loopback(peer: str) -> bool:
    return peer.startswith("127.") or peer in ("::1", "localhost", "0.0.0.0")


def holds_credential(data: bytes) -> bool:
    """A password in any form that it is sent in, or any header that carries credentials."""
    encoded = base64.b64encode(f"{USERNAME}:{PASSWORD}".encode())
    head = data.partition(b"\r\n\r\n")[0].lower()
    named = any(line.startswith((b"authorization:", b"cookie:")) for line in head.split(b"\r\n"))
    return named or PASSWORD.encode() in data or encoded in data or b"bearer " in head
