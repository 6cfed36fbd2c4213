"""An image that comes as one archive, from an engine or a file, and is read from its beginning each time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clouddeploy.images.manifest import check_platform, parse_image
from clouddeploy.images.store import Image, Store
from clouddeploy.oci.descriptor import Descriptor
from clouddeploy.oci.source import ImageSource

if TYPE_CHECKING:
    from clouddeploy.images.shelf import Shelf
    from clouddeploy.images.tarstream import Readable


@dataclass(frozen=True)
class Archive:
    """`open` starts to read it anew; `key` is a digest that only this content has, such as an image ID.

    `name` and `title` are what errors call the image and the archive. Of its layers nothing is kept;
    the store gets manifest and config, which are small.
    """

    key: str
    name: str
    title: str
    store: Store
    open: Callable[[], AbstractContextManager[Readable]]
    platform: str | None = None

    def known(self, compression: str) -> Image | None:
        """The image as it was put together before; its layers may not be in the store."""
        manifest = self.store.recall(_kind(compression), self.key)
        if manifest is None or not self.store.has(parse_image(self.store, manifest).config.digest):
            return None
        return Image(self.store, manifest)

    def read(self, shelf: Shelf, on_bytes: Callable[[int], None] = lambda _: None) -> Image:
        """Read the archive once, its layers onto the shelf; what `import_archive` raises."""
        from clouddeploy.images.assemble import import_archive

        with self.open() as stream:
            manifest: Descriptor = import_archive(
                stream, self.store, self.title, platform=self.platform, on_bytes=on_bytes, shelf=shelf
            )
        if self.platform:
            check_platform(self.store, manifest, self.platform, self.name)
        self.store.remember(_kind(shelf.compression), self.key, manifest)
        return Image(self.store, manifest)


def identity(image: ImageSource | Archive) -> str:
    """A digest that stays the same whether an image is in the store or in its engine: the image ID.

    For an image from elsewhere, its manifest's.
    """
    if isinstance(image, Archive):
        return image.key
    if isinstance(image, Image):
        return parse_image(image.store, image.manifest).config.digest
    return image.manifest.digest


def note_built(store: Store, name: str, image_id: str) -> None:
    """Remember which image an engine built last under a name."""
    store.remember("built", _key(name), Descriptor("image-id", image_id, 0))


def note_image(store: Store, name: str, image: Image) -> None:
    """Remember an image in the store as the last one built under a name."""
    store.remember(_kind("gzip"), identity(image), image.manifest)
    note_built(store, name, identity(image))
    store.tag(name, image.manifest)


def last_built(store: Store, name: str) -> Image | None:
    """The last image built under a name, as far as its manifest is known; its layers may be elsewhere."""
    noted = store.recall("built", _key(name), present=False)
    manifest = (store.recall(_kind("gzip"), noted.digest) if noted else None) or store.find(name)
    return Image(store, manifest) if manifest else None


def _key(name: str) -> str:
    return f"sha256:{hashlib.sha256(name.encode()).hexdigest()}"


def _kind(compression: str) -> str:
    return f"images-{compression}"
