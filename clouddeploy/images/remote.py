"""An image in a registry as a source: its blobs are streamed from there, checked on the way."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import BinaryIO

from clouddeploy.errors import NotFoundError
from clouddeploy.oci.client import RegistryClient
from clouddeploy.oci.descriptor import INDEXES, MANIFESTS, Descriptor
from clouddeploy.oci.document import Index, parse_document


class RemoteImage:
    """An ImageSource in `repository` of the registry that `client` talks to; each manifest is read once."""

    def __init__(self, client: RegistryClient, repository: str, manifest: Descriptor) -> None:
        self.client = client
        self.repository = repository
        self.manifest = manifest
        self._named: dict[str, Descriptor] = {}
        self._bodies: dict[str, bytes] = {}

    @classmethod
    def find(cls, client: RegistryClient, repository: str, reference: str) -> RemoteImage:
        """The image that a tag or digest means; NotFoundError when it means nothing."""
        manifest, body = client.get_manifest(repository, reference)
        image = cls(client, repository, manifest)
        image._keep(manifest, body)
        return image

    def open(self, digest: str) -> BinaryIO:
        """The bytes of a manifest, or of a blob that a manifest read before has named."""
        named = self._named.get(digest)
        if named and named.media_type not in MANIFESTS | INDEXES:
            return self.client.open_blob(self.repository, named)
        if digest not in self._bodies:
            self._keep(*self.client.get_manifest(self.repository, digest))
        return io.BytesIO(self._bodies[digest])

    def at(self, manifest: Descriptor) -> RemoteImage:
        """Another image of the same repository."""
        return RemoteImage(self.client, self.repository, manifest)

    def blob_digests(self) -> list[str]:
        """The blobs that the manifests read so far have named."""
        return [one for one, found in self._named.items() if found.media_type not in MANIFESTS | INDEXES]

    def referrers(self, digest: str) -> list[Descriptor]:
        """Manifests whose subject has this digest: signatures, SBOMs, attestations."""
        try:
            return self.client.referrers(self.repository, digest)
        except NotFoundError:
            return []

    def attached(self, digest: str) -> dict[str, Descriptor]:
        """By tag: what cosign keeps beside an image of this digest, where it names it in no `subject`.

        https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md#tag-based-discovery
        """
        name = digest.replace(":", "-", 1)
        found = {
            tag: self.client.head_manifest(self.repository, tag)
            for tag in (f"{name}.sig", f"{name}.att", f"{name}.sbom")
        }
        return {tag: one for tag, one in found.items() if one}

    def _keep(self, descriptor: Descriptor, body: bytes) -> None:
        document = parse_document(body, descriptor.media_type)
        named: Sequence[Descriptor] = (
            document.manifests if isinstance(document, Index) else (document.config, *document.layers)
        )
        self._named.update({one.digest: one for one in named})
        self._bodies[descriptor.digest] = body
