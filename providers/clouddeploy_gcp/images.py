"""What the target's Artifact Registry repository holds: its packages and their versions."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from clouddeploy.contract import StoredImage
from clouddeploy.errors import NotFoundError, TemporaryError
from clouddeploy_gcp.errors import translated
from clouddeploy_gcp.registry import Home
from clouddeploy_gcp.session import Session

_PATIENCE, _PAUSE = 60.0, 0.5  # seconds; deleting a version takes one or two


class ArtifactImages:
    """Deleting is an operation that takes a moment, and what comes next may need it done: `delete` waits."""

    afterwards = ""

    def __init__(self, session: Session, sleep: Callable[[float], object] = time.sleep) -> None:
        self._session = session
        self._sleep = sleep

    def repositories(self) -> list[str]:
        return sorted({name for name, _ in self._all()})

    def list(self, repository: str) -> list[StoredImage]:
        found = [image for name, image in self._all() if name == repository]
        if not found:
            raise NotFoundError(
                f"there is no image {repository} in the repository {Home(self._session).repository}",
                fix="clouddeploy images ls --all",
            )
        return found

    def delete(self, repository: str, images: Sequence[StoredImage]) -> None:
        home = Home(self._session)
        package = f"{home.name}/packages/{quote(repository, safe='')}"
        started = [self._start(package, repository, image.digest) for image in images]
        left = _PATIENCE
        for operation in filter(None, started):
            while not home.finished(operation):
                if left <= 0:
                    raise TemporaryError(
                        f"Artifact Registry is still deleting from {repository}", fix="run it again"
                    )
                self._sleep(_PAUSE)
                left -= _PAUSE

    def _start(self, package: str, repository: str, digest: str) -> str | None:
        """The operation's name; None when the version is gone already.

        A version that is tagged, or that an index names, is refused without `force`, or at all.
        """
        request = {"name": f"{package}/versions/{digest}", "force": True}
        try:
            with translated(f"delete {digest} from {repository}"):
                return str(self._session.sdk.artifacts("delete_version", request)["name"])
        except NotFoundError:
            return None

    def _all(self) -> Sequence[tuple[str, StoredImage]]:
        home = Home(self._session)
        with translated(f"list the images in {home.repository}"):
            found = self._session.sdk.all_artifacts("list_docker_images", {"parent": home.name})
        return [_image(one) for one in found]


def _image(one: dict[str, Any]) -> tuple[str, StoredImage]:
    """Name and image of `host/project/repository/name@digest`."""
    address, _, digest = str(one.get("uri", "")).partition("@")
    size, pushed = one.get("imageSizeBytes"), one.get("uploadTime")
    return address.split("/", 3)[-1], StoredImage(
        digest,
        tuple(sorted(one.get("tags") or ())),
        int(size) if size else None,
        datetime.fromisoformat(pushed) if pushed else None,
    )
