"""Images as `docker save` writes them, for the fault harness: their layers are compressed on the way."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
from pathlib import Path

from tests.faults import subject
from tests.faults.layouts import Layout
from tests.faults.rig import Rig
from tests.images.archives import docker_archive, layer, sha256

_SIZES = (10, 5_000, 100_000, 900_000, 2_500_000)


def make(folder: Path, number: int, rig: Rig) -> Layout:
    """Archive `number`, and what a push of it to a healthy registry gives: that is its image."""
    folder.mkdir(parents=True)
    source = random.Random(f"archive {number}")
    layers = [_layer(source) for _ in range(source.randint(1, 5))]
    archive = folder / "image.tar"
    archive.write_bytes(docker_archive(layers))
    found = _pushed(Layout(folder, "", {}, archive), rig)
    (folder / "blobs" / "sha256").mkdir(parents=True)
    for digest, body in found.items():
        (folder / "blobs" / "sha256" / digest.removeprefix("sha256:")).write_bytes(body)
    image = Layout(folder, next(iter(found)), {key: len(body) for key, body in found.items()}, archive)
    _check(image, layers)
    return image


def _pushed(image: Layout, rig: Rig) -> dict[str, bytes]:
    """Everything that the registry has of it, the manifest first."""
    rig.clear()
    repository = rig.repository()
    verdict = subject.push(rig.job(image, repository))
    assert verdict.end == "done", verdict
    return rig.reader(repository).read("v1")


def _layer(source: random.Random) -> bytes:
    """A tar whose files are half text, half noise."""
    noise = source.randbytes(source.choice(_SIZES))
    return layer({"noise": noise, "text": b"%d\n" % source.random() * (len(noise) // 4)})


def _check(image: Layout, layers: list[bytes]) -> None:
    """An image that is not the archive's would make every later push of it look right."""
    manifest = json.loads(image.read(image.digest))
    plain = [gzip.decompress(image.read(one["digest"])) for one in manifest["layers"]]
    said = json.loads(image.read(manifest["config"]["digest"]))["rootfs"]["diff_ids"]
    assert plain == layers
    assert said == [f"sha256:{sha256(each)}" for each in layers]
    assert all(f"sha256:{hashlib.sha256(image.read(key)).hexdigest()}" == key for key in image.sizes)
