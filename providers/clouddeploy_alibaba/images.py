"""What an ACR Enterprise Edition instance holds: ACR lists and deletes tags, and nothing without one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from clouddeploy.contract import StoredImage
from clouddeploy.errors import CloudDeployError, NotFoundError
from clouddeploy_alibaba.instances import Instances
from clouddeploy_alibaba.registry import split
from clouddeploy_alibaba.session import Session

_PAGE = 100  # the most that ACR takes
_MILLISECONDS = 1000


class AcrImages:
    """The target's namespace, or every namespace of its instance where the target names none."""

    afterwards = ""

    def __init__(self, session: Session, instances: Instances) -> None:
        self._session = session
        self._instances = instances

    def repositories(self) -> list[str]:
        namespace = self._session.target.registry.get("namespace", "")
        where = {"RepoNamespaceName": namespace} if namespace else {}
        found = self._pages("list the repositories", "list_repository", "Repositories", **where)
        names = [(str(one.get("RepoNamespaceName", "")), str(one.get("RepoName", ""))) for one in found]
        return sorted(name if namespace else f"{space}/{name}" for space, name in names)

    def list(self, repository: str) -> list[StoredImage]:
        doing = f"list the images in {repository}"
        tags = self._pages(doing, "list_repo_tag", "Images", RepoId=self._id(repository))
        by_digest: dict[str, list[dict[str, Any]]] = {}
        for one in tags:
            by_digest.setdefault(_digest(str(one.get("Digest", ""))), []).append(one)
        return [_image(digest, ones) for digest, ones in by_digest.items()]

    def delete(self, repository: str, images: Sequence[StoredImage]) -> None:
        self._session.identity()
        repo = self._id(repository)
        for tag in (tag for image in images for tag in image.tags):
            try:
                self._ask(f"delete {repository}:{tag}", "delete_repo_tag", RepoId=repo, Tag=tag)
            except CloudDeployError as error:
                if "NOT_EXIST" not in str(error.code):
                    raise

    def _id(self, repository: str) -> str:
        namespace, name = split(self._session, repository)
        names = {"RepoNamespaceName": namespace, "RepoName": name}
        found = self._ask(f"look for the repository {repository}", "get_repository", **names)
        if not found.get("RepoId"):
            raise NotFoundError(f"there is no repository {repository}", fix="clouddeploy images ls --all")
        return str(found["RepoId"])

    def _pages(self, doing: str, operation: str, key: str, **parameters: str) -> Sequence[dict[str, Any]]:
        found: Sequence[dict[str, Any]] = ()
        while True:
            page = len(found) // _PAGE + 1
            answer = self._ask(doing, operation, PageNo=page, PageSize=_PAGE, **parameters)
            more = answer.get(key) or []
            found = [*found, *more]
            if not more or len(found) >= int(answer.get("TotalCount") or 0):
                return found

    def _ask(self, doing: str, operation: str, **parameters: object) -> dict[str, Any]:
        chosen = self._instances.chosen().id
        return self._session.sdk.acr(doing, operation, InstanceId=chosen, **parameters)


def _digest(text: str) -> str:
    """ACR writes a digest without its algorithm (ACR API reference, ListRepoTag)."""
    return text if ":" in text else f"sha256:{text}"


def _image(digest: str, tags: Sequence[dict[str, Any]]) -> StoredImage:
    pushed = max(int(one.get("ImageUpdate") or one.get("ImageCreate") or 0) for one in tags)
    size = tags[0].get("ImageSize")
    return StoredImage(
        digest,
        tuple(sorted(str(one.get("Tag", "")) for one in tags)),
        int(size) if size else None,
        datetime.fromtimestamp(pushed / _MILLISECONDS, UTC) if pushed else None,
    )
