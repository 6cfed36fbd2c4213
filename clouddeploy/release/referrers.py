"""What refers to an image, by its `subject` or by cosign's tags, goes with it: signatures, SBOMs, and more.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md#enabling-the-referrers-api
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from clouddeploy.errors import CloudDeployError, NotFoundError
from clouddeploy.images.layout import LayoutImage
from clouddeploy.images.remote import RemoteImage
from clouddeploy.oci.client import LARGEST_MANIFEST
from clouddeploy.oci.descriptor import OCI_INDEX, Descriptor
from clouddeploy.push import Destination, How, push
from clouddeploy.push.plan import read_plan

_MOST = 1000  # manifests; more is no image with its signatures, but a trap


@dataclass
class Brought:
    """How many have arrived at one destination, and why the rest has not."""

    count: int = 0
    error: CloudDeployError | None = None


def copy_referrers(
    source: RemoteImage | LayoutImage, destinations: Sequence[Destination], how: How
) -> dict[str, Brought]:
    """Bring what refers to an image, to its children and to what refers to those, by address.

    A registry without the referrers API gets them under the tag that stands in for it.
    """
    brought = {one.address: Brought() for one in destinations}
    if not destinations:
        return brought
    try:
        for subject, referrer in _referrers(source):
            still = [replace(one, tags=()) for one in destinations if brought[one.address].error is None]
            for done in push(source.at(referrer), still, how):
                tally = brought[done.destination.address]
                tally.error = done.error or _listed(done.destination, subject, source, referrer)
                tally.count += tally.error is None
        if isinstance(source, RemoteImage):
            _copy_attached(source, destinations, how, brought)
    except CloudDeployError as error:  # the source's own
        for tally in brought.values():
            tally.error = tally.error or error
    return brought


def _copy_attached(
    source: RemoteImage, destinations: Sequence[Destination], how: How, brought: dict[str, Brought]
) -> None:
    documents = [one.descriptor.digest for one in read_plan(source).documents]
    for tag, found in [pair for digest in documents for pair in source.attached(digest).items()]:
        still = [replace(one, tags=(tag,)) for one in destinations if brought[one.address].error is None]
        for done in push(source.at(found), still, how):
            tally = brought[done.destination.address]
            tally.error = done.error
            tally.count += done.error is None


def _referrers(source: RemoteImage | LayoutImage) -> Iterator[tuple[str, Descriptor]]:
    """Pairs of a subject's digest and a manifest about it, nearest to the image first."""
    waiting = [one.descriptor.digest for one in reversed(read_plan(source).documents)]
    seen = set(waiting)
    for subject in waiting:
        for found in source.referrers(subject):
            if found.digest in seen:
                continue
            if len(seen) > _MOST:
                raise CloudDeployError(
                    f"more than {_MOST} manifests refer to the image, or to each other",
                    fix="the image itself is copied; look at what refers to it",
                )
            seen.add(found.digest)
            waiting.append(found.digest)
            yield subject, found


def _listed(
    where: Destination, subject: str, source: RemoteImage | LayoutImage, referrer: Descriptor
) -> CloudDeployError | None:
    """See that the registry lists a referrer, and say why it does not."""
    try:
        if not _lists(where, subject, referrer.digest):
            _add_to_tag(where, subject, _entry(source, referrer))
            if not _lists(where, subject, referrer.digest):
                return CloudDeployError(
                    f"{where.client.host} keeps {referrer.digest}, but does not list it for its subject",
                    fix="run the same command again; if it stays so, tell whoever runs this registry",
                )
    except CloudDeployError as error:
        return error
    return None


def _lists(where: Destination, subject: str, digest: str) -> bool:
    return digest in {one.digest for one in where.client.referrers(where.repository, subject)}


def _add_to_tag(where: Destination, subject: str, entry: dict[str, Any]) -> None:
    """Registries without the API: an index under a tag that is made of the subject's digest."""
    tag = subject.replace(":", "-", 1)
    try:
        _, body = where.client.get_manifest(where.repository, tag)
        entries = json.loads(body)["manifests"]
    except NotFoundError:
        entries = []
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [*entries, entry]}
    where.client.put_manifest(where.repository, tag, json.dumps(index).encode(), OCI_INDEX)


def _entry(source: RemoteImage | LayoutImage, referrer: Descriptor) -> dict[str, Any]:
    """The descriptor with what a list of referrers has to say of it."""
    with source.at(referrer).open(referrer.digest) as stream:
        manifest = json.loads(stream.read(LARGEST_MANIFEST))
    kind = manifest.get("artifactType") or manifest.get("config", {}).get("mediaType")
    more = {"artifactType": kind, "annotations": manifest.get("annotations")}
    return {**referrer.to_json(), **{key: value for key, value in more.items() if value}}
