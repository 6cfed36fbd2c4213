"""An image that comes as one archive, from an engine or a file, and is read from its beginning each time."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from clouddeploy.images.assemble import import_archive
from clouddeploy.images.manifest import parse_image
from clouddeploy.images.shelf import Shelf
from clouddeploy.images.store import Image, Store
from clouddeploy.images.tarstream import Readable
from clouddeploy.oci.descriptor import Descriptor


@dataclass(frozen=True)
class Archive:
    """`open` starts to read it anew; `key` is a digest that only this content has, such as an image ID.

    Of its layers nothing is kept; the store gets manifest and config, which are small.
    """

    key: str
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
        with self.open() as stream:
            manifest: Descriptor = import_archive(
                stream, self.store, self.title, platform=self.platform, on_bytes=on_bytes, shelf=shelf
            )
        self.store.remember(_kind(shelf.compression), self.key, manifest)
        return Image(self.store, manifest)


def _kind(compression: str) -> str:
    return f"images-{compression}"
