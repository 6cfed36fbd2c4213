"""Where an image can come from, in the words of skopeo: an engine, a layout, an archive, a registry.

    docker-daemon:NAME          an image of Docker Engine
    podman:NAME                 an image of podman
    oci:FOLDER[:NAME]           an OCI layout
    oci-archive:FILE[:NAME]     a tar of one
    docker-archive:FILE         what `docker save` writes
    PATH                        any of the three, by what is there
    [docker://]HOST/PATH[:TAG]  an image in a registry

https://github.com/containers/image/blob/main/docs/containers-transports.5.md
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

from clouddeploy.errors import CloudDeployError, ConfigError, NotFoundError, PreconditionError, TemporaryError
from clouddeploy.images.layout import archive_image, folder_image, is_layout_archive
from clouddeploy.images.remote import RemoteImage
from clouddeploy.images.store import Store
from clouddeploy.images.streamed import Archive
from clouddeploy.oci.client import RegistryClient
from clouddeploy.oci.descriptor import check_digest
from clouddeploy.oci.reference import DOCKER_HUB, Reference
from clouddeploy.oci.source import ImageSource

Source = ImageSource | Archive

_INSPECT_SECONDS = 30.0
_IMAGE_ID = re.compile(r"(?:sha256:)?[0-9a-f]{12,64}")
_COMPRESSED = {b"\x1f\x8b": "gunzip", b"BZ": "bunzip2", b"\xfd7": "unxz", b"\x28\xb5": "unzstd"}


@contextmanager
def open_source(text: str, store: Store) -> Iterator[Source]:
    """The image that `text` means, readable as long as the block lasts.

    Raises ConfigError for what names no image, NotFoundError for one that is not there, and what
    the engine or the registry raises.
    """
    kind, rest = _split(text)
    if kind in _LOCAL:
        yield _LOCAL[kind](rest, store)
    else:
        with open_reference(Reference.parse(rest)) as image:
            yield image


def registry_name(text: str) -> Reference | None:
    """The name of an image that has one in a registry's words: a reference, or an engine's name.

    Without the `library/` that docker puts before names of Docker Hub.
    """
    kind, rest = _split(text)
    if kind in _LOCAL and (kind not in _ENGINES or _IMAGE_ID.fullmatch(rest)):
        return None
    name = Reference.parse(rest)
    if name.host == DOCKER_HUB:
        return replace(name, repository=name.repository.removeprefix("library/"))
    return name


def is_local(text: str) -> bool:
    """Whether `text` means an image on this machine and not in a registry."""
    return _split(text)[0] in _LOCAL


@contextmanager
def open_reference(name: Reference) -> Iterator[RemoteImage]:
    """An image of a registry, with docker's login for it."""
    with RegistryClient(name.host) as client:
        try:
            yield RemoteImage.find(client, name.repository, name.digest or name.tag or "latest")
        except NotFoundError as error:
            fix = "check the name and the tag; a private image needs a login: clouddeploy registry login"
            raise NotFoundError(f"there is no image {name.familiar()}", fix=fix, code=error.code) from error


def _split(text: str) -> tuple[str, str]:
    """The kind of place and where in it: a word of `_LOCAL`, or `docker` for a registry."""
    kind, colon, rest = text.partition(":")
    if colon and kind in _LOCAL and not rest.startswith("//"):
        return kind, rest
    if os.path.exists(text):  # noqa: PTH110 - false for what can be no path, where Path raises
        return "path", text
    return "docker", text.removeprefix("docker://")


def _engine_image(program: str, name: str, store: Store) -> Source:
    import subprocess

    from clouddeploy.images.build import engine_archive
    from clouddeploy.images.engines import named_engine
    from clouddeploy.images.process import answer

    engine = named_engine(program)
    try:
        reply = answer(engine.inspect_command(name), _INSPECT_SECONDS)
    except subprocess.TimeoutExpired as error:
        message = f"{program} did not tell about {name} within {_INSPECT_SECONDS:.0f} seconds"
        raise TemporaryError(message, fix=f"see whether it is well: {program} images") from error
    image_id = reply.stdout.strip()
    if reply.returncode != 0:
        said = reply.stderr.strip().splitlines() or ["no reason given"]
        raise NotFoundError(
            f"{program} has no image {name}: {said[-1]}", fix=f"build it, or see: {program} images"
        )
    try:
        key = check_digest(image_id if ":" in image_id else f"sha256:{image_id}")
    except ValueError as error:
        raise CloudDeployError(f"{program} did not tell the ID of {name}", fix=f"update {program}") from error
    return engine_archive(engine, key, name, store)


def _layout(read: Callable[[Path, str | None], Source], rest: str, _: Store) -> Source:
    """`PATH` or `PATH:NAME`; the longest path that exists counts, for both may have colons."""
    path, name = rest, ""
    while ":" in path and not os.path.exists(path):  # noqa: PTH110
        path, _colon, part = path.rpartition(":")
        name = f"{part}:{name}" if name else part
    return read(_existing(path, rest), name or None)


def _layout_archive(path: Path, name: str | None) -> Source:
    return archive_image(_checked(path), name)


def _docker_archive(rest: str, store: Store) -> Source:
    path = _checked(_existing(rest, rest))
    facts = path.stat()
    said = f"{path.resolve()}:{facts.st_ino}:{facts.st_size}:{facts.st_mtime_ns}"
    key = f"sha256:{hashlib.sha256(said.encode()).hexdigest()}"
    return Archive(key, path.name, str(path), store, partial(_open, path))


def _found(rest: str, store: Store) -> Source:
    """What a path is. A layout with plain layers, as `docker save` writes, is compressed on its way."""
    path = Path(rest)
    if path.is_dir():
        return folder_image(path)
    if is_layout_archive(_checked(path)):
        image = archive_image(path)
        return _docker_archive(rest, store) if image.has_plain_layers() else image
    return _docker_archive(rest, store)


_ENGINES = {"docker-daemon", "podman"}
_LOCAL: Mapping[str, Callable[[str, Store], Source]] = {
    "docker-daemon": partial(_engine_image, "docker"),
    "podman": partial(_engine_image, "podman"),
    "oci": partial(_layout, folder_image),
    "oci-archive": partial(_layout, _layout_archive),
    "docker-archive": _docker_archive,
    "path": _found,
}


def _existing(path: str, said: str) -> Path:
    if not os.path.exists(path):  # noqa: PTH110
        raise ConfigError(f"there is no file or folder {said[:200]!r}", fix="check the path")
    return Path(path)


def _checked(path: Path) -> Path:
    """A file that can be read from any place in it."""
    if not path.is_file():
        raise ConfigError(f"{path} is no file", fix="name a tar file, or a folder as oci:FOLDER")
    with _open(path) as file:
        program = _COMPRESSED.get(file.read(2))
    if program:
        raise ConfigError(
            f"{path} is compressed, and an archive is read in place",
            fix=f"{program} {path}, and name the result",
        )
    return path


@contextmanager
def _open(path: Path) -> Iterator[BinaryIO]:
    try:
        file = path.open("rb")
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}"
        raise PreconditionError(message, fix="see who may read it: ls -l") from error
    with file:
        yield file
