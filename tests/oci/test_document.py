"""Manifests and indexes from strangers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from clouddeploy.oci.descriptor import (
    DOCKER_INDEX,
    DOCKER_MANIFEST,
    OCI_CONFIG,
    OCI_INDEX,
    OCI_LAYER_GZIP,
    OCI_MANIFEST,
)
from clouddeploy.oci.document import Index, Manifest, parse_document

DIGEST = "sha256:" + "a1" * 32
CONFIG = {"mediaType": OCI_CONFIG, "digest": DIGEST, "size": 2}
LAYER = {"mediaType": OCI_LAYER_GZIP, "digest": DIGEST, "size": 5}
MANIFEST: dict[str, Any] = {
    "schemaVersion": 2,
    "mediaType": OCI_MANIFEST,
    "config": CONFIG,
    "layers": [LAYER],
}
INDEX: dict[str, Any] = {
    "schemaVersion": 2,
    "mediaType": OCI_INDEX,
    "manifests": [{**LAYER, "mediaType": OCI_MANIFEST}],
}


def parse(document: object, media_type: str | None = None) -> Manifest | Index:
    return parse_document(json.dumps(document).encode(), media_type)


def test_a_manifest() -> None:
    found = parse(MANIFEST, OCI_MANIFEST)
    assert isinstance(found, Manifest)
    assert (found.config.size, [one.size for one in found.layers]) == (2, [5])


def test_an_index() -> None:
    found = parse(INDEX)
    assert isinstance(found, Index)
    assert [one.media_type for one in found.manifests] == [OCI_MANIFEST]


def test_without_a_media_type_inside_the_outside_decides() -> None:
    manifest = {key: value for key, value in MANIFEST.items() if key != "mediaType"}
    assert parse(manifest, DOCKER_MANIFEST).media_type == DOCKER_MANIFEST


def test_a_vague_media_type_outside_leaves_it_to_the_inside() -> None:
    assert parse(MANIFEST, "application/json").media_type == OCI_MANIFEST


@pytest.mark.parametrize(
    ("document", "media_type", "why"),
    [
        ([], OCI_MANIFEST, "schema version 2"),
        ({}, OCI_MANIFEST, "schema version 2"),
        ({**MANIFEST, "schemaVersion": 1}, OCI_MANIFEST, "schema version 2"),
        (MANIFEST, OCI_INDEX, "differ"),
        (MANIFEST, DOCKER_MANIFEST, "differ"),
        ({**MANIFEST, "manifests": []}, OCI_MANIFEST, "both a manifest and an index"),
        ({**INDEX, "layers": []}, OCI_INDEX, "both a manifest and an index"),
        ({**INDEX, "config": CONFIG}, OCI_INDEX, "both a manifest and an index"),
        ({**MANIFEST, "mediaType": "text/html"}, None, "not an image's"),
        ({**MANIFEST, "mediaType": 7}, None, "not an image's"),
        ({"schemaVersion": 2}, None, "not an image's"),
        ({**MANIFEST, "layers": None}, None, "list of layers"),
        ({**MANIFEST, "layers": [LAYER] * 10_001}, None, "list of layers"),
        ({**MANIFEST, "config": {**CONFIG, "digest": "sha256:../x"}}, None, "not a sha256"),
        ({**MANIFEST, "config": None}, None, "not an object"),
        ({**INDEX, "mediaType": DOCKER_INDEX, "manifests": [7]}, None, "not an object"),
    ],
)
def test_what_is_refused(document: object, media_type: str | None, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse(document, media_type)


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff\xfe", b"[" * 100_000])
def test_what_is_not_json(body: bytes) -> None:
    with pytest.raises(ValueError, match="not JSON"):
        parse_document(body, OCI_MANIFEST)
