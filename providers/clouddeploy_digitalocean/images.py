"""What the target's DOCR registry holds."""

from __future__ import annotations

from collections.abc import Sequence

from clouddeploy.contract import StoredImage
from clouddeploy.errors import NotFoundError
from clouddeploy_digitalocean.registry import DocrRegistry
from clouddeploy_digitalocean.session import Session


class DocrImages:
    """Deleting a manifest frees nothing: DOCR's garbage collection does, and nobody can push meanwhile."""

    def __init__(self, session: Session, registry: DocrRegistry) -> None:
        self._session = session
        self._registry = registry

    @property
    def afterwards(self) -> str:
        return (
            f"the space of the registry {self._registry.name} is freed by a garbage collection, during "
            "which nobody can push: https://cloud.digitalocean.com/registry, Settings"
        )

    def repositories(self) -> list[str]:
        return sorted(self._session.api.repositories(self._registry.name))

    def list(self, repository: str) -> list[StoredImage]:
        return self._session.api.manifests(self._registry.name, repository)

    def delete(self, repository: str, images: Sequence[StoredImage]) -> None:
        if self._session.target.account:
            self._session.identity()
        for image in images:
            try:
                self._session.api.delete_manifest(self._registry.name, repository, image.digest)
            except NotFoundError:
                continue
