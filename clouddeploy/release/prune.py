"""Which images of a repository may go: a plan first, then the deed, then the proof.

Kept are the newest of the images that have a tag, what a cluster names, what was pushed a moment
ago and may be waiting for its tag, and everything that belongs to one that is kept: the images that
an index names, and the signatures and attestations of an image.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from clouddeploy.errors import CloudDeployError, NotFoundError
from clouddeploy.oci.holdings import Manifest, read_manifests
from clouddeploy.release.registries import OpenRegistry, newest_first
from clouddeploy.seam.registry import StoredImage

GRACE = timedelta(hours=1)
"""How long an image without a tag is taken for a part of a push that is still going on."""

_ATTACHED = re.compile(r"(sha256)-([0-9a-f]{64})(?:\.[a-z]+)?")
"""Tags that stand in for referrers: distribution-spec (Referrers Tag Schema) and cosign."""


@dataclass(frozen=True)
class Verdict:
    """One image, whether it stays, and why."""

    image: StoredImage
    stays: bool
    why: str


@dataclass(frozen=True)
class Plan:
    """What becomes of one repository's images; `waves` are the deletions, in their order."""

    repository: str
    verdicts: Sequence[Verdict]
    waves: Sequence[Sequence[StoredImage]]

    @property
    def going(self) -> list[StoredImage]:
        """What would be deleted."""
        return [image for wave in self.waves for image in wave]

    def within(self, earlier: Plan) -> Plan:
        """This plan without deletions that an earlier one had not, or not of an image with these tags."""
        agreed = earlier.going
        waves = [[image for image in wave if image in agreed] for wave in self.waves]
        return Plan(self.repository, self.verdicts, [wave for wave in waves if wave])


def plan_prune(
    registry: OpenRegistry, repository: str, keep: int, used: Callable[[StoredImage], str], now: datetime
) -> Plan:
    """What would be deleted so that `keep` images with a tag stay. Changes nothing.

    `used` says who still names an image, empty for nobody. Raises what reading raises: what cannot be
    read may name any other image, so nothing is deleted then.
    """
    images = newest_first(registry.images.list(repository))
    read = read_manifests(registry.client, registry.path(repository), (one.digest for one in images))
    return decide(repository, images, read, keep, used, now)


def carry_out(registry: OpenRegistry, plan: Plan) -> None:
    """Delete what the plan says, and prove it; an index before the images that it names.

    Raises CloudDeployError when the registry still lists what it should have deleted.
    """
    for wave in plan.waves:
        registry.images.delete(plan.repository, wave)
    gone = {image.digest for image in plan.going}
    left = [one.digest for one in _listed(registry, plan.repository) if one.digest in gone]
    if left:
        raise CloudDeployError(
            f"{registry.client.host} still lists {left[0]} in {plan.repository}",
            fix="look at it again in a minute: clouddeploy images ls",
        )


def decide(
    repository: str,
    images: Sequence[StoredImage],
    read: Mapping[str, Manifest],
    keep: int,
    used: Callable[[StoredImage], str],
    now: datetime,
) -> Plan:
    """The plan for what was read; asks nobody but `used`."""
    owners = {one.digest: _owner(one, read) for one in images}
    named = {child for one in read.values() for child in one.children}
    stays: dict[str, str] = {}
    roots = [one for one in images if not owners[one.digest]]
    dated = [one for one in newest_first(roots) if one.tags and one.pushed]
    stays.update({one.digest: f"newest {keep}" for one in dated[:keep]})
    for one in images:
        alone = not owners[one.digest] and (one.tags or one.digest not in named)
        why = used(one) or (_spared(one, now) if alone else "")
        if why:
            stays[one.digest] = why
    _spread(stays, owners, read)
    verdicts = [_verdict(one, stays, owners, named, keep) for one in images]
    going = [one.image for one in verdicts if not one.stays]
    return Plan(repository, verdicts, _waves(going, read))


def _spared(one: StoredImage, now: datetime) -> str:
    if one.pushed is None:
        return "its age is unknown"
    return "pushed within the hour" if not one.tags and now - one.pushed < GRACE else ""


def _owner(one: StoredImage, read: Mapping[str, Manifest]) -> str | None:
    """The digest of the image that this one belongs to: by its subject, or by tags that say so."""
    subject = read[one.digest].subject
    if subject:
        return subject
    matches = [_ATTACHED.fullmatch(tag) for tag in one.tags]
    first = matches[0] if matches and all(matches) else None
    return f"{first[1]}:{first[2]}" if first else None


def _spread(stays: dict[str, str], owners: Mapping[str, str | None], read: Mapping[str, Manifest]) -> None:
    """What belongs to something that stays, stays; and what belongs to something that is not listed."""
    for digest, owner in owners.items():
        if owner and owner not in owners:
            stays.setdefault(digest, "what it belongs to is not listed")
    fresh = list(stays)
    while fresh:
        digest = fresh.pop()
        parts = [child for child in read[digest].children if child in owners]
        parts += [one for one, owner in owners.items() if owner == digest]
        for part in parts:
            if part not in stays:
                stays[part] = f"part of {digest[7:19]}"
                fresh.append(part)


def _verdict(
    one: StoredImage,
    stays: Mapping[str, str],
    owners: Mapping[str, str | None],
    named: set[str],
    keep: int,
) -> Verdict:
    if one.digest in stays:
        return Verdict(one, True, stays[one.digest])
    if owners[one.digest] or (one.digest in named and not one.tags):
        return Verdict(one, False, "goes with what it is part of")
    return Verdict(one, False, f"beyond newest {keep}" if one.tags else "has no tag")


def _waves(going: Sequence[StoredImage], read: Mapping[str, Manifest]) -> list[list[StoredImage]]:
    """Each wave names nothing of an earlier one, and nothing in it is named by a later one."""
    waves: list[list[StoredImage]] = []
    left = list(going)
    while left:
        named = {child for one in left for child in read[one.digest].children}
        wave = [one for one in left if one.digest not in named]
        if not wave:
            raise CloudDeployError("the indexes of the repository name each other", fix="delete them by hand")
        waves.append(wave)
        left = [one for one in left if one.digest in named]
    return waves


def _listed(registry: OpenRegistry, repository: str) -> Sequence[StoredImage]:
    """Nothing, where the last image took the repository with it."""
    try:
        return registry.images.list(repository)
    except NotFoundError:
        return ()
