"""ACR: instances, namespaces, repositories and logins, and the registry that Docker talks to."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clouddeploy.emulator.registry import ACR, OciRegistry
from clouddeploy_alibaba.emulator import acr_rules as rules
from clouddeploy_alibaba.emulator.acr_logins import Logins
from clouddeploy_alibaba.emulator.acr_records import InstanceRecord, RepositoryRecord
from clouddeploy_alibaba.emulator.answers import ServiceError, request_id
from clouddeploy_alibaba.emulator.world import World

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Json = dict[str, Any]
Parameters = Mapping[str, str]
AUTH_PATH = "/dockerauth/auth"
_MILLISECONDS = 1000
_LARGEST_PAGE = 100
_NODE = "47.254.0.1"
"""The address of any node: it comes to the instance as everybody else does."""


class Acr:
    """The Enterprise Edition's API. Every instance is served by the same registry on this port."""

    def __init__(self, world: World, directory: Path, host: str) -> None:
        self._world = world
        self._host = host
        self.logins = Logins(
            world.clock,
            realm=f"http://{host}{AUTH_PATH}",
            service=f"registry.aliyuncs.com:{world.region}:26842",
        )
        self.registry = OciRegistry(directory, authorize=self.logins.authorize, profile=ACR)
        self.instances: dict[str, InstanceRecord] = {}
        self.namespaces: dict[str, Json] = {}
        self.repositories: dict[str, RepositoryRecord] = {}
        self.rules: list[Json] = []
        self._actions: dict[str, Callable[[Parameters], Json]] = {
            "ListInstance": self._list_instance,
            "ListInstanceEndpoint": self._list_endpoints,
            "GetNamespace": self._get_namespace,
            "CreateNamespace": self._create_namespace,
            "GetRepository": self._get_repository,
            "CreateRepository": self._create_repository,
            "ListRepository": self._list_repositories,
            "ListRepoTag": self._list_tags,
            "DeleteRepoTag": self._delete_tag,
            "CreateArtifactLifecycleRule": self._create_rule,
            "ListArtifactLifecycleRule": self._list_rules,
            "GetAuthorizationToken": self._login,
        }

    def call(self, action: str, parameters: Parameters) -> Json:
        """The answer, with `IsSuccess` and HTTP 200 also for a refusal."""
        found = self._actions.get(action)
        if found is None:
            raise ServiceError("InvalidAction.NotFound", "Specified api is not found.", 404)
        try:
            with self._world.lock:
                return {"Code": "success", "IsSuccess": True, "RequestId": request_id(), **found(parameters)}
        except ServiceError as error:
            if error.status != 200:
                raise
            return {"Code": error.code, "IsSuccess": False, "RequestId": request_id()}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """The registry protocol and its token server."""
        if str(environ["PATH_INFO"]) != AUTH_PATH:
            if not self.lets_in(str(environ["REMOTE_ADDR"])):
                return _closed(start_response)
            return self.registry(environ, start_response)
        if not environ.get("HTTP_AUTHORIZATION"):
            environ["QUERY_STRING"] = ""  # a token for everybody opens no private repository
        return self.logins(environ, start_response)

    def lets_in(self, address: str) -> bool:
        """Whether some instance does; without one there is only Personal Edition, which has no such list."""
        return not self.instances or any(one.lets_in(address) for one in self.instances.values())

    def pull_problem(self, image: str) -> str | None:
        """Why a node could not pull an image of this registry; None when it can, or for another's."""
        host, _, rest = image.partition("/")
        if host != self._host:
            return None
        if not self.lets_in(_NODE):
            return f'failed to resolve reference "{image}": failed to do request: i/o timeout'
        name, _, digest = rest.partition("@")
        repository, _, tag = name.partition(":")
        if self.registry.find(repository, digest or tag or "latest"):
            return None
        return f'failed to resolve reference "{image}": {image}: not found'

    def _list_instance(self, parameters: Parameters) -> Json:
        found = [
            one for one in self.instances.values() if parameters.get("InstanceName", one.name) == one.name
        ]
        shown = [
            {
                "InstanceId": one.id,
                "InstanceName": one.name,
                "InstanceStatus": one.status,
                "InstanceSpecification": "Enterprise_Basic",
                "RegionId": self._world.region,
            }
            for one in found
        ]
        answer = _page(parameters, "Instances", shown)
        return {**answer, "TotalCount": len(found)}

    def _list_endpoints(self, parameters: Parameters) -> Json:
        instance = self._instance(parameters)
        domains = [{"Domain": self._host, "Type": "SYSTEM"}] if instance.public else []
        public = {
            "EndpointType": "internet",
            "Enable": instance.public,
            "AclEnable": True,
            "Status": "RUNNING",
            "Domains": domains,
            "AclEntries": [{"Entry": one} for one in instance.entries],
            "LinkedVpcs": [],
        }
        return {"Endpoints": [public]}

    def _get_namespace(self, parameters: Parameters) -> Json:
        return dict(self._namespace(parameters, parameters.get("NamespaceName", "")))

    def _create_namespace(self, parameters: Parameters) -> Json:
        instance, name = self._instance(parameters), parameters.get("NamespaceName", "")
        rules.check_namespace(parameters)
        key = f"{instance.id}/{name}"
        if key in self.namespaces:
            raise ServiceError("NAMESPACE_ALREADY_EXIST", "The namespace already exists.", 200)
        if (
            sum(one.startswith(f"{instance.id}/") for one in self.namespaces)
            >= self._world.quotas["acr_namespace"]
        ):
            raise ServiceError("NAMESPACE_LIMIT_EXCEED", "The limit of namespaces is exceeded.", 200)
        self.namespaces[key] = {
            "InstanceId": instance.id,
            "NamespaceId": self._world.new_id("crn-"),
            "NamespaceName": name,
            "NamespaceStatus": "NORMAL",
            "AutoCreateRepo": parameters.get("AutoCreateRepo", "true").lower() == "true",
            "DefaultRepoType": parameters.get("DefaultRepoType", "PRIVATE"),
        }
        return {}

    def _get_repository(self, parameters: Parameters) -> Json:
        instance = self._instance(parameters)
        key = f"{parameters.get('RepoNamespaceName')}/{parameters.get('RepoName')}"
        found = self.repositories.get(f"{instance.id}/{key}")
        if found is None:
            raise ServiceError("REPO_NOT_EXIST", "The repository does not exist.", 200)
        return {
            "InstanceId": instance.id,
            "RepoId": found.id,
            "RepoNamespaceName": found.namespace,
            "RepoName": found.name,
            "RepoType": found.kind,
            "RepoStatus": "NORMAL",
            "RepoBuildType": "MANUAL",
            "Summary": found.summary,
            "TagImmutability": found.immutable,
            "CreateTime": found.created,
            "ModifiedTime": found.created,
        }

    def _create_repository(self, parameters: Parameters) -> Json:
        instance = self._instance(parameters)
        rules.check_repository(parameters)
        namespace, name = parameters["RepoNamespaceName"], parameters["RepoName"]
        self._namespace(parameters, namespace)
        key = f"{instance.id}/{namespace}/{name}"
        if key in self.repositories:
            raise ServiceError("REPO_ALREADY_EXIST", "The repository already exists.", 200)
        immutable = parameters.get("TagImmutability", "false").lower() == "true"
        made = RepositoryRecord(
            self._world.new_id("crr-"),
            namespace,
            name,
            parameters["RepoType"],
            parameters["Summary"],
            immutable,
            int(time.time() * _MILLISECONDS),
        )
        self.registry.create_repository(f"{namespace}/{name}", immutable=immutable)
        self.repositories[key] = made
        return {"RepoId": made.id}

    def _list_repositories(self, parameters: Parameters) -> Json:
        instance, namespace = self._instance(parameters), parameters.get("RepoNamespaceName")
        shown = [
            {"RepoId": one.id, "RepoNamespaceName": one.namespace, "RepoName": one.name, "RepoType": one.kind}
            for key, one in sorted(self.repositories.items())
            if key.startswith(f"{instance.id}/") and namespace in (None, one.namespace)
        ]
        return _page(parameters, "Repositories", shown)

    def _list_tags(self, parameters: Parameters) -> Json:
        """Only what has a tag; digests without their algorithm, times as text."""
        repository = self._repository(parameters)
        shown = [
            {
                "Tag": tag,
                "Digest": one.digest.partition(":")[2],
                "ImageSize": one.size,
                "ImageCreate": str(int(one.pushed_at.timestamp() * _MILLISECONDS)),
                "ImageUpdate": str(int(one.pushed_at.timestamp() * _MILLISECONDS)),
                "Status": "NORMAL",
            }
            for one in self.registry.manifests(f"{repository.namespace}/{repository.name}")
            for tag in one.tags
        ]
        return _page(parameters, "Images", shown)

    def _delete_tag(self, parameters: Parameters) -> Json:
        repository, tag = self._repository(parameters), parameters.get("Tag", "")
        if not tag:
            raise ServiceError("MissingTag", "Tag is mandatory for this action.")
        if ":" in tag or not self.registry.delete(f"{repository.namespace}/{repository.name}", tag):
            raise ServiceError("TAG_NOT_EXIST", "The tag does not exist.", 200)
        return {}

    def _names(self, instance: InstanceRecord) -> list[str]:
        return [one for one in self.repositories if one.startswith(f"{instance.id}/")]

    def _repository(self, parameters: Parameters) -> RepositoryRecord:
        instance = self._instance(parameters)
        if not parameters.get("RepoId"):
            raise ServiceError("MissingRepoId", "RepoId is mandatory for this action.")
        for key, one in self.repositories.items():
            if key.startswith(f"{instance.id}/") and one.id == parameters["RepoId"]:
                return one
        raise ServiceError("REPO_NOT_EXIST", "The repository does not exist.", 200)

    def _create_rule(self, parameters: Parameters) -> Json:
        instance = self._instance(parameters)
        rules.check_rule(parameters, [one.partition("/")[2] for one in self._names(instance)])
        rule = {**parameters, "RuleId": self._world.new_id("cralr-")}
        self.rules.append(rule)
        return {"RuleId": rule["RuleId"]}

    def _list_rules(self, parameters: Parameters) -> Json:
        instance = self._instance(parameters)
        shown = [rules.shown(one) for one in self.rules if one["InstanceId"] == instance.id]
        return {**_page(parameters, "Rules", shown), "TotalCount": len(shown)}

    def _login(self, parameters: Parameters) -> Json:
        self._instance(parameters)
        username, password, expires = self.logins.fresh()
        return {"TempUsername": username, "AuthorizationToken": password, "ExpireTime": expires}

    def _namespace(self, parameters: Parameters, name: str) -> Json:
        found = self.namespaces.get(f"{self._instance(parameters).id}/{name}")
        if found is None:
            raise ServiceError("NAMESPACE_NOT_EXIST", "The namespace does not exist.", 200)
        return found

    def _instance(self, parameters: Parameters) -> InstanceRecord:
        key = parameters.get("InstanceId")
        if not key:
            raise ServiceError("MissingInstanceId", "InstanceId is mandatory for this action.")
        found = self.instances.get(key)
        if found is None:
            raise ServiceError("INSTANCE_NOT_EXIST", "The instance does not exist.", 200)
        return found


def _closed(start_response: StartResponse) -> Iterable[bytes]:
    """Who is not let in waits for a connection that never comes; nobody has to wait for a 403."""
    body = json.dumps({"errors": [{"code": "DENIED", "message": "access from this address is denied"}]})
    start_response(
        "403 Forbidden", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    )
    return [body.encode()]


def _page(parameters: Parameters, key: str, found: list[Json]) -> Json:
    number, size = int(parameters.get("PageNo", 1)), int(parameters.get("PageSize", 30))
    if number < 1 or not 1 <= size <= _LARGEST_PAGE:
        raise ServiceError("PARAMETER_INVALID", "PageNo or PageSize is invalid.", 200)
    shown = found[(number - 1) * size : number * size]
    return {"PageNo": number, "PageSize": size, "TotalCount": str(len(found)), key: shown}
