"""The registry as a WSGI application: routes, login, repositories from the outside."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request, Response

from clouddeploy.emulator.registry.access import Access, Authorize
from clouddeploy.emulator.registry.answers import Refusal, answer_json, answer_page
from clouddeploy.emulator.registry.blobs import BlobEndpoints
from clouddeploy.emulator.registry.documents import references
from clouddeploy.emulator.registry.manifests import ManifestEndpoints
from clouddeploy.emulator.registry.profiles import PLAIN, Profile
from clouddeploy.emulator.registry.storage import ManifestRecord, Repository, Storage, check_name
from clouddeploy.emulator.registry.uploads import Upload, Uploads

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_ROUTE = re.compile(
    r"/v2/(?P<name>.+?)/(?P<kind>blobs/uploads|blobs|manifests|referrers|tags)/(?P<rest>[^/]*)", re.DOTALL
)
_ELSEWHERE = re.compile(r"/artifacts-uploads/.*/uploads/(?P<session>[^/]+)")
_PIECE = 256 * 1024
_ACTIONS = {"GET": "pull", "HEAD": "pull", "DELETE": "delete"}


def _unknown(name: str) -> str:
    return f"repository name {name} not known to registry"


class OciRegistry:
    """Distribution-spec registry; blobs in `directory`, everything else in memory.

    `authorize` judges each request's Authorization header. `profile` is whose habits it has.
    Without `create_on_push`, by default the profile's, a repository must be created first, and
    `unknown_repository(name)` is what a client is told.
    """

    def __init__(
        self,
        directory: Path,
        *,
        authorize: Authorize,
        profile: Profile = PLAIN,
        create_on_push: bool | None = None,
        unknown_repository: Callable[[str], str] = _unknown,
    ) -> None:
        self._storage = Storage(directory)
        self._authorize = authorize
        self._create_on_push = profile.creates_repositories if create_on_push is None else create_on_push
        self._unknown_repository = unknown_repository
        self._lists_repositories = profile.lists_repositories
        self._uploads = Uploads(self._storage, profile)
        self._blobs = BlobEndpoints(self._storage, self._uploads, profile)
        self._manifests = ManifestEndpoints(self._storage, profile)

    def create_repository(self, name: str, *, immutable: bool = False) -> None:
        """Make an empty repository, if there is none; `immutable` tags never move.

        Raises ValueError for a name that the specification does not allow.
        """
        try:
            self._storage.create(name, immutable=immutable)
        except Refusal as refusal:
            raise ValueError(refusal.message) from refusal

    def delete_repository(self, name: str) -> bool:
        """Forget a repository; False when there was none."""
        return self._storage.remove(name)

    def repositories(self) -> list[str]:
        """The names, sorted."""
        return self._storage.names()

    def manifests(self, name: str) -> list[ManifestRecord]:
        """What a repository holds, oldest first; nothing when there is none of this name."""
        repository = self._storage.find(name)
        with self._storage.lock:
            return [repository.record(one) for one in repository.manifests.values()] if repository else []

    def find(self, name: str, reference: str) -> ManifestRecord | None:
        """A manifest by tag or digest."""
        repository = self._storage.find(name)
        manifest = repository.manifest(reference) if repository else None
        return repository.record(manifest) if repository and manifest else None

    def stored(self, names: Iterable[str]) -> int:
        """The bytes that repositories take together: what their images share counts once."""
        return sum(self.contents(names).values())

    def contents(self, names: Iterable[str]) -> dict[str, int]:
        """The sizes of all that the manifests of repositories refer to, and their own, by digest."""
        found: dict[str, int] = {}
        with self._storage.lock:
            for repository in filter(None, map(self._storage.find, names)):
                for one in repository.manifests.values():
                    found.update(repository.contents(one))
        return found

    def parents(self, name: str, digest: str) -> list[str]:
        """The digests of the indexes that name a manifest."""
        repository = self._storage.find(name)
        with self._storage.lock:
            stored = list(repository.manifests.values()) if repository else []
        return [
            one.digest
            for one in stored
            if any(ref.manifest and ref.digest == digest for ref in references(one.document))
        ]

    def delete(self, name: str, reference: str) -> bool:
        """Delete a tag, or a manifest by digest; False when there was none."""
        repository = self._storage.find(name)
        with self._storage.lock:
            return bool(repository and repository.delete(reference))

    def set_clock(self, clock: Callable[[], float]) -> None:
        """Let upload sessions expire by a clock that gives seconds."""
        self._uploads.clock = clock

    def forget_upload(self, session: str) -> None:
        """Lose an upload session, if it is open: its client is told that it is unknown."""
        self._uploads.forget(session)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        request = Request(environ)
        try:
            response = self._answer(request)
        except Refusal as refusal:
            response = refusal.response()
        if response.status_code >= 400:
            _drain(environ)
        response.headers.setdefault("Docker-Distribution-Api-Version", "registry/2.0")
        return response(environ, start_response)

    def _answer(self, request: Request) -> Response:
        elsewhere = _ELSEWHERE.fullmatch(request.path)
        if elsewhere:  # the URL itself is the key, as with a signed one
            return self._upload(request, self._blobs.session(None, elsewhere["session"]))
        access = self._authorize(request.headers.get("Authorization"))
        route = _ROUTE.fullmatch(request.path)
        if route is None:
            return self._answer_root(request, access)
        name = check_name(route["name"])
        action = _ACTIONS.get(request.method, "push")
        if not access.permits(name, action):
            return _refuse(access, f"repository:{name}:{'pull' if action == 'pull' else f'pull,{action}'}")
        return self._route(request, access, name, route["kind"], route["rest"])

    def _answer_root(self, request: Request, access: Access) -> Response:
        if not access.allowed:
            return _refuse(access, "")
        if request.path in {"/v2", "/v2/"}:
            return answer_json({})
        if self._lists_repositories and request.path == "/v2/_catalog" and request.method == "GET":
            return answer_page(request, "/v2/_catalog", "repositories", self.repositories())
        raise Refusal(404, "UNSUPPORTED", "no such endpoint")

    def _route(self, request: Request, access: Access, name: str, kind: str, rest: str) -> Response:
        method = request.method
        if kind == "referrers" and method == "GET":
            return self._manifests.referrers(request, self._storage.find(name), rest)
        repository = self._repository(name, create=method in {"POST", "PUT"})
        match kind, method:
            case "blobs", "GET" | "HEAD":
                return self._blobs.read(request, repository, rest)
            case "blobs", "DELETE":
                return self._blobs.delete(repository, rest)
            case "blobs/uploads", "POST" if not rest:
                return self._blobs.start(request, repository, lambda other: self._readable(access, other))
            case "blobs/uploads", "PATCH" | "PUT" | "GET" | "DELETE":
                return self._upload(request, self._blobs.session(repository, rest))
            case "manifests", "GET" | "HEAD":
                return self._manifests.read(repository, rest)
            case "manifests", "PUT":
                return self._manifests.write(request, repository, rest)
            case "manifests", "DELETE":
                return self._manifests.delete(repository, rest)
            case "tags", "GET" if rest == "list":
                return self._manifests.tags(request, repository)
        raise Refusal(405, "UNSUPPORTED", "The operation is unsupported.")

    def _upload(self, request: Request, upload: Upload) -> Response:
        match request.method:
            case "PATCH":
                return self._blobs.append(request, upload)
            case "PUT":
                return self._blobs.finish(request, upload)
            case "GET":
                return self._blobs.status(upload)
            case "DELETE":
                return self._blobs.cancel(upload)
        raise Refusal(405, "UNSUPPORTED", "The operation is unsupported.")

    def _repository(self, name: str, *, create: bool) -> Repository:
        found = self._storage.find(name)
        if found is None and create and self._create_on_push:
            found = self._storage.create(name)
        if found is None:
            raise Refusal(404, "NAME_UNKNOWN", self._unknown_repository(name), name=name)
        return found

    def _readable(self, access: Access, name: str) -> list[Repository]:
        """The repository of this name, or all for "", as far as the client may pull from them."""
        names = [name] if name else self._storage.names()
        found = (self._storage.find(one) for one in names if access.permits(one, "pull"))
        return [one for one in found if one]


def _drain(environ: WSGIEnvironment) -> None:
    """Read what is left of a body piece by piece: the server would hold it in memory at once."""
    if environ.get("CONTENT_LENGTH") or environ.get("wsgi.input_terminated"):
        while environ["wsgi.input"].read(_PIECE):
            pass


def _refuse(access: Access, scope: str) -> Response:
    status = 401 if access.challenge else 403
    response = Refusal(status, access.code, access.message).response()
    if access.body is not None and status == 401:
        response = Response(access.body, status, content_type="text/plain; charset=utf-8")
    if access.challenge:
        scoped = access.challenge.lower().startswith("bearer ") and scope
        response.headers["WWW-Authenticate"] = (
            f'{access.challenge},scope="{scope}"' if scoped else access.challenge
        )
    return response
