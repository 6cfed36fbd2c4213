"""A registry that carries an attack out: an honest one whose answers are changed on their way."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from clouddeploy.emulator.registry.endpoints import Endpoint, Target, target_of
from tests.faults.attacks import Attack

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Headers = list[tuple[str, str]]
MOST_SENT = 24 * 1024 * 1024
"""Bytes of one flood that a client may take, with what its sockets hold, before it must hang up."""

_OTHER = "sha256:" + "0" * 64
_PATH = "sha256:../../../../tmp/x"
_DIGESTS: Mapping[tuple[str, Endpoint], str] = {
    ("blobs have another digest", "head-blob"): _OTHER,
    ("manifests have another digest", "get-manifest"): _OTHER,
    ("manifests have another digest", "head-manifest"): _OTHER,
    ("kept another blob", "close"): _OTHER,
    ("kept another manifest", "put-manifest"): _OTHER,
    ("a digest is a path", "close"): _PATH,
    ("a digest is a path", "put-manifest"): _PATH,
    ("a digest is a path", "get-manifest"): _PATH,
    ("a digest is a path", "head-manifest"): _PATH,
}
_STATUSES: Mapping[tuple[str, Endpoint], str] = {
    ("every blob is there", "head-blob"): "200 OK",
    ("blobs have another size", "head-blob"): "200 OK",
    ("blobs have another digest", "head-blob"): "200 OK",
    ("nothing is kept", "close"): "201 Created",
    ("nothing is kept", "put-manifest"): "201 Created",
    ("nothing is kept", "get-manifest"): "404 Not Found",
    ("nothing is kept", "head-manifest"): "404 Not Found",
}
_PIECE = b" " * 65536


@dataclass
class Answer:
    status: str
    headers: Headers
    body: Iterable[bytes]
    empty: bool = False

    def replace(self, name: str, value: str) -> None:
        self.headers = [one for one in self.headers if one[0].lower() != name.lower()]
        self.headers.append((name, value))


@dataclass
class Mean:
    """WSGI middleware; `url` is where the attack sends the client, `sizes` are those of the image's parts.

    `flooded` counts the bytes of each flood that were sent.
    """

    app: WSGIApplication
    attack: Attack
    sizes: Mapping[str, int]
    url: str = ""
    flooded: list[int] = field(default_factory=list)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request, as WSGI says."""
        target = target_of(environ["REQUEST_METHOD"], environ["PATH_INFO"], environ["QUERY_STRING"])
        answer = self._honest(environ)
        self._change(target, environ, answer)
        start_response(answer.status, answer.headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else answer.body

    def _honest(self, environ: WSGIEnvironment) -> Answer:
        answer = Answer("", [], ())

        def note(status: str, headers: Headers, _: object = None, /) -> Callable[[bytes], object]:
            answer.status, answer.headers = status, headers
            return lambda __: None

        found = self.app(environ, note)
        answer.body = [b"".join(found)]
        close = getattr(found, "close", None)
        if close:
            close()
        return answer

    def _change(self, target: Target, environ: WSGIEnvironment, answer: Answer) -> None:
        kind, endpoint = self.attack.kind, target.endpoint
        logged_in = not answer.status.startswith("401")
        match kind:
            case "realm" if not logged_in:
                answer.replace("WWW-Authenticate", f'Bearer realm="{self.url}",service="registry"')
            case "location" if endpoint in ("start", "chunk") and logged_in:
                answer.replace("Location", self.url)
            case "link" if endpoint == "tags" and logged_in:
                answer.replace("Link", f'<{self.url}>; rel="next"')
            case "redirect" if endpoint == self.attack.endpoint and logged_in:
                self._redirect(answer)
            case "token redirect" if endpoint == "token":
                self._redirect(answer)
            case "lie" if logged_in:
                self._lie(target, answer)
            case "flood":
                self._flood(target, answer, logged_in=logged_in)

    def _redirect(self, answer: Answer) -> None:
        answer.status = f"{self.attack.status} Elsewhere"
        answer.replace("Location", self.url)
        answer.replace("Content-Length", "0")
        answer.body = ()

    def _lie(self, target: Target, answer: Answer) -> None:
        lie, endpoint = self.attack.where, target.endpoint
        if (lie, endpoint) in _DIGESTS:
            answer.replace("Docker-Content-Digest", _DIGESTS[lie, endpoint])
        if (lie, endpoint) in _STATUSES:
            answer.status = _STATUSES[lie, endpoint]
        match lie, endpoint:
            case (("every blob is there" | "blobs have another digest"), "head-blob"):
                answer.replace("Content-Length", str(self.sizes.get(target.digest, 0)))
            case "blobs have another size", "head-blob":
                answer.replace("Content-Length", str(self.sizes.get(target.digest, 0) + 1))
            case (("manifests have other content" | "manifests are other documents"), "get-manifest"):
                self._other_manifest(answer)

    def _other_manifest(self, answer: Answer) -> None:
        whole = b"".join(answer.body)
        other = whole + b" " if "content" in self.attack.where else b'{"schemaVersion": 2, "manifests": []}'
        answer.body = [other]
        answer.replace("Content-Length", str(len(other)))

    def _flood(self, target: Target, answer: Answer, *, logged_in: bool) -> None:
        match self.attack.where, target.endpoint:
            case "an endless manifest", "get-manifest" if logged_in:
                answer.status = "200 OK"
                self._pour(answer, b'{"schemaVersion": 2, "x": "')
            case "an endless error", "start" if logged_in:
                answer.status = "500 Internal Server Error"
                self._pour(answer, b'{"errors": [{"code": "UNKNOWN", "message": "')
            case "an endless token", "token":
                self._pour(answer, b'{"token": "')
            case "an endless list of tags", "tags" if logged_in:
                self._pour(answer, b'{"tags": ["')
            case "tags without end", "tags" if logged_in:
                number = len(self.flooded)
                self.flooded.append(0)
                answer.replace("Link", f'</v2/{target.repository}/tags/list?n=1&last={number}>; rel="next"')
                body = json.dumps({"tags": [f"v{number}"]}).encode()
                answer.body = [body]
                answer.replace("Content-Length", str(len(body)))
            case "a huge header", "head-blob" if logged_in:
                answer.replace("X-Long", "x" * 1_000_000)

    def _pour(self, answer: Answer, begin: bytes) -> None:
        answer.headers = [one for one in answer.headers if one[0].lower() != "content-length"]
        number = len(self.flooded)
        self.flooded.append(0)

        def pieces() -> Iterator[bytes]:
            yield begin
            while self.flooded[number] < 2 * MOST_SENT:
                self.flooded[number] += len(_PIECE)
                yield _PIECE

        answer.body = pieces()
