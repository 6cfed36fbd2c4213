"""What the registry keeps: bytes on disk by digest, and per repository what it may serve.

Repositories live in memory: an emulated registry is empty when it starts. A blob is in a
repository only when it was uploaded or mounted there, as in a real registry.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from clouddeploy.emulator.registry.answers import Refusal
from clouddeploy.emulator.registry.digests import is_digest
from clouddeploy.emulator.registry.documents import references

_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME = re.compile(rf"{_PART}(?:/{_PART})*", re.ASCII)
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}", re.ASCII)
_LONGEST_NAME = 255


@dataclass(frozen=True)
class ManifestRecord:
    """One manifest of a repository; `pushed_at` is aware UTC.

    `size` is in bytes, of the manifest with its config and layers; an index has its manifests' sizes too.
    """

    digest: str
    tags: tuple[str, ...]
    size: int
    media_type: str
    pushed_at: datetime


@dataclass(frozen=True)
class Manifest:
    """A stored manifest and what was read in it."""

    digest: str
    media_type: str
    body: bytes
    document: Mapping[str, Any]
    pushed_at: datetime = field(default_factory=lambda: datetime.now(UTC))


class Repository:
    """Which blobs, manifests and tags one name has."""

    def __init__(self, name: str, *, immutable: bool = False) -> None:
        self.name = name
        self.immutable = immutable
        self.blobs: set[str] = set()
        self.manifests: dict[str, Manifest] = {}
        self.tags: dict[str, str] = {}

    def manifest(self, reference: str) -> Manifest | None:
        """By tag or by digest."""
        return self.manifests.get(reference if is_digest(reference) else self.tags.get(reference, ""))

    def refers_to(self, digest: str) -> bool:
        """Whether one of its manifests has this config or layer."""
        return any(
            one.digest == digest for each in self.manifests.values() for one in references(each.document)
        )

    def record(self, manifest: Manifest) -> ManifestRecord:
        tags = tuple(sorted(tag for tag, digest in self.tags.items() if digest == manifest.digest))
        size = sum(self.contents(manifest).values())
        return ManifestRecord(manifest.digest, tags, size, manifest.media_type, manifest.pushed_at)

    def contents(self, manifest: Manifest) -> dict[str, int]:
        """The bytes of a manifest and of all that hangs on it, by digest."""
        found = {manifest.digest: len(manifest.body)}
        for one in references(manifest.document):
            child = self.manifests.get(one.digest) if one.manifest else None
            if child:
                found.update(self.contents(child))
            elif not one.manifest:
                found[one.digest] = one.size
        return found

    def put(self, manifest: Manifest, tags: Iterable[str], *, rewrites: bool = True) -> None:
        """Store a manifest and move `tags` to it; TAG_INVALID when an immutable tag would move.

        With `rewrites` an immutable tag may be given the digest that it has.
        """
        for tag in tags:
            same = rewrites and self.tags.get(tag) == manifest.digest
            if self.immutable and tag in self.tags and not same:
                raise Refusal(400, "TAG_INVALID", _immutable(self.name, tag))
        self.manifests.setdefault(manifest.digest, manifest)
        self.tags.update(dict.fromkeys(tags, manifest.digest))

    def delete(self, reference: str) -> bool:
        """A tag alone, or by digest the manifest with all its tags; False when there is none."""
        if not is_digest(reference):
            return self.tags.pop(reference, None) is not None
        self.tags = {tag: digest for tag, digest in self.tags.items() if digest != reference}
        return self.manifests.pop(reference, None) is not None


class Storage:
    """All repositories and the blob files. `lock` guards the repositories, never byte streams."""

    def __init__(self, directory: Path) -> None:
        self.lock = threading.RLock()
        self.uploads = directory / "uploads"
        self._blobs = directory / "blobs"
        self._repositories: dict[str, Repository] = {}
        self.uploads.mkdir(parents=True, exist_ok=True)

    def blob(self, digest: str) -> Path:
        """Where the bytes of a checked digest are, or will be."""
        return self._blobs / digest.replace(":", "/")

    def keep(self, path: Path, digest: str) -> None:
        """Make a finished, verified upload a blob."""
        target = self.blob(digest)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.replace(target)

    def names(self) -> list[str]:
        with self.lock:
            return sorted(self._repositories)

    def find(self, name: str) -> Repository | None:
        with self.lock:
            return self._repositories.get(name)

    def create(self, name: str, *, immutable: bool = False) -> Repository:
        """The repository of this name, made when missing; NAME_INVALID when it cannot be one."""
        check_name(name)
        with self.lock:
            return self._repositories.setdefault(name, Repository(name, immutable=immutable))

    def remove(self, name: str) -> bool:
        with self.lock:
            return self._repositories.pop(name, None) is not None


def check_name(name: str) -> str:
    """`name`, when it is a repository name; refused with NAME_INVALID otherwise."""
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise Refusal(400, "NAME_INVALID", "invalid repository name", name=name)
    return name


def check_tag(tag: str) -> str:
    """`tag`, when it is a tag; refused with MANIFEST_INVALID otherwise."""
    if not _TAG.fullmatch(tag):
        raise Refusal(400, "MANIFEST_INVALID", "the tag is invalid", tag=tag)
    return tag


def _immutable(name: str, tag: str) -> str:
    return (
        f"The image tag '{tag}' already exists in the '{name}' repository"
        " and cannot be overwritten because the repository is immutable."
    )
