"""No secret leaves the machine in an image: what is pushed is looked through first."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace

from clouddeploy.images.layout import LayoutImage
from clouddeploy.images.leaks import LayerGate, refuse_secrets, scan_config, scan_layer
from clouddeploy.images.manifest import read_json
from clouddeploy.images.store import Image, Store
from clouddeploy.images.streamed import Archive
from clouddeploy.oci.descriptor import Descriptor
from clouddeploy.oci.source import ImageSource
from clouddeploy.oci.verify import Reading
from clouddeploy.push import How
from clouddeploy.push.plan import read_plan
from clouddeploy.push.shared import as_stream

_CLEAN = "clean-1"  # the rules' own version: a layer is looked through again when they change


def looked_through(name: str, image: ImageSource | Archive, how: How) -> How:
    """How to push an image that has no secrets in it.

    One that is here is looked through at once; the layers of one that comes as a stream on their
    way, before any registry is made to keep them. An image of another registry is published
    already. Raises SecretsError.
    """
    if isinstance(image, Archive):
        return replace(
            how,
            inspector=lambda _: LayerGate(name),
            config=lambda body, digest: _check_config(name, body, digest),
        )
    if isinstance(image, Image | LayoutImage):
        _look_through(name, image, Store.default())
    return how


def _look_through(name: str, image: ImageSource, notes: Store) -> None:
    plan = read_plan(image)
    for config in plan.configs.values():
        with image.open(config.digest) as stream:
            _check_config(name, stream.read(config.size), config.digest)
    for layer in _unknown(list(plan.layers.values()), notes):
        _look_through_layer(name, image, layer)
        notes.remember(_CLEAN, layer.digest, layer)


def _look_through_layer(name: str, image: ImageSource, layer: Descriptor) -> None:
    """To the end, so that what is noted as clean is what the digest says."""
    reading = Reading(layer, lambda: image.open(layer.digest))
    with closing(reading):
        with as_stream(bytes(piece) for piece in reading.until(layer.size)) as stream:
            refuse_secrets(name, scan_layer(stream, layer.media_type, layer.digest))
        for _ in reading.until(layer.size):
            pass


def _check_config(name: str, body: bytes, digest: str) -> None:
    refuse_secrets(name, scan_config(read_json(body, f"the config of {name}"), digest))


def _unknown(layers: Sequence[Descriptor], notes: Store) -> list[Descriptor]:
    return [one for one in layers if not notes.recall(_CLEAN, one.digest, present=False)]
