"""The benchmark's image: layers half random, half drawn from a small dictionary, gzip-compressed."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import random
import tarfile
from pathlib import Path

from clouddeploy.images.store import Store
from clouddeploy.oci.descriptor import OCI_CONFIG, OCI_LAYER_GZIP, OCI_MANIFEST, Descriptor

MIB = 1024 * 1024
_WORDS = [bytes([65 + i % 26]) * (3 + i % 7) + b" " for i in range(200)]


def make(folder: Path, layers: int, mebibytes: int) -> Path:
    """An OCI layout with `layers` layers of `mebibytes` MiB each, tagged `bench`."""
    chance = random.Random(layers * 1000 + mebibytes)
    store = Store(folder)
    made = [_layer(store, chance, number, mebibytes * MIB) for number in range(layers)]
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [diff for _, diff in made]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": store.add_bytes(json.dumps(config).encode(), OCI_CONFIG).to_json(),
        "layers": [layer.to_json() for layer, _ in made],
    }
    store.tag("bench", store.add_bytes(json.dumps(manifest).encode(), OCI_MANIFEST))
    return folder


def content(chance: random.Random, size: int) -> bytes:
    """`size` bytes, half of them random, half words."""
    words = b"".join(chance.choices(_WORDS, k=size // 10))[: size // 2]
    return chance.randbytes(size - len(words)) + words


def _layer(store: Store, chance: random.Random, number: int, size: int) -> tuple[Descriptor, str]:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo(f"layer-{number}")
        entry.size = size
        archive.addfile(entry, io.BytesIO(content(chance, size)))
    plain = buffer.getvalue()
    packed = gzip.compress(plain, compresslevel=1, mtime=0)
    return store.add_bytes(packed, OCI_LAYER_GZIP), "sha256:" + hashlib.sha256(plain).hexdigest()
