"""Image archives as engines write them, good ones and bad ones."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from typing import Any


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def layer(files: Mapping[str, bytes]) -> bytes:
    """A layer's plain tar."""
    return pack(list(files.items()))


def pack(members: Sequence[tuple[str, bytes | tarfile.TarInfo]], *, fmt: int = tarfile.USTAR_FORMAT) -> bytes:
    """A tar of files, or of headers for whatever isn't one, in this order."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=fmt) as tar:
        for name, content in members:
            if isinstance(content, tarfile.TarInfo):
                tar.addfile(content)
            else:
                info = tarfile.TarInfo(name)
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tuple[str, tarfile.TarInfo]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return name, info


def config(layers: Sequence[bytes], **more: Any) -> bytes:
    """An image config for these plain layers."""
    diff_ids = [f"sha256:{sha256(each)}" for each in layers]
    facts = {"architecture": "amd64", "os": "linux", "config": {"Cmd": ["/hi"]}, **more}
    return json.dumps({**facts, "rootfs": {"type": "layers", "diff_ids": diff_ids}}).encode()


def docker_members(layers: Sequence[bytes], body: bytes | None = None) -> list[tuple[str, Any]]:
    """What `docker save` wrote before version 25: layers first, the manifest last."""
    body = config(layers) if body is None else body
    names = [f"{sha256(b'%d' % number + each)}/layer.tar" for number, each in enumerate(layers)]
    manifest = [{"Config": f"{sha256(body)}.json", "RepoTags": None, "Layers": names}]
    members: list[tuple[str, Any]] = [(f"{sha256(body)}.json", body)]
    members += list(zip(names, layers, strict=True))
    return [*members, ("manifest.json", json.dumps(manifest).encode())]


def docker_archive(layers: Sequence[bytes], body: bytes | None = None) -> bytes:
    return pack(docker_members(layers, body))


def oci_members(layers: Sequence[bytes], *, pressed: bool = True) -> list[tuple[str, Any]]:
    """An OCI image layout, as `buildah push … oci-archive:` and docker 25 write it."""
    blobs = [gzip.compress(each, mtime=0) if pressed else each for each in layers]
    kind = "application/vnd.oci.image.layer.v1.tar" + ("+gzip" if pressed else "")
    body = config(layers)
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": descriptor("application/vnd.oci.image.config.v1+json", body),
        "layers": [descriptor(kind, each) for each in blobs],
    }
    raw = json.dumps(manifest).encode()
    entry = {**descriptor(manifest["mediaType"], raw), "platform": {"os": "linux", "architecture": "amd64"}}
    index = {"schemaVersion": 2, "manifests": [entry]}
    members = [(f"blobs/sha256/{sha256(each)}", each) for each in (*blobs, body, raw)]
    return [
        *members,
        ("oci-layout", b'{"imageLayoutVersion":"1.0.0"}'),
        ("index.json", json.dumps(index).encode()),
    ]


def descriptor(media_type: Any, content: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": f"sha256:{sha256(content)}", "size": len(content)}
