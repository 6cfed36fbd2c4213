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
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

from clouddeploy.errors import CloudDeployError, ConfigError, NotFoundError
from clouddeploy.images.build import engine_archive
from clouddeploy.images.engines import named_engine
from clouddeploy.images.layout import archive_image, folder_image, is_layout_archive
from clouddeploy.images.process import answer
from clouddeploy.images.remote import RemoteImage
from clouddeploy.images.store import Store
from clouddeploy.images.streamed import Archive
from clouddeploy.oci.client import RegistryClient
from clouddeploy.oci.descriptor import check_digest
from clouddeploy.oci.reference import Reference
from clouddeploy.oci.source import ImageSource

Source = ImageSource | Archive

_INSPECT_SECONDS = 30.0


@contextmanager
def open_source(text: str, store: Store) -> Iterator[Source]:
    """The image that `text` means, readable as long as the block lasts.

    Raises ConfigError for what names no image, NotFoundError for one that is not there, and what
    the engine or the registry raises.
    """
    kind, _, rest = text.partition(":")
    if kind in _LOCAL and not rest.startswith("//"):
        yield _LOCAL[kind](rest, store)
    elif (path := Path(text)).exists():
        yield _found(path, store)
    else:
        with open_reference(Reference.parse(text.removeprefix("docker://"))) as image:
            yield image


def registry_name(text: str) -> Reference | None:
    """The name of an image that has one in a registry's words: a reference, or an engine's name."""
    kind, _, rest = text.partition(":")
    if kind in _ENGINES:
        return Reference.parse(rest)
    if (kind in _LOCAL and not rest.startswith("//")) or Path(text).exists():
        return None
    return Reference.parse(text.removeprefix("docker://"))


@contextmanager
def open_reference(name: Reference) -> Iterator[RemoteImage]:
    """An image of a registry, with docker's login for it."""
    with RegistryClient(name.host) as client:
        try:
            yield RemoteImage.find(client, name.repository, name.digest or name.tag or "latest")
        except NotFoundError as error:
            fix = "check the name and the tag; a private image needs a login: clouddeploy registry login"
            raise NotFoundError(f"there is no image {name.familiar()}", fix=fix, code=error.code) from error


def _engine_image(program: str, name: str, store: Store) -> Source:
    engine = named_engine(program)
    reply = answer(engine.inspect_command(name), _INSPECT_SECONDS)
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
    """`PATH` or `PATH:NAME`; what exists decides where a colon belongs."""
    before, colon, name = rest.rpartition(":")
    if colon and not Path(rest).exists():
        return read(_existing(before), name)
    return read(_existing(rest), None)


def _docker_archive(rest: str, store: Store) -> Source:
    path = _existing(rest)
    facts = path.stat()
    said = f"{path.resolve()}:{facts.st_ino}:{facts.st_size}:{facts.st_mtime_ns}"
    key = f"sha256:{hashlib.sha256(said.encode()).hexdigest()}"
    return Archive(key, path.name, str(path), store, partial(_open, path))


_ENGINES = {"docker-daemon", "podman"}
_LOCAL: Mapping[str, Callable[[str, Store], Source]] = {
    "docker-daemon": partial(_engine_image, "docker"),
    "podman": partial(_engine_image, "podman"),
    "oci": partial(_layout, folder_image),
    "oci-archive": partial(_layout, archive_image),
    "docker-archive": _docker_archive,
}


def _found(path: Path, store: Store) -> Source:
    if path.is_dir():
        return folder_image(path)
    return archive_image(path) if is_layout_archive(path) else _docker_archive(str(path), store)


def _existing(text: str) -> Path:
    path = Path(text)
    if not path.exists():
        raise ConfigError(f"there is no file or folder {text}", fix="check the path")
    return path


@contextmanager
def _open(path: Path) -> Iterator[BinaryIO]:
    with path.open("rb") as file:
        yield file
