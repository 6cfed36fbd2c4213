"""OCI layouts as other tools write them: in a folder and in a tar, with what refers to an image beside it."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from clouddeploy.images.store import REF_NAME
from clouddeploy.oci.descriptor import OCI_INDEX, OCI_MANIFEST, Descriptor
from tests.oci.images import DirectorySource, add_image

EMPTY = "application/vnd.oci.empty.v1+json"


def write_layout(root: Path, source: DirectorySource, entries: Sequence[Descriptor]) -> Path:
    """Everything that `source` has, and an index.json of these entries."""
    blobs = root / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    for path in source.directory.iterdir():
        (blobs / path.name.removeprefix("sha256-")).write_bytes(path.read_bytes())
    (root / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [one.to_json() for one in entries]}
    (root / "index.json").write_text(json.dumps(index))
    return root


def pack_layout(root: Path, file: Path) -> Path:
    with tarfile.open(file, "w") as tar:
        tar.add(root, ".")
    return file


def named(descriptor: Descriptor, name: str) -> Descriptor:
    return replace(descriptor, annotations={REF_NAME: name})


def add_referrer(source: DirectorySource, subject: Descriptor, kind: str) -> Descriptor:
    """A manifest about another one, as oras and cosign write them."""
    config = source.add(b"{}", EMPTY)
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": kind,
        "config": config.to_json(),
        "layers": [source.add(f"{kind} of {subject.digest}".encode(), kind).to_json()],
        "subject": subject.to_json(),
        "annotations": {"made.by": "a test"},
    }
    return source.add(json.dumps(document).encode(), OCI_MANIFEST)


def make_release(directory: Path) -> tuple[DirectorySource, list[Descriptor]]:
    """An index of two platforms and a BuildKit attestation, with an SBOM and its signature; and these two."""
    source = DirectorySource(directory)
    machines = [
        replace(add_image(source, 2, 3000, seed), platform={"os": "linux", "architecture": machine})
        for seed, machine in enumerate(("amd64", "arm64"))
    ]
    attestation = replace(
        add_image(source, 1, 200, 9),
        platform={"os": "unknown", "architecture": "unknown"},
        annotations={
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": machines[0].digest,
        },
    )
    source.manifest = source.add_index([*machines, attestation])
    sbom = add_referrer(source, source.manifest, "application/spdx+json")
    return source, [sbom, add_referrer(source, sbom, "application/vnd.dev.cosign.artifact.sig.v1+json")]
