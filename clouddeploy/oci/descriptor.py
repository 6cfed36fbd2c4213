"""Descriptors and digests: how everything in a registry is named.

https://github.com/opencontainers/image-spec/blob/main/descriptor.md
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"
OCI_LAYER_GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
OCI_LAYER_ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER_GZIP = "application/vnd.docker.image.rootfs.diff.tar.gzip"

MANIFESTS = frozenset({OCI_MANIFEST, DOCKER_MANIFEST})
INDEXES = frozenset({OCI_INDEX, DOCKER_INDEX})

_DIGEST = re.compile(r"(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})", re.ASCII)


@dataclass(frozen=True)
class Descriptor:
    """What some content is, its digest and its size in bytes."""

    media_type: str
    digest: str
    size: int
    annotations: Mapping[str, str] = field(default_factory=dict)
    platform: Mapping[str, str] | None = None

    def to_json(self) -> dict[str, Any]:
        """The descriptor as manifests hold it."""
        found: dict[str, Any] = {"mediaType": self.media_type, "digest": self.digest, "size": self.size}
        if self.annotations:
            found["annotations"] = dict(self.annotations)
        if self.platform is not None:
            found["platform"] = dict(self.platform)
        return found

    @classmethod
    def from_json(cls, value: object) -> Self:
        """A descriptor from a manifest; ValueError when it is none."""
        if not isinstance(value, dict):
            raise ValueError("a descriptor is not an object")  # noqa: TRY004
        media_type, size = value.get("mediaType"), value.get("size")
        if not isinstance(media_type, str) or not media_type:
            raise ValueError("a descriptor has no mediaType")
        if not isinstance(size, int) or isinstance(size, bool) or size < 0:
            raise ValueError("a descriptor has no valid size")
        platform = value.get("platform")
        return cls(
            media_type,
            check_digest(value.get("digest")),
            size,
            _strings(value.get("annotations")),
            _strings(platform) if platform is not None else None,
        )


def check_digest(text: object) -> str:
    """`text`, when it is a sha256 or sha512 digest in lowercase hex; ValueError otherwise.

    Whatever passes is safe in a path and in a URL.
    """
    if not isinstance(text, str) or not _DIGEST.fullmatch(text):
        raise ValueError(f"{str(text)[:80]!r} is not a sha256 or sha512 digest")
    return text


def is_digest(text: str) -> bool:
    """Whether `text` is a sha256 or sha512 digest."""
    return bool(_DIGEST.fullmatch(text))


def hasher(digest: str) -> hashlib._Hash:
    """A fresh hash in the algorithm of a checked digest."""
    return hashlib.new(digest.partition(":")[0])


def digest_of(body: bytes, algorithm: str = "sha256") -> str:
    """The digest of some bytes."""
    return f"{algorithm}:{hashlib.new(algorithm, body).hexdigest()}"


def _strings(value: object) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValueError("a descriptor's annotations or platform is not an object")  # noqa: TRY004
    return {str(key): one for key, one in value.items() if isinstance(one, str)}
