"""ACR Enterprise Edition: namespaces, repositories and logins in an instance that exists."""

from __future__ import annotations

import itertools
import re
from contextlib import suppress
from datetime import UTC, datetime
from functools import cached_property

from clouddeploy.contract import Login, Repository, Secret
from clouddeploy.errors import CloudDeployError, ConfigError, CredentialsError, NotFoundError
from clouddeploy_alibaba.instances import Instances
from clouddeploy_alibaba.sdk import Json, endpoint_of
from clouddeploy_alibaba.session import Session

_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME = re.compile(rf"(?:{_PART}/)*{_PART}")
_NAMESPACE, _REPOSITORY = (2, 120), (2, 64)
"""Lengths that ACR takes. Source: ACR API reference, CreateNamespace and CreateRepository."""
_SUMMARY = "made by clouddeploy"
_PAGE = 100
"""The most rules that ACR lists at once."""


class AcrRegistry:
    """One instance's registry.

    The host is `<instance>-registry.<region>.cr.aliyuncs.com`, known without a request when the target
    names the instance by its name, or the `host` itself; else the instance is asked.
    """

    def __init__(self, session: Session, instances: Instances) -> None:
        self._session = session
        self._instances = instances

    def address(self, repository: str) -> str:
        """Raises ConfigError for a name that ACR would refuse."""
        return f"{self._host}/{'/'.join(split(self._session, repository))}"

    def ensure(self, repository: str) -> Repository:
        """The repository, private; it and its namespace are made when they are missing.

        Raises CredentialsError for the wrong account before anything is written.
        """
        namespace, name = split(self._session, repository)
        self._session.identity()
        if not self._found("get_namespace", f"the namespace {namespace}", NamespaceName=namespace):
            self._create_namespace(namespace)
        there = {"RepoNamespaceName": namespace, "RepoName": name}
        found = self._found("get_repository", f"the repository {repository}", **there)
        if not found and self._create_repository(namespace, name):
            self._keep(namespace, name)
            return Repository(self.address(repository), created=True, immutable=self._immutable)
        found = found or self._found("get_repository", f"the repository {repository}", **there) or {}
        if found.get("Summary") == _SUMMARY and self._lacks_rule(namespace, name):
            self._keep(namespace, name)
        return Repository(self.address(repository), immutable=bool(found.get("TagImmutability")))

    def login(self) -> Login:
        """A login for one hour, or for as long as the credentials last, if that is less.

        Source: ACR API reference, GetAuthorizationToken.
        """
        answer = self._session.sdk.acr(
            "log in to ACR", "get_authorization_token", InstanceId=self._instances.chosen().id
        )
        token = str(answer.get("AuthorizationToken") or "")
        if not token:
            raise CloudDeployError("could not log in to ACR: the answer holds no token", fix="run it again")
        expires = answer.get("ExpireTime")
        return Login(
            self._host,
            str(answer.get("TempUsername", "")),
            Secret(token),
            datetime.fromtimestamp(int(expires) / 1000, UTC) if expires else None,
        )

    @cached_property
    def _host(self) -> str:
        settings = self._session.target.registry
        instance = settings.get("instance", "")
        if settings.get("host"):
            return settings["host"]
        if endpoint_of("CR") or not instance or instance.startswith("cri-"):
            return self._instances.domain()
        return f"{instance}-registry.{self._session.region}.cr.aliyuncs.com"

    @property
    def _immutable(self) -> bool:
        return _switch(self._session.target.registry.get("immutable", "false"))

    def _found(self, operation: str, what: str, **names: str) -> Json | None:
        try:
            return self._session.sdk.acr(
                f"look for {what}", operation, InstanceId=self._instances.chosen().id, **names
            )
        except NotFoundError:
            return None

    def _create_namespace(self, name: str) -> None:
        self._created(
            f"create the namespace {name}",
            "create_namespace",
            NamespaceName=name,
            AutoCreateRepo=False,
            DefaultRepoType="PRIVATE",
        )

    def _create_repository(self, namespace: str, name: str) -> bool:
        """True when this call made it; somebody else being faster is a success too."""
        return self._created(
            f"create the repository {namespace}/{name}",
            "create_repository",
            RepoNamespaceName=namespace,
            RepoName=name,
            RepoType="PRIVATE",
            Summary=_SUMMARY,
            TagImmutability=self._immutable,
        )

    def _lacks_rule(self, namespace: str, name: str) -> bool:
        """Whether a run that made the repository ended before its clean-up was set.

        Who may not list the rules, which pushing does not need, is asked nothing more.
        """
        if "keep" not in self._session.target.registry:
            return False
        doing, instance = f"look for the clean-up of {namespace}/{name}", self._instances.chosen().id
        with suppress(CredentialsError):
            for page in itertools.count(1):
                answer = self._session.sdk.acr(
                    doing, "list_artifact_lifecycle_rule", InstanceId=instance, PageNo=page, PageSize=_PAGE
                )
                rules = answer.get("Rules") or ()
                if any((one.get("NamespaceName"), one.get("RepoName")) == (namespace, name) for one in rules):
                    return False
                if len(rules) < _PAGE:
                    return True
        return False

    def _keep(self, namespace: str, name: str) -> None:
        """Only the newest `keep` tags, if that is wished, looked after once a week."""
        keep = self._session.target.registry.get("keep")
        if keep is None:
            return
        self._created(
            f"set the clean-up of the repository {namespace}/{name}",
            "create_artifact_lifecycle_rule",
            Scope="REPO",
            NamespaceName=namespace,
            RepoName=name,
            RetentionTagCount=_count(keep),
            Auto=True,
            ScheduleTime="WEEK",
        )

    def _created(self, doing: str, operation: str, **parameters: object) -> bool:
        try:
            self._session.sdk.acr(doing, operation, InstanceId=self._instances.chosen().id, **parameters)
        except CloudDeployError as error:
            if "ALREADY_EXIST" in str(error.code) or "AlreadyExist" in str(error.code):
                return False
            raise
        return True


