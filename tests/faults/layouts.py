"""Images for the fault harness: OCI layouts of many shapes, the same for the same number."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NAME = "image"
OCI = "application/vnd.oci.image"
_SIZES = (1, 100, 4_000, 70_000, 300_000, 1_500_000)


@dataclass(frozen=True)
class Layout:
    """An OCI layout on disk: its root's digest, and the size of everything it consists of.

    With `archive`, what is pushed is that file, of which the layout is the image.
    """

    path: Path
    digest: str
    sizes: Mapping[str, int]
    archive: Path | None = None

    def read(self, digest: str) -> bytes:
        return (self.path / "blobs" / "sha256" / digest.removeprefix("sha256:")).read_bytes()


def make(path: Path, number: int) -> Layout:
    """Image `number`; every fourth one is an index of two."""
    writer = _Writer(path, random.Random(f"image {number}"))
    children = [writer.image() for _ in range(2 if number % 4 == 3 else 1)]
    return writer.finish(writer.index(children) if len(children) > 1 else children[0])


class _Writer:
    def __init__(self, path: Path, source: random.Random) -> None:
        self._path = path
        self._source = source
        self._sizes: dict[str, int] = {}
        (path / "blobs" / "sha256").mkdir(parents=True)

    def image(self) -> dict[str, Any]:
        sizes = [self._source.choice(_SIZES) for _ in range(self._source.randint(1, 6))]
        bodies = [self._source.randbytes(size) for size in sizes]
        if self._source.random() < 0.2:
            bodies.append(bodies[0])  # the same layer twice, as an empty one often is
        layers = [self._add(body, f"{OCI}.layer.v1.tar+gzip") for body in bodies]
        config = {"architecture": "amd64", "os": "linux", "author": str(self._source.random())}
        document = {
            "schemaVersion": 2,
            "mediaType": f"{OCI}.manifest.v1+json",
            "config": self._add(json.dumps(config).encode(), f"{OCI}.config.v1+json"),
            "layers": layers,
        }
        return self._add(json.dumps(document).encode(), f"{OCI}.manifest.v1+json")

    def index(self, manifests: list[dict[str, Any]]) -> dict[str, Any]:
        kind = f"{OCI}.index.v1+json"
        document = {"schemaVersion": 2, "mediaType": kind, "manifests": manifests}
        return self._add(json.dumps(document).encode(), kind)

    def finish(self, root: dict[str, Any]) -> Layout:
        named = {**root, "annotations": {"org.opencontainers.image.ref.name": NAME}}
        index = {"schemaVersion": 2, "mediaType": f"{OCI}.index.v1+json", "manifests": [named]}
        (self._path / "index.json").write_text(json.dumps(index))
        (self._path / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
        return Layout(self._path, root["digest"], self._sizes)

    def _add(self, body: bytes, media_type: str) -> dict[str, Any]:
        name = hashlib.sha256(body).hexdigest()
        (self._path / "blobs" / "sha256" / name).write_bytes(body)
        self._sizes[f"sha256:{name}"] = len(body)
        return {"mediaType": media_type, "digest": f"sha256:{name}", "size": len(body)}
