"""Images of the bench, made from Debian's static busybox; clearly not part of the product."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path

from clouddeploy.images.store import Image, Store
from clouddeploy.oci.client import RegistryClient
from clouddeploy.oci.descriptor import OCI_CONFIG, OCI_LAYER_GZIP, OCI_MANIFEST, Descriptor
from clouddeploy.push import push_image
from tests.live.bench import places, registries

BUSYBOX = Path("/bin/busybox")
APPLETS = (
    "sh",
    "httpd",
    "wget",
    "sleep",
    "cat",
    "echo",
    "nslookup",
    "hostname",
    "false",
    "true",
    "ls",
    "nc",
    "mkdir",
)


def busybox(store: Store, command: list[str], name: str) -> Image:
    """An image with busybox, its applets as links, /tmp and /www; `command` is its CMD."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        for folder in ("bin", "etc", "tmp", "www"):
            archive.addfile(_entry(folder, tarfile.DIRTYPE, 0o777 if folder == "tmp" else 0o755))
        program = _entry("bin/busybox", tarfile.REGTYPE, 0o755)
        program.size = BUSYBOX.stat().st_size
        archive.addfile(program, io.BytesIO(BUSYBOX.read_bytes()))
        for applet in APPLETS:
            link = _entry(f"bin/{applet}", tarfile.SYMTYPE, 0o777)
            link.linkname = "busybox"
            archive.addfile(link)
    layer = store.add_bytes(gzip.compress(plain.getvalue(), mtime=0), OCI_LAYER_GZIP)
    return _image(store, layer, hashlib.sha256(plain.getvalue()).hexdigest(), command, name)


def push_pause() -> None:
    """Put the sandbox image where the node looks for it."""
    store = Store(places.state() / "images")
    image = busybox(store, ["sleep", "2147483647"], "bench/pause")
    host = registries.host("plain")
    with RegistryClient(host) as client:
        push_image(image, f"{host}/bench/pause", ["1"], client)


def _image(store: Store, layer: Descriptor, diff: str, command: list[str], name: str) -> Image:
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Cmd": command, "Env": ["PATH=/bin"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{diff}"]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": store.add_bytes(json.dumps(config).encode(), OCI_CONFIG).to_json(),
        "layers": [layer.to_json()],
    }
    described = store.add_bytes(json.dumps(manifest).encode(), OCI_MANIFEST)
    store.tag(name, described)
    return Image(store, described)


def _entry(name: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode = kind, mode
    return entry
