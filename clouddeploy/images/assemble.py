"""What an image archive described, checked against what it held, becomes a manifest in the store."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Callable, Mapping
from typing import Any

from clouddeploy.images.archive import Content, read_archive
from clouddeploy.images.manifest import Layer, add_manifest, read_config
from clouddeploy.images.shelf import Shelf, StoreShelf
from clouddeploy.images.store import Store
from clouddeploy.images.tarstream import Readable, refused
from clouddeploy.oci.descriptor import Descriptor, check_digest

MAX_LAYERS = 500
_MAX_DEPTH = 3
_MAX_LINKS = 8


def import_archive(
    stream: Readable,
    store: Store,
    title: str,
    *,
    platform: str | None = None,
    on_bytes: Callable[[int], None] = lambda _: None,
    shelf: Shelf | None = None,
) -> Descriptor:
    """Put the one image of a docker-archive or OCI archive into the store; its manifest there.

    `title` names the archive in errors; `platform` chooses from an index with several images;
    with a `shelf` the layers go there, and only manifest and config into the store. Every digest
    that the archive states is checked. Raises CloudDeployError naming the member
    that is damaged, hostile or missing; no manifest is written then.
    """
    content = read_archive(stream, shelf or StoreShelf(store), title, on_bytes)
    if "manifest.json" in content.documents:
        config, layers = _docker_image(content)
    elif "index.json" in content.documents:
        config, layers = _oci_image(content, platform)
    else:
        raise refused(title, "manifest.json", "it is missing, and so is index.json: this is no image archive")
    _check_layers(content, config, layers)
    return add_manifest(store, _document(content, config), [layer.blob for layer in layers])


def _docker_image(content: Content) -> tuple[str, list[Layer]]:
    images = _json(content, "manifest.json")
    if not isinstance(images, list) or len(images) != 1 or not isinstance(images[0], dict):
        raise refused(content.title, "manifest.json", "it does not describe exactly one image")
    config, layers = images[0].get("Config"), images[0].get("Layers") or []
    if not isinstance(config, str) or not _are_strings(layers):
        raise refused(content.title, "manifest.json", "it has no Config and Layers")
    return _target(content, config), [_layer(content, each) for each in layers[: MAX_LAYERS + 1]]


def _oci_image(content: Content, platform: str | None) -> tuple[str, list[Layer]]:
    manifest = _manifest(content, "index.json", platform)
    try:
        config = _blob(manifest["config"])
        layers = [_blob(each) for each in manifest["layers"][: MAX_LAYERS + 1]]
    except (KeyError, TypeError, ValueError) as error:
        raise refused(content.title, "index.json", "the manifest that it names is damaged") from error
    return _target(content, config), [_layer(content, each) for each in layers]


def _manifest(content: Content, index: str, platform: str | None) -> Mapping[str, Any]:
    """Go from an index down to the one manifest that is meant."""
    name = index
    for _ in range(_MAX_DEPTH):
        found = _json(content, name)
        if not isinstance(found, dict):
            break
        if "manifests" not in found:
            return found
        name = _blob(_chosen(content, name, found["manifests"], platform))
    raise refused(content.title, name, "it leads to no image manifest")


def _chosen(content: Content, index: str, entries: Any, platform: str | None) -> Any:
    """The entry for the platform; attestations carry the platform unknown/unknown."""
    try:
        parsed = [Descriptor.from_json(entry) for entry in entries]
    except (TypeError, ValueError) as error:
        raise refused(content.title, index, "it is no OCI image index") from error
    named = [(_platform(each), each) for each in parsed]
    images = [(name, each) for name, each in named if name != "unknown/unknown"]
    wanted = [each for name, each in images if len(images) == 1 or name == platform]
    if len(wanted) != 1:
        has = ", ".join(name or "no platform" for name, _ in images) or "nothing"
        raise refused(content.title, index, f"it has {has}, and not exactly one image for {platform}")
    return wanted[0].to_json()


def _platform(descriptor: Descriptor) -> str | None:
    parts = descriptor.platform or {}
    return f"{parts.get('os')}/{parts.get('architecture')}" if parts else None


def _blob(descriptor: Any) -> str:
    return "blobs/" + check_digest(descriptor["digest"]).replace(":", "/")


def _check_layers(content: Content, config: str, layers: list[Layer]) -> None:
    if len(layers) > MAX_LAYERS:
        raise refused(content.title, config, f"the image has more than {MAX_LAYERS} layers")
    diff_ids = read_config(_document(content, config), f"{content.title}: member {config!r}").diff_ids
    if len(diff_ids) != len(layers):
        why = f"its rootfs has {len(diff_ids)} layers, the manifest {len(layers)}"
        raise refused(content.title, config, why)
    for number, (diff_id, layer) in enumerate(zip(diff_ids, layers, strict=True), 1):
        if layer.diff_id not in (None, diff_id):
            why = f"layer {number} has the digest {layer.diff_id}, but the config says {diff_id}"
            raise refused(content.title, config, why)


def _layer(content: Content, name: str) -> Layer:
    target = _target(content, name)
    if target in content.layers:
        return content.layers[target]
    why = "it is no layer tar" if target in content.documents else "it is named as a layer, but it is missing"
    raise refused(content.title, name, why)


def _document(content: Content, name: str) -> bytes:
    body = content.documents.get(name)
    if body is not None:
        return body
    known = name in content.documents
    why = "it is too large for what it is" if known else "it is named, but it is missing or is no JSON"
    raise refused(content.title, name, why)


def _json(content: Content, name: str) -> Any:
    try:
        return json.loads(_document(content, name))
    except (ValueError, RecursionError) as error:
        raise refused(content.title, name, "it is not JSON") from error


def _target(content: Content, name: str) -> str:
    """The member that a name leads to: docker writes a layer that is there already as a symlink."""
    name = posixpath.normpath(name)
    for _ in range(_MAX_LINKS):
        if name not in content.links:
            return name
        name = content.links[name]
    raise refused(content.title, name, "its links go in a circle")


def _are_strings(found: Any) -> bool:
    return isinstance(found, list) and all(isinstance(each, str) for each in found)
