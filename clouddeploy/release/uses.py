"""Which images the targets' clusters still name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from clouddeploy.app.model import Target
from clouddeploy.errors import CloudDeployError, ConfigError, NotFoundError
from clouddeploy.kube.use import Use
from clouddeploy.oci.reference import Reference
from clouddeploy.release.targets import connected
from clouddeploy.seam.provider import Provider
from clouddeploy.seam.registry import StoredImage


@dataclass(frozen=True)
class Uses:
    """What the clusters name, by target; `unknown` says why it could not be found out, by target."""

    found: Mapping[str, Sequence[Use]] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)

    def of(self, address: str, image: StoredImage) -> list[tuple[str, Use]]:
        """The target and the object of each use of an image in the repository `address`.

        A digest counts wherever it was pulled from: mirrors have other names.
        """
        return [
            (name, use) for name, uses in self.found.items() for use in uses if _names(use, address, image)
        ]


def find_uses(targets: Sequence[Target]) -> Uses:
    """Ask every target's cluster. Where there is no cluster nothing is used."""
    found: dict[str, Sequence[Use]] = {}
    unknown: dict[str, str] = {}
    for target in targets:
        name = target.settings.name
        try:
            found[name] = _uses(target)
        except CloudDeployError as error:
            unknown[name] = error.message
    return Uses(found, unknown)


def _uses(target: Target) -> Sequence[Use]:
    from clouddeploy.kube.client import connect
    from clouddeploy.kube.images import used_images
    from clouddeploy.release.deploy import access

    provider = connected(target)
    try:
        found = access(target, provider)
    except NotFoundError:
        if _knows_all(provider):
            return ()
        raise
    with connect(found) as kube:
        return used_images(kube)


def _knows_all(provider: Provider) -> bool:
    """A cloud that makes clusters can say that there is none; a kubeconfig only that it has no context."""
    return provider.provisioner is not None


def _names(use: Use, address: str, image: StoredImage) -> bool:
    try:
        named = Reference.parse(use.image)
    except ConfigError:
        return False
    if named.digest:
        return named.digest == image.digest
    return f"{named.host}/{named.repository}" == address and named.tag in image.tags
