"""The manifest, tag and referrer endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from werkzeug.wrappers import Request, Response

from clouddeploy.emulator.registry.answers import (
    Refusal,
    answer_empty,
    answer_json,
    answer_page,
    digest_invalid,
    unknown_manifest,
)
from clouddeploy.emulator.registry.digests import algorithm, check_digest, digest_of_bytes
from clouddeploy.emulator.registry.documents import (
    OCI_INDEX,
    Reference,
    parse_manifest,
    references,
    referrer,
    subject,
)
from clouddeploy.emulator.registry.profiles import Profile
from clouddeploy.emulator.registry.storage import Manifest, Repository, Storage, check_tag

if TYPE_CHECKING:
    from collections.abc import Sequence

_TOO_MANY_LAYERS = (  # openai/tart#890
    "Invalid parameter at 'ImageManifest' failed to satisfy constraint: "
    "'Limit on number of layers per image exceeded'"
)
_LARGEST = 4 * 1024 * 1024  # what the specification says that every registry should take


class ManifestEndpoints:
    """Serves manifests, tags and referrers of repositories that exist."""

    def __init__(self, storage: Storage, profile: Profile) -> None:
        self._storage = storage
        self._profile = profile

    def read(self, repository: Repository, reference: str) -> Response:
        """GET and HEAD (end-3)."""
        manifest = repository.manifest(_check_reference(reference))
        if manifest is None:
            raise unknown_manifest(reference)
        headers = {"Docker-Content-Digest": manifest.digest, "Content-Length": str(len(manifest.body))}
        return Response(manifest.body, 200, headers, content_type=manifest.media_type)

    def write(self, request: Request, repository: Repository, reference: str) -> Response:
        """PUT by tag (end-7a), or by digest with any number of `tag` parameters (end-7b)."""
        body = _read_body(request)
        by_digest = ":" in reference
        digest = digest_of_bytes(body, algorithm(check_digest(reference)) if by_digest else "sha256")
        if by_digest and digest != reference:
            raise digest_invalid("provided digest did not match uploaded content")
        tags = request.args.getlist("tag") if by_digest else [reference]
        manifest = Manifest(digest, request.mimetype, body, parse_manifest(body, request.mimetype))
        self._check_profile(manifest)
        with self._storage.lock:
            self._check_references(repository, manifest)
            checked = [check_tag(tag) for tag in tags]
            repository.put(manifest, checked, rewrites=self._profile.rewrites_immutable)
        return answer_empty(201, _written(repository, manifest, tags if by_digest else []))

    def delete(self, repository: Repository, reference: str) -> Response:
        """DELETE (end-9): a tag, or a manifest with its tags."""
        with self._storage.lock:
            if not repository.delete(_check_reference(reference)):
                raise unknown_manifest(reference)
        return answer_empty(202, {"Content-Length": "0"})

    def tags(self, request: Request, repository: Repository) -> Response:
        """GET tags/list (end-8), in pages of `n` tags after `last`."""
        path = f"/v2/{repository.name}/tags/list"
        return answer_page(request, path, "tags", sorted(repository.tags), name=repository.name)

    def referrers(self, request: Request, repository: Repository | None, digest: str) -> Response:
        """GET referrers (end-12): an index of the manifests whose subject is `digest`."""
        check_digest(digest)
        with self._storage.lock:
            stored = list(repository.manifests.values()) if repository else []
        found = [
            referrer(one.digest, len(one.body), one.media_type, one.document)
            for one in stored
            if subject(one.document) == digest
        ]
        kind, headers = request.args.get("artifactType"), {}
        if kind:
            found = [one for one in found if one.get("artifactType") == kind]
            headers["OCI-Filters-Applied"] = "artifactType"
        index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": found}
        return answer_json(index, headers=headers, media_type=OCI_INDEX)

    def _check_profile(self, manifest: Manifest) -> None:
        most, config = self._profile.most_layers, manifest.document.get("config", {}).get("mediaType")
        if most is not None and len(manifest.document.get("layers", ())) > most:
            raise Refusal(405, "UNSUPPORTED", _TOO_MANY_LAYERS)
        if config in self._profile.refused_configs:
            raise Refusal(403, "DENIED", f"unknown manifest class for {config}")

    def _check_references(self, repository: Repository, manifest: Manifest) -> None:
        for wanted in references(manifest.document):
            size = self._size(repository, wanted)
            if size is None:
                message = "manifest references a manifest or blob unknown to registry"
                raise Refusal(404, "MANIFEST_BLOB_UNKNOWN", message, digest=wanted.digest)
            if size != wanted.size:
                raise Refusal(400, "MANIFEST_INVALID", f"the size of {wanted.digest} is {size}")

    def _size(self, repository: Repository, wanted: Reference) -> int | None:
        if wanted.manifest:
            found = repository.manifests.get(wanted.digest)
            return len(found.body) if found else None
        return self._storage.blob(wanted.digest).stat().st_size if wanted.digest in repository.blobs else None


def _written(repository: Repository, manifest: Manifest, tags: Sequence[str]) -> dict[str, str]:
    headers = {
        "Location": f"/v2/{repository.name}/manifests/{manifest.digest}",
        "Docker-Content-Digest": manifest.digest,
        "Content-Length": "0",
    }
    about = subject(manifest.document)
    if about:
        headers["OCI-Subject"] = about
    if tags:
        headers["OCI-Tag"] = ", ".join(tags)
    return headers


def _read_body(request: Request) -> bytes:
    body = b""
    while len(body) <= _LARGEST and (piece := request.stream.read(_LARGEST + 1 - len(body))):
        body += piece
    if len(body) > _LARGEST:
        raise Refusal(413, "SIZE_INVALID", "the manifest is larger than 4 MiB")
    if request.content_length is not None and len(body) != request.content_length:
        raise Refusal(400, "SIZE_INVALID", "fewer bytes came than Content-Length says")
    return body


def _check_reference(reference: str) -> str:
    return check_digest(reference) if ":" in reference else check_tag(reference)
