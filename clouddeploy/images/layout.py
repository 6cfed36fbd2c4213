"""Images in OCI layouts: in a folder, or in a tar file that is read where it lies.

https://github.com/opencontainers/image-spec/blob/main/image-layout.md
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from clouddeploy.errors import CloudDeployError, NotFoundError, PreconditionError
from clouddeploy.images.store import REF_NAME
from clouddeploy.images.tarstream import members
from clouddeploy.oci.descriptor import OCI_LAYER, Descriptor, check_digest

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_MOST_INDEX_BYTES = 4 * 1024 * 1024
_MOST_NAMES = 10


@dataclass(frozen=True)
class LayoutImage:
    """An image of a layout: an ImageSource; `read` opens a file of the layout by its path in it.

    `others` are the layout's other entries.
    """

    manifest: Descriptor
    read: Callable[[str], BinaryIO]
    others: Sequence[Descriptor] = ()

    def open(self, digest: str) -> BinaryIO:
        """A blob's bytes; FileNotFoundError when the layout lacks it."""
        return self.read(_blob(digest))

    def at(self, manifest: Descriptor) -> LayoutImage:
        """Another image of the same layout."""
        return LayoutImage(manifest, self.read)

    def referrers(self, digest: str) -> list[Descriptor]:
        """Manifests of the layout whose subject has this digest: signatures, SBOMs."""
        return [one for one in self.others if _subject(self.read, one) == digest]

    def has_plain_layers(self) -> bool:
        """Whether layers are kept uncompressed; for an index, no."""
        layers = _document(self.read, self.manifest).get("layers")
        kinds = [one.get("mediaType") for one in layers or () if isinstance(one, dict)]
        return OCI_LAYER in kinds


def folder_image(root: Path, name: str | None = None) -> LayoutImage:
    """The image called `name` (or with this digest) of the layout in a folder, or its only one."""
    return _image(lambda path: (root / path).open("rb"), name, f"oci:{root}")


def archive_image(path: Path, name: str | None = None) -> LayoutImage:
    """As `folder_image`, of a layout in a tar file; nothing is unpacked."""
    places = _places(path)

    def read(member: str) -> BinaryIO:
        if member not in places:
            raise FileNotFoundError(2, "not in the archive", member)
        return cast("BinaryIO", _Region(path, *places[member]))

    return _image(read, name, f"oci-archive:{path}")


def is_layout_archive(path: Path) -> bool:
    """Whether a tar file holds an OCI layout and not only docker's own format."""
    return "index.json" in _places(path)


def _image(read: Callable[[str], BinaryIO], name: str | None, where: str) -> LayoutImage:
    try:
        with read("index.json") as stream:
            entries = _json(stream.read(_MOST_INDEX_BYTES))["manifests"]
        found = [Descriptor.from_json(each) for each in entries]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CloudDeployError(
            f"{where} is no OCI image layout: its index.json is missing or damaged",
            fix="name what has an index.json, or write docker:// before the name of a registry's image",
        ) from error
    chosen = _choose(read, found, name, where)
    return LayoutImage(chosen, read, [one for one in found if one.digest != chosen.digest])


def _choose(
    read: Callable[[str], BinaryIO], found: Sequence[Descriptor], name: str | None, where: str
) -> Descriptor:
    named = [one for one in found if name in (None, one.digest, one.annotations.get(REF_NAME))]
    images = {one.digest: one for one in named}
    if len(images) > 1:  # what is about an image, such as its signature, is listed beside it
        images = {digest: one for digest, one in images.items() if _subject(read, one) is None}
    if len(images) == 1:
        (chosen,) = images.values()
        return Descriptor(chosen.media_type, chosen.digest, chosen.size)
    names = sorted({one.annotations.get(REF_NAME, one.digest) for one in found})
    shown = ", ".join(names[:_MOST_NAMES]) + (", …" if len(names) > _MOST_NAMES else "")
    wanted = f"no image called {name}" if name else "not exactly one image"
    raise NotFoundError(f"{where} has {wanted}, but {shown or 'nothing'}", fix=f"name one: {where}:NAME")


def _subject(read: Callable[[str], BinaryIO], descriptor: Descriptor) -> str | None:
    """What a manifest is about; None also where the layout does not have it."""
    subject = _document(read, descriptor).get("subject")
    return subject.get("digest") if isinstance(subject, dict) else None


def _document(read: Callable[[str], BinaryIO], descriptor: Descriptor) -> Mapping[str, Any]:
    """A manifest, empty where it cannot be read: whoever needs all of it will say so."""
    try:
        with read(_blob(descriptor.digest)) as stream:
            return _json(stream.read(_MOST_INDEX_BYTES))
    except (OSError, ValueError):
        return {}


def _blob(digest: str) -> str:
    return "blobs/" + check_digest(digest).replace(":", "/")


def _json(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(found, dict):
        raise ValueError("it is not a JSON object")  # noqa: TRY004
    return found


def _places(path: Path) -> dict[str, tuple[int, int]]:
    """Where each file of a tar lies: offset and size in bytes."""
    try:
        with path.open("rb") as file:
            found = members(file, str(path))
            return {each.name: (file.tell(), each.size) for each in found if each.link is None}
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}"
        raise PreconditionError(message, fix="name a tar file that you may read") from error


class _Region(io.RawIOBase):
    """Some bytes in the middle of a file."""

    def __init__(self, path: Path, offset: int, size: int) -> None:
        self._file = path.open("rb", buffering=0)
        self._offset = offset
        self._left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")[: self._left]
        count = os.preadv(self._file.fileno(), [view], self._offset) if len(view) else 0
        self._offset += count
        self._left -= count
        return count

    def close(self) -> None:
        self._file.close()
        super().close()
