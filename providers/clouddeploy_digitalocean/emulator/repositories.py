"""What registries hold: repositories, manifests, tags."""

from __future__ import annotations

import threading
from collections.abc import Container
from typing import Any

from clouddeploy.emulator.registry import ManifestRecord, OciRegistry
from clouddeploy_digitalocean.emulator.answers import Answer, ApiError, paged
from clouddeploy_digitalocean.emulator.request import Request


class Repositories:
    """The operations on what is in an account's registries; a repository is there with its first push.

    What nothing refers to any more still takes storage, until it is swept.
    """

    def __init__(self, data: OciRegistry, registries: Container[str]) -> None:
        self._data = data
        self._registries = registries
        self._left: dict[str, dict[str, int]] = {}
        self._lock = threading.RLock()

    def names(self, registry: str) -> list[str]:
        """The repositories of a registry that hold something."""
        prefix = f"{registry}/"
        names = [name for name in self._data.repositories() if name.startswith(prefix)]
        return [name.removeprefix(prefix) for name in names if self._data.manifests(name)]

    def stored(self, registry: str) -> int:
        """The bytes that a registry takes; what its images share counts once."""
        return sum({**self._left.get(registry, {}), **self._referred(registry)}.values())

    def sweep(self, registry: str) -> int:
        """Free what nothing refers to; how many bytes that were."""
        kept = self._referred(registry)
        return sum(size for digest, size in self._left.pop(registry, {}).items() if digest not in kept)

    def clear(self, registry: str) -> None:
        """Forget everything in a registry."""
        for repository in self.names(registry):
            self._data.delete_repository(f"{registry}/{repository}")
        self._left.pop(registry, None)

    def list_repositories(self, request: Request) -> Answer:
        name = known(self._registries, request)
        shown = [self._repository(name, repository) for repository in self.names(name)]
        return paged("repositories", shown, request.query, request.url)

    def list_manifests(self, request: Request) -> Answer:
        name, repository = known(self._registries, request), self._known(request)
        found = reversed(self._data.manifests(f"{name}/{repository}"))
        shown = [_manifest(name, repository, one) for one in found]
        return paged("manifests", shown, request.query, request.url)

    def list_tags(self, request: Request) -> Answer:
        name, repository = known(self._registries, request), self._known(request)
        found = reversed(self._data.manifests(f"{name}/{repository}"))
        shown = [_tag(name, repository, one, tag) for one in found for tag in one.tags]
        return paged("tags", shown, request.query, request.url)

    def delete_manifest(self, request: Request) -> Answer:
        digest = request.names["manifest_digest"]
        if ":" not in digest or not self._deleted(request, digest):
            raise ApiError(404, "manifest not found")
        return Answer(204)

    def delete_tag(self, request: Request) -> Answer:
        """The manifest stays."""
        tag = request.names["repository_tag"]
        if ":" in tag or not self._deleted(request, tag):
            raise ApiError(404, "tag not found")
        return Answer(204)

    def delete_repository(self, request: Request) -> Answer:
        with self._lock:
            name, repository = known(self._registries, request), self._known(request)
            self._leave(name)
            self._data.delete_repository(f"{name}/{repository}")
        return Answer(204)

    def _deleted(self, request: Request, reference: str) -> bool:
        """Delete a tag or a manifest, which frees nothing yet."""
        with self._lock:
            name, repository = known(self._registries, request), self._known(request)
            self._leave(name)
            return self._data.delete(f"{name}/{repository}", reference)

    def _leave(self, registry: str) -> None:
        """All that is there is kept."""
        self._left[registry] = self._left.get(registry, {}) | self._referred(registry)

    def _referred(self, registry: str) -> dict[str, int]:
        return self._data.contents(f"{registry}/{name}" for name in self.names(registry))

    def _repository(self, registry: str, repository: str) -> dict[str, Any]:
        manifests = self._data.manifests(f"{registry}/{repository}")
        return {
            "registry_name": registry,
            "name": repository,
            "tag_count": sum(len(one.tags) for one in manifests),
            "manifest_count": len(manifests),
            "latest_manifest": _manifest(registry, repository, manifests[-1]),
        }

    def _known(self, request: Request) -> str:
        repository = request.names["repository_name"]
        if repository not in self.names(request.names["registry_name"]):
            raise ApiError(404, "repository not found")
        return repository


def known(registries: Container[str], request: Request) -> str:
    """The registry that a request's path names; 404 for none."""
    name = request.names["registry_name"]
    if name not in registries:
        raise ApiError(404, "registry does not exist")
    return name


def _manifest(registry: str, repository: str, one: ManifestRecord) -> dict[str, Any]:
    return {
        "digest": one.digest,
        "registry_name": registry,
        "repository": repository,
        "compressed_size_bytes": one.size,
        "size_bytes": one.size,
        "updated_at": one.pushed_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "tags": list(one.tags),
        "blobs": [],
    }


def _tag(registry: str, repository: str, one: ManifestRecord, tag: str) -> dict[str, Any]:
    return {
        "registry_name": registry,
        "repository": repository,
        "tag": tag,
        "manifest_digest": one.digest,
        "compressed_size_bytes": one.size,
        "size_bytes": one.size,
        "updated_at": one.pushed_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
