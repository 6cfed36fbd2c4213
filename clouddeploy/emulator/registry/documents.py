"""Reading a manifest as strictly as a registry may: types, descriptors, what it refers to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from clouddeploy.emulator.registry.answers import Refusal
from clouddeploy.emulator.registry.digests import check_digest

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
_OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_DOCKER = "application/vnd.docker.distribution.manifest"
_MANIFESTS = {_OCI_MANIFEST, f"{_DOCKER}.v2+json"}
_INDEXES = {OCI_INDEX, f"{_DOCKER}.list.v2+json"}


@dataclass(frozen=True)
class Reference:
    """Something that must be in the repository before a manifest that refers to it is taken."""

    digest: str
    size: int
    manifest: bool


def parse_manifest(body: bytes, media_type: str) -> Mapping[str, Any]:
    """The document, when it is a manifest or index of the declared type; else MANIFEST_INVALID."""
    if media_type not in _MANIFESTS | _INDEXES:
        raise _invalid(f"media type {media_type!r} is not a manifest's")
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise _invalid("the manifest is not JSON") from None
    if not isinstance(document, dict) or document.get("schemaVersion") != 2:
        raise _invalid("schemaVersion is not 2")
    if document.get("mediaType", media_type) != media_type:
        raise _invalid("mediaType and Content-Type differ")
    _check_shape(document, media_type)
    return document


def references(document: Mapping[str, Any]) -> Iterator[Reference]:
    """What a parsed manifest needs; `subject` and layers that live elsewhere are not needed."""
    for one in document.get("manifests", ()):
        yield Reference(one["digest"], one["size"], manifest=True)
    if "config" in document:
        yield Reference(document["config"]["digest"], document["config"]["size"], manifest=False)
    for one in document.get("layers", ()):
        if not _elsewhere(one["mediaType"]):
            yield Reference(one["digest"], one["size"], manifest=False)


def subject(document: Mapping[str, Any]) -> str | None:
    """The digest that a manifest says it is about."""
    return document["subject"]["digest"] if "subject" in document else None


def referrer(digest: str, size: int, media_type: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """A manifest's descriptor as the referrers API lists it."""
    found: dict[str, Any] = {"mediaType": media_type, "digest": digest, "size": size}
    kind = document.get("artifactType") or document.get("config", {}).get("mediaType")
    if kind:
        found["artifactType"] = kind
    if document.get("annotations"):
        found["annotations"] = document["annotations"]
    return found


def _check_shape(document: Mapping[str, Any], media_type: str) -> None:
    index = media_type in _INDEXES
    wanted, foreign = (
        (("manifests",), ("config", "layers")) if index else (("config", "layers"), ("manifests",))
    )
    if any(key not in document for key in wanted) or any(key in document for key in foreign):
        raise _invalid("the manifest's fields do not fit its media type")
    listed = document["manifests"] if index else document["layers"]
    if not isinstance(listed, list):
        raise _invalid("manifests or layers is not a list")
    single = [document[key] for key in ("config", "subject") if key in document]
    for one in [*listed, *single]:
        _check_descriptor(one)


def _check_descriptor(value: object) -> None:
    if not isinstance(value, dict) or not isinstance(value.get("mediaType"), str):
        raise _invalid("a descriptor has no mediaType")
    size = value.get("size")
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise _invalid("a descriptor has no size")
    check_digest(value.get("digest"))


def _elsewhere(media_type: str) -> bool:
    return ".nondistributable." in media_type or ".foreign." in media_type


def _invalid(message: str) -> Refusal:
    return Refusal(400, "MANIFEST_INVALID", message)
