"""The benchmark's image: layers half random, half drawn from a small dictionary, gzip-compressed."""

from __future__ import annotations

import hashlib
import json
import random
import tarfile
from collections.abc import Iterator
from pathlib import Path

from isal import isal_zlib

from clouddeploy.images.store import Store
from clouddeploy.oci.descriptor import OCI_CONFIG, OCI_LAYER_GZIP, OCI_MANIFEST, Descriptor

MIB = 1024 * 1024
_WORDS = [bytes([65 + i % 26]) * (3 + i % 7) + b" " for i in range(200)]


def make(folder: Path, layers: int, mebibytes: int) -> Path:
    """An OCI layout with `layers` layers of `mebibytes` MiB each, tagged `bench`."""
    chance = random.Random(layers * 1000 + mebibytes)
    store = Store(folder)
    made = [_layer(store, chance, number, mebibytes) for number in range(layers)]
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


def _layer(store: Store, chance: random.Random, number: int, mebibytes: int) -> tuple[Descriptor, str]:
    plain, deflate = hashlib.sha256(), isal_zlib.compressobj(1, wbits=31)
    with store.writer() as writer:
        for piece in _tar(chance, f"layer-{number}", mebibytes):
            plain.update(piece)
            writer.write(deflate.compress(piece))
        writer.write(deflate.flush())
        return Descriptor(OCI_LAYER_GZIP, *writer.commit()), f"sha256:{plain.hexdigest()}"


def _tar(chance: random.Random, name: str, mebibytes: int) -> Iterator[bytes]:
    """A tar of one file, a MiB at a time."""
    entry = tarfile.TarInfo(name)
    entry.size = mebibytes * MIB
    yield entry.tobuf()
    for _ in range(mebibytes):
        yield content(chance, MIB)
    yield bytes(2 * tarfile.BLOCKSIZE)