def split(session: Session, repository: str) -> tuple[str, str]:
    """Namespace and name: the target's namespace, else the first part of the repository's name."""
    if not _NAME.fullmatch(repository):
        raise _refused(repository)
    namespace = session.target.registry.get("namespace", "")
    name = repository
    if not namespace:
        namespace, _, name = repository.partition("/")
    if not name:
        raise ConfigError(
            f"{repository!r} needs a namespace in ACR",
            fix=f"set registry: {{namespace: …}} in the target {session.target.name}",
        )
    if not re.fullmatch(_PART, namespace) or not _fits(namespace, _NAMESPACE) or not _fits(name, _REPOSITORY):
        raise _refused(f"{namespace}/{name}")
    return namespace, name


def check_options(registry: dict[str, str]) -> None:
    """ConfigError for values that would be refused later."""
    _switch(registry.get("immutable", "false"))
    if "keep" in registry:
        _count(registry["keep"])


def _refused(name: str) -> ConfigError:
    return ConfigError(
        f"{name!r} is no ACR repository name",
        fix="use a namespace and a name, 2 to 64 lower-case letters and digits each; . _ - only between them",
    )


def _fits(text: str, lengths: tuple[int, int]) -> bool:
    return lengths[0] <= len(text) <= lengths[1]


def _switch(value: str) -> bool:
    if str(value).lower() in {"true", "yes", "on"}:
        return True
    if str(value).lower() in {"false", "no", "off"}:
        return False
    raise ConfigError(f"registry: immutable is {value!r}", fix="write true or false")


def _count(value: str) -> int:
    if str(value).isdecimal() and 1 <= int(value) <= 10_000:
        return int(value)
    raise ConfigError(f"registry: keep is {value!r}", fix="write how many tags stay, 1 to 10000")
