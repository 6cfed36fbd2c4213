"""The operations of the Artifact Registry API: repositories, their policies, the images in them."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from clouddeploy.emulator.clock import Clock
from clouddeploy.emulator.registry import OciRegistry
from clouddeploy_gcp.emulator import catalog
from clouddeploy_gcp.emulator.answers import ApiError, Json, Request, invalid
from clouddeploy_gcp.emulator.cleanup import check_cleanup
from clouddeploy_gcp.emulator.iam import Policy
from clouddeploy_gcp.emulator.labels import check_labels
from clouddeploy_gcp.emulator.messages import artifacts, iam, read, write
from clouddeploy_gcp.emulator.outputs import without_outputs
from clouddeploy_gcp.emulator.pages import page

MAKING, REMOVING, DELETING = 4.0, 4.0, 1.0
"""Emulated seconds."""

_ID = re.compile(r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_ROLES = tuple(
    f"roles/artifactregistry.{name}"
    for name in (
        *("admin", "containerRegistryMigrationAdmin", "createOnPushRepoAdmin", "createOnPushWriter"),
        *("editor", "reader", "repoAdmin", "viewer", "writer"),
    )
)
"""Those that may pull. Source: Google's predefined roles of 2026-08, as iann0036/iam-dataset keeps them."""


@dataclass
class Repo:
    """One repository: its message and its IAM policy."""

    message: Any
    policy: Policy = field(default_factory=lambda: Policy(_ROLES))

    def readers(self) -> set[str]:
        """Who may pull: every role that a repository takes allows it."""
        return self.policy.members()


@dataclass
class _Operation:
    name: str
    what: str
    done_at: float
    response: Callable[[], Json]
    finish: Callable[[], object]
    finished: bool = False


