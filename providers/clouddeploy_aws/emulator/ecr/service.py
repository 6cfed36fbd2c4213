"""The ECR operations."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from werkzeug.test import Client

from clouddeploy.emulator.registry import ManifestRecord
from clouddeploy_aws.emulator.answers import ServiceError
from clouddeploy_aws.emulator.ecr.data_plane import USERNAME, EcrDataPlane
from clouddeploy_aws.emulator.ecr.lifecycle import check_policy
from clouddeploy_aws.emulator.ecr.paging import page
from clouddeploy_aws.emulator.ecr.repository import Repository
from clouddeploy_aws.emulator.models import Caller
from clouddeploy_aws.partitions import partition

_DIGEST = re.compile(r"[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+")
_EMPTY = "sha256:0"
"""Stands for a digest that is not given."""


class Ecr:
    """Repositories by name; `host` is where the registry answers."""

    def __init__(self, data: EcrDataPlane, host: str) -> None:
        self._data = data
        self._host = host
        self._repositories: dict[str, Repository] = {}

    def create_repository(self, request: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        name = request["repositoryName"]
        if name in self._repositories:
            text = (
                f"The repository with name '{name}' already exists in the registry with id '{caller.account}'"
            )
            raise ServiceError("RepositoryAlreadyExistsException", text)
        record = Repository(
            name=name,
            arn=f"arn:{partition(caller.region).name}:ecr:{caller.region}:{caller.account}:repository/{name}",
            uri=f"{self._host}/{name}",
            account=caller.account,
            scan_on_push=bool(request.get("imageScanningConfiguration", {}).get("scanOnPush")),
        )
        record.set_mutability(request)
        record.add_tags(request.get("tags", []))
        self._data.registry.create_repository(name)
        self._data.freezes[name] = record.freezes
        self._repositories[name] = record
        return {"repository": record.describe()}

    def describe_repositories(self, request: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        names, token = page(request.get("repositoryNames") or sorted(self._repositories), request)
        found = [self._get(name, caller).describe() for name in names]
        return {"repositories": found, "nextToken": token}

    def delete_repository(self, request: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        record = self._get(request["repositoryName"], caller)
        if self._data.registry.manifests(record.name) and not request.get("force"):
            text = (
                f"The repository with name '{record.name}' in registry with id '{caller.account}' cannot be "
                "deleted because it still contains images"
            )
            raise ServiceError("RepositoryNotEmptyException", text)
        self._data.registry.delete_repository(record.name)
        del self._data.freezes[record.name]
        del self._repositories[record.name]
        return {"repository": record.describe()}

    def get_authorization_token(self, request: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        password, expires = self._data.passwords.make(owner=caller.access_key)
        token = base64.b64encode(f"{USERNAME}:{password}".encode()).decode()
        endpoint = f"http://{self._host}"
        data = {"authorizationToken": token, "expiresAt": expires, "proxyEndpoint": endpoint}
        return {"authorizationData": [data]}

    def put_lifecycle_policy(self, request: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        record = self._get(request["repositoryName"], caller)
        check_policy(request["lifecyclePolicyText"])
        record.lifecycle = request["lifecyclePolicyText"]
        return self.get_lifecycle_policy(request, caller)

    def get_lifecycle_policy(self, request: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        record = self._get(request["repositoryName"], caller)
        if record.lifecycle is None:
            text = f"Lifecycle policy does not exist for the repository with name '{record.name}'"
            raise ServiceError("LifecyclePolicyNotFoundException", text)
        return {
            "registryId": caller.account,
            "repositoryName": record.name,
            "lifecyclePolicyText": record.lifecycle,
        }

    def put_image_tag_mutability(self, request: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        record = self._get(request["repositoryName"], caller)
        record.set_mutability(request)
        return {
            "registryId": caller.account,
            "repositoryName": record.name,
            **record.describe_mutability(),
        }

    def put_image_scanning_configuration(self, request: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        record = self._get(request["repositoryName"], caller)
        record.scan_on_push = bool(request["imageScanningConfiguration"].get("scanOnPush"))
        return {
            "registryId": caller.account,
            "repositoryName": record.name,
            "imageScanningConfiguration": {"scanOnPush": record.scan_on_push},
        }

    def list_images(self, request: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        found = self._manifests(request, caller)
        ids = [{"imageDigest": one.digest, "imageTag": tag} for one in found for tag in one.tags or (None,)]
        some, token = page(ids, request)
        return {"imageIds": list(some), "nextToken": token}

    def describe_images(self, request: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        found = self._manifests(request, caller)
        if request.get("imageIds"):
            found = [self._image(request["repositoryName"], one, caller) for one in request["imageIds"]]
        found, token = page(found, request)
        details = [
            {
                "registryId": caller.account,
                "repositoryName": request["repositoryName"],
                "imageDigest": one.digest,
                "imageTags": list(one.tags) or None,
                "imageSizeInBytes": self._size(request["repositoryName"], one.digest),
                "imagePushedAt": one.pushed_at,
                "imageManifestMediaType": one.media_type,
            }
            for one in found
        ]
        return {"imageDetails": details, "nextToken": token}

    def batch_get_image(self, request: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        name = self._get(request["repositoryName"], caller).name
        images: list[dict[str, Any]] = []
        failures: list[dict[str, Any]] = []
        for wanted in request["imageIds"]:
            one = self._data.registry.find(name, _reference(wanted))
            if one is None:
                failures.append(_not_found(wanted))
                continue
            images.append(
                {
                    "registryId": caller.account,
                    "repositoryName": name,
                    "imageId": {"imageDigest": one.digest, **wanted},
                    "imageManifest": self._body(name, one.digest).decode(),
                    "imageManifestMediaType": one.media_type,
                }
            )
        return {"images": images, "failures": failures}

    def batch_delete_image(self, request: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        name = self._get(request["repositoryName"], caller).name
        deleted: list[Mapping[str, str]] = []
        failures: list[dict[str, Any]] = []
        for wanted in request["imageIds"]:
            failure = self._undeletable(name, wanted)
            if failure:
                failures.append(failure)
            else:
                self._data.registry.delete(name, _reference(wanted))
                deleted.append(wanted)
        return {"imageIds": deleted, "failures": failures}

    def _undeletable(self, name: str, wanted: Mapping[str, str]) -> dict[str, Any] | None:
        """Why ECR keeps an image: it is not there, or an index names it (API reference, ImageFailure)."""
        found = self._data.registry.find(name, _reference(wanted))
        if found is None:
            return _not_found(wanted)
        indexes = self._data.registry.parents(name, found.digest)
        if not indexes or ("imageTag" in wanted and len(found.tags) > 1):
            return None
        reason = f"Requested image referenced by manifest list: [{', '.join(indexes)}]"
        return {
            "imageId": wanted,
            "failureCode": "ImageReferencedByManifestList",
            "failureReason": reason,
        }

    def list_tags_for_resource(self, request: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        return {"tags": self._by_arn(request["resourceArn"], caller).tags}

    def tag_resource(self, request: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        self._by_arn(request["resourceArn"], caller).add_tags(request["tags"])
        return {}

    def pull_problem(self, image: str) -> str | None:
        """Why a node could not pull an image of this registry; None when it can, or for another's."""
        host, _, rest = image.partition("/")
        if host != self._host:
            return None
        name, _, digest = rest.partition("@")
        repository, _, tag = name.partition(":")
        if self._data.registry.find(repository, digest or tag or "latest"):
            return None
        return f'failed to resolve reference "{image}": {image}: not found'

    def _get(self, name: str, caller: Caller) -> Repository:
        if name not in self._repositories:
            text = (
                f"The repository with name '{name}' does not exist in the registry with id '{caller.account}'"
            )
            raise ServiceError("RepositoryNotFoundException", text)
        return self._repositories[name]

    def _by_arn(self, arn: str, caller: Caller) -> Repository:
        head, found, name = arn.partition(":repository/")
        if not found or ":ecr:" not in head:
            text = "Invalid parameter at 'resourceArn' failed to satisfy constraint: 'Invalid ARN'"
            raise ServiceError("InvalidParameterException", text)
        return self._get(name, caller)

    def _manifests(self, request: Mapping[str, Any], caller: Caller) -> Sequence[ManifestRecord]:
        """The images, of one tag status where the request wants that."""
        found = self._data.registry.manifests(self._get(request["repositoryName"], caller).name)
        status = request.get("filter", {}).get("tagStatus", "ANY")
        return [one for one in found if status == "ANY" or (status == "TAGGED") == bool(one.tags)]

    def _image(self, name: str, wanted: Mapping[str, str], caller: Caller) -> ManifestRecord:
        found = self._data.registry.find(name, _reference(wanted))
        if found is None:
            text = (
                f"The image with imageId {json.dumps(wanted)} does not exist within the repository with name "
                f"'{name}' in the registry with id '{caller.account}'"
            )
            raise ServiceError("ImageNotFoundException", text)
        return found

    def _size(self, name: str, digest: str) -> int:
        """The layers and the configuration, compressed; of a manifest list, its largest image."""
        document = json.loads(self._body(name, digest))
        children = [self._size(name, one["digest"]) for one in document.get("manifests", [])]
        parts = [document.get("config", {}), *document.get("layers", [])]
        return max(children, default=sum(part.get("size", 0) for part in parts))

    def _body(self, name: str, digest: str) -> bytes:
        password, _ = self._data.passwords.make()
        answer = Client(self._data).get(f"/v2/{name}/manifests/{digest}", auth=(USERNAME, password))
        return bytes(answer.data)


def _reference(wanted: Mapping[str, str]) -> str:
    return wanted.get("imageTag") or wanted.get("imageDigest") or ""


def _not_found(wanted: Mapping[str, str]) -> dict[str, Any]:
    """ECR API reference, ImageFailure. UNVERIFIED: the texts about what names no image."""
    if not wanted:
        reason = "Invalid request parameters: both tag and digest cannot be null"
        return {"imageId": wanted, "failureCode": "MissingDigestAndTag", "failureReason": reason}
    if not _DIGEST.fullmatch(wanted.get("imageDigest") or _EMPTY):
        reason = f"Invalid request parameters: image digest should satisfy the regex '{_DIGEST.pattern}'"
        return {"imageId": wanted, "failureCode": "InvalidImageDigest", "failureReason": reason}
    return {"imageId": wanted, "failureCode": "ImageNotFound", "failureReason": "Requested image not found"}
