"""Where an image's bytes come from."""

from __future__ import annotations

from typing import BinaryIO, Protocol

from clouddeploy.oci.descriptor import Descriptor


class ImageSource(Protocol):
    """An image whose manifest, config and layers can be read, again and again, from any thread."""

    @property
    def manifest(self) -> Descriptor:
        """The manifest or index that names the image."""
        ...

    def open(self, digest: str) -> BinaryIO:
        """The bytes of the manifest, a config, a layer or an index's child."""
        ...