class Artifacts:
    """Repositories by location and id; the images are the OCI registry's."""

    def __init__(self, project: str, clock: Clock, registry: OciRegistry, host: Callable[[], str]) -> None:
        self._project = project
        self._clock = clock
        self._registry = registry
        self._host = host
        self._lock = threading.RLock()
        self._operations: dict[str, _Operation] = {}
        self.accounts: set[str] = set()
        self.repositories: dict[tuple[str, str], Repo] = {}

    def locations(self, request: Request) -> Json:
        """GET locations; gcloud asks for them before it lists repositories."""
        names = [*sorted(catalog.REGIONS), *catalog.MULTI_REGIONS]
        path = f"projects/{self._project}/locations"
        shown, more = page([{"name": f"{path}/{name}", "locationId": name} for name in names], request)
        return {"locations": shown, **more}

    def get(self, location: str, name: str, request: Request) -> Json:
        """GET one repository."""
        repo = self.repo(location, name)
        repo.message.size_bytes = self.size(name)
        return write(repo.message, request)

    def repositories_in(self, location: str, request: Request) -> Json:
        """GET repositories."""
        with self._lock:
            self._settle()
            found = [one for key, one in sorted(self.repositories.items()) if location in {"-", key[0]}]
            shown, more = page([write(one.message, request) for one in found], request)
            return {**({"repositories": shown} if shown else {}), **more}

    def create(self, location: str, request: Request) -> Json:
        """POST repositories?repositoryId=…"""
        name = request.one("repositoryId")
        message = without_outputs(read(artifacts("Repository"), request.json(), "repository"))
        if not _ID.fullmatch(name):
            raise ApiError("INVALID_ARGUMENT", f'invalid value "{name}" for field "repository_id".')
        formats = message.DESCRIPTOR.fields_by_name["format_"].enum_type  # `format` is Python's already
        if message.format_ not in set(formats.values_by_number) - {0}:
            raise ApiError("INVALID_ARGUMENT", "Invalid repository format.")
        check_labels(message.labels)
        check_cleanup(message.cleanup_policies)
        path = f"projects/{self._project}/locations/{location}/repositories/{name}"
        with self._lock:
            self._settle()
            if (location, name) in self.repositories or path in self._making():
                raise ApiError("ALREADY_EXISTS", "the repository already exists")
            message.name = path
            message.registry_uri = f"{self._host()}/{self._project}/{name}"
            message.create_time.GetCurrentTime()
            message.update_time.GetCurrentTime()
            message.mode = message.mode or 1
            repo = Repo(message)
            key = (location, name)
            return self._start(
                location, MAKING, lambda: write(message), lambda: self.repositories.update({key: repo}), path
            )

    def delete(self, location: str, name: str, request: Request) -> Json:
        """DELETE a repository with all images."""
        with self._lock:
            self.repo(location, name)
            return self._start(
                location, REMOVING, dict, lambda: self._remove(location, name), f"delete {location}/{name}"
            )

    def policy(self, location: str, name: str, request: Request) -> Json:
        """GET :getIamPolicy."""
        return self.repo(location, name).policy.read(request.one("options.requestedPolicyVersion"))

    def set_policy(self, location: str, name: str, request: Request) -> Json:
        """POST :setIamPolicy."""
        with self._lock:
            mine = self.repo(location, name).policy
            asked = read(iam("SetIamPolicyRequest"), request.json())
            if not asked.HasField("policy"):  # the description says REQUIRED; text UNVERIFIED
                raise invalid("The policy to set is missing.")
            mine.write(write(asked.policy), self.accounts)
            return mine.show()

    def images(self, location: str, name: str, request: Request) -> Json:
        """GET dockerImages."""
        repo = self.repo(location, name)
        found = [
            {
                "name": f"{repo.message.name}/dockerImages/{image.rpartition('/')[2]}@{one.digest}",
                "uri": f"{self._host()}/{image}@{one.digest}",
                "tags": list(one.tags),
                "imageSizeBytes": str(one.size),
                "uploadTime": one.pushed_at.isoformat().replace("+00:00", "Z"),
                "mediaType": one.media_type,
            }
            for image in self._images(name)
            for one in self._registry.manifests(image)
        ]
        shown, more = page(found, request)
        return {**({"dockerImages": shown} if shown else {}), **more}

    def delete_version(self, location: str, name: str, package: str, version: str, request: Request) -> Json:
        """DELETE a version; refused while it is tagged, unless by force, and while an index names it.

        An immutable repository keeps every version that is tagged.
        """
        repo = self.repo(location, name)
        image = f"{self._project}/{name}/{unquote(package)}"
        found = self._registry.find(image, version)
        if found is None or ":" not in version:
            raise ApiError("NOT_FOUND", "Requested entity was not found.")
        if found.tags and request.one("force") != "true":
            raise ApiError("FAILED_PRECONDITION", "the version is tagged; delete its tags or use force")
        if found.tags and repo.message.docker_config.immutable_tags:
            raise ApiError("FAILED_PRECONDITION", "the repository is immutable: tagged images stay")
        if self._registry.parents(image, version):
            text = "Manifest is still referenced by one or more parent images"
            raise ApiError("FAILED_PRECONDITION", f"GOOGLE_MANIFEST_DANGLING_PARENT_IMAGE: {text}")
        with self._lock:
            what = f"delete {image}@{version}"
            return self._start(location, DELETING, dict, lambda: self._registry.delete(image, version), what)

    def operation(self, location: str, name: str, request: Request) -> Json:
        """GET an operation."""
        with self._lock:
            self._settle()
            path = f"projects/{self._project}/locations/{location}/operations/{name}"
            found = self._operations.get(path)
            if found is None:
                raise ApiError("NOT_FOUND", f"operation {path} not found")
            return self._show(found)

    def repo(self, location: str, name: str) -> Repo:
        """The repository; NOT_FOUND for none."""
        with self._lock:
            self._settle()
            found = self.repositories.get((location, name))
            if found is None:
                raise ApiError("NOT_FOUND", "Requested entity was not found.")
            return found

    def anywhere(self, name: str) -> Repo | None:
        """The repository of this name in any location: one port stands for all hosts."""
        with self._lock:
            self._settle()
            return next((one for key, one in self.repositories.items() if key[1] == name), None)

    def size(self, name: str) -> int:
        """Bytes of all images; a layer that several have counts once."""
        return self._registry.stored(self._images(name))

    def _images(self, name: str) -> list[str]:
        prefix = f"{self._project}/{name}/"
        return [one for one in self._registry.repositories() if one.startswith(prefix)]

    def _making(self) -> set[str]:
        return {one.what for one in self._operations.values() if not one.finished}

    def _start(
        self,
        location: str,
        seconds: float,
        response: Callable[[], Json],
        finish: Callable[[], object],
        what: str,
    ) -> Json:
        name = f"projects/{self._project}/locations/{location}/operations/{uuid.uuid4()}"
        operation = _Operation(name, what, self._clock.now() + seconds, response, finish)
        self._operations[name] = operation
        return self._show(operation)

    def _show(self, operation: _Operation) -> Json:
        kind = "type.googleapis.com/google.devtools.artifactregistry.v1.OperationMetadata"
        found: Json = {"name": operation.name, "metadata": {"@type": kind}}
        if not operation.finished:
            return found
        body = operation.response()
        package = "google.devtools.artifactregistry.v1.Repository" if body else "google.protobuf.Empty"
        answer = {"@type": f"type.googleapis.com/{package}", **body}
        return {**found, "done": True, "response": answer}

    def _settle(self) -> None:
        now = self._clock.now()
        for operation in self._operations.values():
            if not operation.finished and operation.done_at <= now:
                operation.finished = True
                operation.finish()

    def _remove(self, location: str, name: str) -> None:
        for image in self._images(name):
            self._registry.delete_repository(image)
        self.repositories.pop((location, name), None)
