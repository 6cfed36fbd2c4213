"""What ECR holds. Its registry protocol neither deletes nor tells the push time: its API does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import TYPE_CHECKING

from clouddeploy.contract import StoredImage
from clouddeploy.errors import CloudDeployError
from clouddeploy_aws.errors import translated
from clouddeploy_aws.session import Session

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import ImageDetailTypeDef, ImageFailureTypeDef, ImageIdentifierTypeDef

_BATCH = 100
"""Images in one request (ECR API reference, BatchDeleteImage)."""


class EcrImages:
    """The account's private registry in the target's region."""

    afterwards = ""

    def __init__(self, session: Session) -> None:
        self._session = session

    def repositories(self) -> list[str]:
        with translated("list the repositories"):
            pages = self._session.ecr.get_paginator("describe_repositories").paginate()
            return sorted(one.get("repositoryName", "") for page in pages for one in page["repositories"])

    def list(self, repository: str) -> list[StoredImage]:
        with translated(f"list the images in {repository}"):
            pages = self._session.ecr.get_paginator("describe_images").paginate(repositoryName=repository)
            return [_image(one) for page in pages for one in page["imageDetails"]]

    def delete(self, repository: str, images: Sequence[StoredImage]) -> None:
        self._session.identity()
        for start in range(0, len(images), _BATCH):
            ids: Sequence[ImageIdentifierTypeDef] = [
                {"imageDigest": one.digest} for one in images[start : start + _BATCH]
            ]
            with translated(f"delete images from {repository}"):
                answer = self._session.ecr.batch_delete_image(repositoryName=repository, imageIds=ids)
            failed = [one for one in answer["failures"] if one.get("failureCode") != "ImageNotFound"]
            if failed:
                raise _kept(repository, failed[0], len(failed))


def _image(one: ImageDetailTypeDef) -> StoredImage:
    pushed = one.get("imagePushedAt")
    return StoredImage(
        one.get("imageDigest", ""),
        tuple(sorted(one.get("imageTags") or ())),
        one.get("imageSizeInBytes"),
        pushed.astimezone(UTC) if pushed else None,
    )


def _kept(repository: str, first: ImageFailureTypeDef, count: int) -> CloudDeployError:
    digest = first.get("imageId", {}).get("imageDigest", "an image")
    reason = (first.get("failureReason") or first.get("failureCode") or "no reason given").rstrip(".")
    return CloudDeployError(
        f"ECR did not delete {digest} from {repository}: {reason}"
        + (f" (and {count - 1} more)" if count > 1 else ""),
        fix="run the same command again; what is deleted stays deleted",
        code=first.get("failureCode"),
    )
