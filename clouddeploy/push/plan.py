"""Everything that an image consists of, read and checked before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from clouddeploy.errors import CloudDeployError
from clouddeploy.oci.client import LARGEST_MANIFEST
from clouddeploy.oci.descriptor import Descriptor, digest_of
from clouddeploy.oci.document import Index, parse_document
from clouddeploy.oci.source import ImageSource

_DEEPEST = 4  # an index in an index is allowed, a chain of them is a trap


@dataclass(frozen=True)
class Document:
    """A manifest or an index, and its bytes."""

    descriptor: Descriptor
    body: bytes


@dataclass
class Plan:
    """What an image consists of: documents children first, each blob once."""

    documents: list[Document] = field(default_factory=list)
    layers: dict[str, Descriptor] = field(default_factory=dict)
    configs: dict[str, Descriptor] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """The image's own."""
        return self.documents[-1].descriptor.digest

    @property
    def blobs(self) -> Sequence[Descriptor]:
        """Layers and configs."""
        return [*self.layers.values(), *self.configs.values()]


def read_plan(source: ImageSource) -> Plan:
    """The plan of an image; CloudDeployError when its manifests are damaged."""
    plan = Plan()
    try:
        _add(plan, source, source.manifest, _DEEPEST)
    except (ValueError, OSError) as error:
        raise CloudDeployError(
            f"the image {source.manifest.digest} is damaged: {error}", fix="build the image again"
        ) from error
    return plan


def _add(plan: Plan, source: ImageSource, descriptor: Descriptor, depth: int) -> None:
    if depth == 0:
        raise ValueError("its indexes are nested too deeply")
    body = _read_document(source, descriptor)
    document = parse_document(body, descriptor.media_type)
    if isinstance(document, Index):
        for child in document.manifests:
            _add(plan, source, child, depth - 1)
    else:
        plan.configs[document.config.digest] = document.config
        plan.layers.update({one.digest: one for one in document.layers if not _elsewhere(one)})
    plan.documents.append(Document(replace(descriptor, media_type=document.media_type), body))


def _read_document(source: ImageSource, descriptor: Descriptor) -> bytes:
    if descriptor.size > LARGEST_MANIFEST:
        raise ValueError(f"its manifest is larger than {LARGEST_MANIFEST} bytes")
    with source.open(descriptor.digest) as stream:
        body = stream.read(descriptor.size + 1)
    algorithm = descriptor.digest.partition(":")[0]
    if len(body) != descriptor.size or digest_of(body, algorithm) != descriptor.digest:
        raise ValueError(f"the manifest {descriptor.digest} is not what its digest says")
    return body


def _elsewhere(layer: Descriptor) -> bool:
    """Layers that may not be distributed stay where they are (image-spec, layer.md)."""
    return ".nondistributable." in layer.media_type or ".foreign." in layer.media_type
