"""Images for tests: a source that keeps everything in one directory, one file a digest."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from clouddeploy.oci.descriptor import (
    OCI_CONFIG,
    OCI_INDEX,
    OCI_LAYER_GZIP,
    OCI_MANIFEST,
    Descriptor,
    digest_of,
)


class DirectorySource:
    """An ImageSource; `opened` lists what was read, in order."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.opened: list[str] = []
        self.manifest = Descriptor(OCI_MANIFEST, digest_of(b""), 0)
        directory.mkdir(parents=True, exist_ok=True)

    def open(self, digest: str) -> BinaryIO:
        self.opened.append(digest)
        return self.path(digest).open("rb")

    def path(self, digest: str) -> Path:
        return self.directory / digest.replace(":", "-")

    def add(self, body: bytes, media_type: str) -> Descriptor:
        blob = Descriptor(media_type, digest_of(body), len(body))
        self.path(blob.digest).write_bytes(body)
        return blob

    def add_manifest(self, config: Descriptor, layers: Sequence[Descriptor]) -> Descriptor:
        document = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": config.to_json(),
            "layers": [one.to_json() for one in layers],
        }
        return self.add(json.dumps(document).encode(), OCI_MANIFEST)

    def add_index(self, manifests: Sequence[Descriptor]) -> Descriptor:
        document = {
            "schemaVersion": 2,
            "mediaType": OCI_INDEX,
            "manifests": [one.to_json() for one in manifests],
        }
        return self.add(json.dumps(document).encode(), OCI_INDEX)


def make_image(directory: Path, layers: int = 3, size: int = 2000, seed: int = 1) -> DirectorySource:
    """An image of `layers` different layers of about `size` bytes each."""
    source = DirectorySource(directory)
    source.manifest = add_image(source, layers, size, seed)
    return source


def add_image(source: DirectorySource, layers: int, size: int, seed: int) -> Descriptor:
    randomness = random.Random(seed)
    blobs = [source.add(randomness.randbytes(size + number), OCI_LAYER_GZIP) for number in range(layers)]
    config = source.add(
        json.dumps({"architecture": "amd64", "os": "linux", "seed": seed}).encode(), OCI_CONFIG
    )
    return source.add_manifest(config, blobs)


def make_index(directory: Path) -> DirectorySource:
    """An index of two images."""
    source = DirectorySource(directory)
    source.manifest = source.add_index([add_image(source, 2, 500, seed) for seed in (1, 2)])
    return source
