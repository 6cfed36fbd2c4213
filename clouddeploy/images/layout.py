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

from clouddeploy.errors import CloudDeployError, NotFoundError
from clouddeploy.images.store import REF_NAME
from clouddeploy.images.tarstream import members
from clouddeploy.oci.descriptor import Descriptor, check_digest

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_MOST_INDEX_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class LayoutImage:
    """An image of a layout: an ImageSource; `read` opens a file of the layout by its path in it."""

    manifest: Descriptor
    read: Callable[[str], BinaryIO]
    others: Sequence[Descriptor] = ()

    def open(self, digest: str) -> BinaryIO:
        """A blob's bytes; FileNotFoundError when the layout lacks it."""
        return self.read(_blob(digest))

    def at(self, manifest: Descriptor) -> LayoutImage:
        """Another image of the same layout."""
        return LayoutImage(manifest, self.read)

    def referrers(self) -> list[Descriptor]:
        """Manifests of the layout whose subject is this image: signatures, SBOMs."""
        return [one for one in self.others if self._subject(one) == self.manifest.digest]

    def _subject(self, descriptor: Descriptor) -> str | None:
        with self.open(descriptor.digest) as stream:
            document = _json(stream.read(_MOST_INDEX_BYTES))
        subject = document.get("subject")
        return subject.get("digest") if isinstance(subject, dict) else None


def folder_image(root: Path, name: str | None = None) -> LayoutImage:
    """The image called `name` of the layout in a folder, or its only one."""
    return _image(lambda path: (root / path).open("rb"), name, str(root))


def archive_image(path: Path, name: str | None = None) -> LayoutImage:
    """The image called `name` of a layout in a tar file; nothing is unpacked."""
    places = _places(path)

    def read(member: str) -> BinaryIO:
        if member not in places:
            raise FileNotFoundError(2, "not in the archive", member)
        return cast("BinaryIO", _Region(path, *places[member]))

    return _image(read, name, str(path))


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
            fix="name a folder that has an oci-layout file, or a tar of one",
        ) from error
    chosen = _choose(found, name, where)
    return LayoutImage(chosen, read, [one for one in found if one.digest != chosen.digest])


def _choose(found: Sequence[Descriptor], name: str | None, where: str) -> Descriptor:
    named = [one for one in found if name is None or one.annotations.get(REF_NAME) == name]
    images = {one.digest: one for one in named if name or not _is_artifact(one)}
    if len(images) == 1:
        (chosen,) = images.values()
        return Descriptor(chosen.media_type, chosen.digest, chosen.size)
    names = ", ".join(sorted({one.annotations.get(REF_NAME, one.digest) for one in found})) or "nothing"
    wanted = f"no image called {name}" if name else "not exactly one image"
    raise NotFoundError(f"{where} has {wanted}, but {names}", fix="name one: oci:PATH:NAME")


def _is_artifact(descriptor: Descriptor) -> bool:
    """What is kept beside images, and only listed: the entry of a signature has no name and a kind."""
    return "artifactType" in descriptor.annotations


def _blob(digest: str) -> str:
    return "blobs/" + check_digest(digest).replace(":", "/")


def _json(body: bytes) -> Mapping[str, Any]:
    found = json.loads(body)
    if not isinstance(found, dict):
        raise ValueError("it is not a JSON object")  # noqa: TRY004
    return found


def _places(path: Path) -> dict[str, tuple[int, int]]:
    """Where each file of a tar lies: offset and size in bytes."""
    with path.open("rb") as file:
        return {
            member.name: (file.tell(), member.size)
            for member in members(file, str(path))
            if member.link is None
        }


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
