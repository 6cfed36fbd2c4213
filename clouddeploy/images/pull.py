"""An image from a registry into the store, every byte checked against its digest."""

from __future__ import annotations

from collections.abc import Callable

from clouddeploy.errors import CloudDeployError, NotFoundError
from clouddeploy.images.manifest import check_platform, parse_image
from clouddeploy.images.store import Image, Store
from clouddeploy.oci.client import RegistryClient, no_login
from clouddeploy.oci.descriptor import Descriptor
from clouddeploy.oci.document import Index, parse_document
from clouddeploy.oci.reference import Reference
from clouddeploy.progress import SILENT, Progress, Task
from clouddeploy.seam.registry import Login

_CHUNK = 1 << 18


def pull_image(
    reference: str,
    store: Store,
    *,
    platform: str = "linux/amd64",
    login: Callable[[], Login | None] = no_login,
    progress: Progress = SILENT,
) -> Image:
    """The image that a reference means for a platform; what the store has is not read again.

    NotFoundError when the registry has no such image, or none for the platform; TemporaryError
    naming the host when it cannot be reached; CredentialsError when it wants another login.
    """
    name = Reference.parse(reference)
    with RegistryClient(name.host, login) as client, progress.task(f"pull {name.familiar()}") as task:
        try:
            manifest = _manifest(client, name, platform, store)
        except NotFoundError as error:
            if error.code == "PLATFORM":
                raise
            fix = "check the name and the tag; a private image needs a login"
            raise NotFoundError(f"there is no image {name.familiar()}", fix=fix, code=error.code) from error
        image = parse_image(store, manifest)
        for blob in (image.config, *image.layers):
            _fetch(client, name.repository, blob, store, task)
    check_platform(store, manifest, platform, name.familiar())
    return Image(store, manifest)


def _manifest(client: RegistryClient, name: Reference, platform: str, store: Store) -> Descriptor:
    """The manifest for the platform, in the store."""
    wanted = name.digest or name.tag or "latest"
    descriptor, body = client.get_manifest(name.repository, wanted)
    document = parse_document(body, descriptor.media_type)
    if isinstance(document, Index):
        chosen = _choose(document, platform, name.familiar())
        descriptor, body = client.get_manifest(name.repository, chosen.digest)
    return store.add_bytes(body, descriptor.media_type)


def _choose(index: Index, platform: str, name: str) -> Descriptor:
    """The entry with the platform's system and machine, and its variant where it names one."""
    named = [("/".join(_platform(each)), each) for each in index.manifests]
    exact = [each for text, each in named if text == platform]
    alike = [each for text, each in named if text.split("/")[:2] == platform.split("/")[:2]]
    if exact or alike:
        return (exact or alike)[0]
    has = ", ".join(sorted({text for text, _ in named if text and text != "unknown/unknown"})) or "nothing"
    fix = "choose another base image, or build for a platform that it has"
    raise NotFoundError(f"{name} has no image for {platform}, only for {has}", fix=fix, code="PLATFORM")


def _platform(entry: Descriptor) -> list[str]:
    parts = entry.platform or {}
    return [parts[key] for key in ("os", "architecture", "variant") if parts.get(key)]


def _fetch(client: RegistryClient, repository: str, blob: Descriptor, store: Store, task: Task) -> None:
    if store.has(blob.digest):
        return
    with client.open_blob(repository, blob) as content, store.writer() as writer:
        while chunk := content.read(_CHUNK):
            writer.write(chunk)
            task.advance(len(chunk))
        if writer.digest != blob.digest:
            message = f"the store names blobs by sha256, and {blob.digest} is no such digest"
            raise CloudDeployError(message, fix="choose an image whose digests are sha256")
        writer.commit()
