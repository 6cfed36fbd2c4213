"""Artifact Registry: one repository for a target's images, and logins."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from clouddeploy.contract import Login, Repository
from clouddeploy.errors import CloudDeployError, ConfigError, NotFoundError, TemporaryError
from clouddeploy_gcp import endpoints, options
from clouddeploy_gcp.errors import EXISTS, translated
from clouddeploy_gcp.session import Session
from clouddeploy_gcp.steps.naming import LABEL

USERNAME = "oauth2accesstoken"
"""Source: Artifact Registry documentation, "Configure authentication to Artifact Registry for Docker"."""

_PATH = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_LONGEST = 200
_PATIENCE, _PAUSE = 60.0, 0.5  # seconds; making a repository takes a few
_UNTAGGED_AGE = f"{14 * 86400}s"


class ArtifactRegistry:
    """`<location>-docker.pkg.dev/<project>/<repository>/…`, known without a request.

    The repository is named after the cluster unless the target's registry says otherwise. Making one
    takes seconds and a push follows at once, so `ensure` alone waits: for a minute at most.
    """

    def __init__(self, session: Session, sleep: Callable[[float], object] = time.sleep) -> None:
        self._session = session
        self._sleep = sleep

    def address(self, repository: str) -> str:
        """Raises ConfigError for a name that the registry would refuse."""
        _checked(repository)
        home = Home(self._session)
        return f"{home.host}/{self._session.project}/{home.repository}/{repository}"

    def ensure(self, repository: str) -> Repository:
        """The target's repository; made, with its clean-up policies, when it is missing."""
        address = self.address(repository)
        home = Home(self._session)
        found = home.find()
        if found is not None:
            return Repository(address, immutable=_immutable(found))
        operation = home.create()
        made = self._wait(home, operation)
        return Repository(address, created=operation is not None, immutable=_immutable(made))

    def _wait(self, home: Home, operation: str | None) -> dict[str, Any]:
        """The repository once it is there: when `operation` is over, or somebody else's shows."""
        left = _PATIENCE
        while True:
            found = home.find() if operation is None or home.finished(operation) else None
            if found is not None:
                return found
            if left <= 0:
                raise TemporaryError(f"the repository {home.repository} is not ready yet", fix="run it again")
            self._sleep(_PAUSE)
            left -= _PAUSE

    def login(self) -> Login:
        """An OAuth access token, valid for an hour at most."""
        token = self._session.token()
        return Login(Home(self._session).host, USERNAME, token.value, token.expires)


class Home:
    """The one repository that a cluster's images are in; `named` when the target says which."""

    def __init__(self, session: Session, cluster: str | None = None) -> None:
        self._session = session
        self._cluster = cluster or session.target.cluster.name
        self.named = session.target.registry.get("repository")
        self.location = session.target.registry.get("location") or session.region
        self.repository = self.named or self._cluster

    @property
    def host(self) -> str:
        """Where docker pushes to."""
        return endpoints.registry_host(self.location)

    @property
    def name(self) -> str:
        """The resource name."""
        return f"{self._session.parent(self.location)}/repositories/{self.repository}"

    def find(self) -> dict[str, Any] | None:
        """The repository; None when there is none. ConfigError for one that holds no images."""
        try:
            with translated(f"look for the repository {self.repository}"):
                found = self._session.sdk.artifacts("get_repository", {"name": self.name})
        except NotFoundError:
            return None
        if found.get("format") != "DOCKER":
            raise ConfigError(
                f"the repository {self.repository} holds {found.get('format', 'something else')}, not images",
                fix="name another one in the target: registry: {repository: …}",
            )
        return found

    def create(self) -> str | None:
        """Start making it; the operation's name, None when somebody else was faster: it may not show yet."""
        request = {
            "parent": self._session.parent(self.location),
            "repository_id": self.repository,
            "repository": _wanted(self._cluster, self._session.target.registry),
        }
        try:
            with translated(f"create the repository {self.repository}"):
                answer = self._session.sdk.artifacts("create_repository", request)
        except CloudDeployError as error:
            if error.code != EXISTS:
                raise
            return None
        return str(answer["name"])

    def finished(self, operation: str) -> bool:
        """Whether an operation is over; raises what it failed with."""
        with translated(f"wait for the repository {self.repository}"):
            answer = self._session.sdk.artifacts("get_operation", {"name": operation})
        failure = answer.get("error")
        if failure:
            raise CloudDeployError(
                f"could not change the repository {self.repository}: {failure.get('message', failure)}",
                fix="put that right and run it again",
                code=str(failure.get("code", "")),
            )
        return bool(answer.get("done"))

    def empty(self) -> bool:
        """Whether it holds no image."""
        with translated(f"list the images in {self.repository}"):
            return self._session.sdk.first_artifact("list_docker_images", {"parent": self.name}) is None

    def delete(self) -> str | None:
        """Start deleting it with all that it holds; the operation's name, None when it is gone."""
        try:
            with translated(f"delete the repository {self.repository}"):
                answer = self._session.sdk.artifacts("delete_repository", {"name": self.name})
        except NotFoundError:
            return None
        return str(answer["name"])


def _wanted(cluster: str, registry: Mapping[str, str]) -> dict[str, Any]:
    """Scanning is off: it is billed by image. Without clean-up, storage grows forever."""
    policies: dict[str, Any] = {
        "untagged": {
            "id": "untagged",
            "action": "DELETE",
            "condition": {"tag_state": "UNTAGGED", "older_than": _UNTAGGED_AGE},
        }
    }
    kept = options.keep(registry)
    if kept:
        policies["old"] = {"id": "old", "action": "DELETE", "condition": {"tag_state": "ANY"}}
        policies["recent"] = {
            "id": "recent",
            "action": "KEEP",
            "most_recent_versions": {"keep_count": kept},
        }
    return {
        "format_": "DOCKER",
        "mode": "STANDARD_REPOSITORY",
        "description": f"images of {cluster}, made by clouddeploy",
        "labels": {LABEL: cluster},
        "docker_config": {"immutable_tags": options.immutable(registry)},
        "cleanup_policies": policies,
        "cleanup_policy_dry_run": False,
        "vulnerability_scanning_config": {"enablement_config": "DISABLED"},
    }


def _immutable(found: Mapping[str, Any]) -> bool:
    return bool(found.get("dockerConfig", {}).get("immutableTags"))


def _checked(name: str) -> str:
    if len(name) <= _LONGEST and _PATH.fullmatch(name):
        return name
    raise ConfigError(
        f"{name!r} is no name for an image",
        fix="use lower-case letters and digits; . _ - only between them, / between the parts",
    )
