"""The smallest image that a registry takes: one layer, one config, one manifest."""

from __future__ import annotations

import gzip
import io
import json
from typing import BinaryIO

from clouddeploy.oci.descriptor import OCI_CONFIG, OCI_LAYER_GZIP, OCI_MANIFEST, Descriptor, digest_of


class TinyImage:
    """An ImageSource in memory; `content` makes it another image, `created` is when it says it was made."""

    def __init__(self, content: str = "hello", created: str | None = None) -> None:
        self._blobs: dict[str, bytes] = {}
        plain = content.encode().ljust(1024, b"\0")
        layer = self._add(gzip.compress(plain, mtime=0), OCI_LAYER_GZIP)
        rootfs = {"type": "layers", "diff_ids": [digest_of(plain)]}
        facts = {"architecture": "amd64", "os": "linux", "rootfs": rootfs, "config": {}}
        if created:
            facts["created"] = created
        config = self._add(json.dumps(facts).encode(), OCI_CONFIG)
        manifest = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": config.to_json(),
            "layers": [layer.to_json()],
        }
        self.manifest = self._add(json.dumps(manifest).encode(), OCI_MANIFEST)

    def open(self, digest: str) -> BinaryIO:
        return io.BytesIO(self._blobs[digest])

    def _add(self, body: bytes, media_type: str) -> Descriptor:
        digest = digest_of(body)
        self._blobs[digest] = body
        return Descriptor(media_type, digest, len(body))
