"""Manifests and indexes, read without trusting who wrote them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from clouddeploy.oci.descriptor import INDEXES, MANIFESTS, Descriptor

_MOST_ENTRIES = 10_000


@dataclass(frozen=True)
class Manifest:
    """One image: its config and, base first, its layers.

    `subject` is the manifest that it says something about, as a signature does.
    """

    media_type: str
    config: Descriptor
    layers: Sequence[Descriptor]
    subject: Descriptor | None = None


@dataclass(frozen=True)
class Index:
    """Several images under one name, one for each platform."""

    media_type: str
    manifests: Sequence[Descriptor]
    subject: Descriptor | None = None


def parse_document(body: bytes, media_type: str | None = None) -> Manifest | Index:
    """A manifest or an index; ValueError when it is neither, or could be read as both.

    `media_type` is what the outside says it is; a different one inside is refused, for two
    readers could then see two images under one digest (CVE-2021-41190).
    """
    document = _load(body)
    kind = _kind(document, media_type)
    about = document.get("subject")
    subject = Descriptor.from_json(about) if about is not None else None
    if kind in INDEXES:
        return Index(kind, _descriptors(document.get("manifests")), subject)
    config = Descriptor.from_json(document.get("config"))
    return Manifest(kind, config, _descriptors(document.get("layers")), subject)


def _load(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise ValueError("it is not JSON") from None
    if not isinstance(document, dict) or document.get("schemaVersion") != 2:
        raise ValueError("it is not a manifest of schema version 2")
    return document


def _kind(document: dict[str, Any], media_type: str | None) -> str:
    inside = document.get("mediaType")
    known = MANIFESTS | INDEXES
    kind = media_type if media_type in known else inside
    if not isinstance(kind, str) or kind not in known:
        raise ValueError(f"its media type is {str(media_type or inside)[:80]!r}, not an image's")
    if inside is not None and inside != kind:
        raise ValueError("its media type inside and outside differ")
    foreign = ("config", "layers") if kind in INDEXES else ("manifests",)
    if any(key in document for key in foreign):
        raise ValueError("it is both a manifest and an index")
    return kind


def _descriptors(value: object) -> tuple[Descriptor, ...]:
    if not isinstance(value, list) or len(value) > _MOST_ENTRIES:
        raise ValueError("its list of layers or manifests is missing or too long")
    return tuple(Descriptor.from_json(one) for one in value)
