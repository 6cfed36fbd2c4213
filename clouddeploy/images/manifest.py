"""Image manifests and configs: what an image consists of (image-spec, manifest.md and config.md)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from clouddeploy.errors import CloudDeployError, NotFoundError
from clouddeploy.images.store import Store
from clouddeploy.oci.descriptor import OCI_CONFIG, OCI_MANIFEST, Descriptor, check_digest
from clouddeploy.oci.document import Manifest, parse_document


@dataclass(frozen=True)
class Layer:
    """A layer in the store: `diff_id` is its plain tar's digest, `raw` that of what an archive held.

    `diff_id` is None where it cannot be computed: zstd layers need a library that Python 3.11 lacks.
    """

    diff_id: str | None
    raw: str
    blob: Descriptor


@dataclass(frozen=True)
class ImageConfig:
    """What a config says about the image: its platform, such as "linux/amd64", and its layers."""

    platform: str
    diff_ids: tuple[str, ...]


def read_config(body: bytes, where: str) -> ImageConfig:
    """The checked facts of a config; CloudDeployError says what `where` has wrong."""
    config = read_json(body, where)
    rootfs = config.get("rootfs")
    diff_ids = rootfs.get("diff_ids") if isinstance(rootfs, dict) else None
    system, machine = config.get("os"), config.get("architecture")
    if not isinstance(diff_ids, list) or not isinstance(system, str) or not isinstance(machine, str):
        raise _broken(where, "is no image config: os, architecture and rootfs.diff_ids are required")
    try:
        checked = tuple(check_digest(each) for each in diff_ids)
    except ValueError as error:
        raise _broken(where, "has a diff_id that is no digest") from error
    variant = config.get("variant")
    return ImageConfig(f"{system}/{machine}" + (f"/{variant}" if variant else ""), checked)


def read_json(body: bytes, where: str) -> dict[str, Any]:
    """A JSON object; CloudDeployError says that `where` holds none."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _broken(where, "is not JSON") from error
    if not isinstance(found, dict):
        raise _broken(where, "is not a JSON object")
    return found


def add_manifest(store: Store, config: bytes, layers: Sequence[Descriptor]) -> Descriptor:
    """Store a config and a manifest for layers that the store has; the same input gives the same digest."""
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": store.add_bytes(config, OCI_CONFIG).to_json(),
        "layers": [Descriptor(each.media_type, each.digest, each.size).to_json() for each in layers],
    }
    return store.add_bytes(json.dumps(manifest, separators=(",", ":")).encode(), OCI_MANIFEST)


def is_complete(store: Store, manifest: Descriptor) -> bool:
    """Whether every blob of an image is in the store."""
    if not store.has(manifest.digest):
        return False
    image = parse_image(store, manifest)
    return all(store.has(each.digest) for each in (image.config, *image.layers))


def parse_image(store: Store, manifest: Descriptor) -> Manifest:
    """What a manifest in the store names; CloudDeployError when it is no image manifest."""
    try:
        found = parse_document(store.read(manifest.digest), manifest.media_type)
    except ValueError as error:
        raise _broken(f"manifest {manifest.digest}", f"is no image manifest: {error}") from error
    if not isinstance(found, Manifest):
        raise _broken(f"manifest {manifest.digest}", "is an index, not an image")
    return found


def config_of(store: Store, manifest: Descriptor) -> bytes:
    """The config that a manifest in the store names."""
    return store.read(parse_image(store, manifest).config.digest)


def check_platform(store: Store, manifest: Descriptor, platform: str, name: str) -> None:
    """NotFoundError when the image is for another system or machine than `platform`."""
    config = read_config(config_of(store, manifest), f"the config of {name}")
    if config.platform.split("/")[:2] == platform.split("/")[:2]:
        return
    message = f"{name} is for {config.platform}, but {platform} was asked for"
    fix = f"use base images that exist for {platform}, and an engine that can build them"
    raise NotFoundError(message, fix=fix)


def _broken(where: str, why: str) -> CloudDeployError:
    return CloudDeployError(f"{where} {why}", fix="build or save the image again")
