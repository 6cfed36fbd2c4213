"""One cluster's API, plain dictionaries in and out.

lightkube's generic resources serve for every kind: objects come from templates, and its typed
models would silently drop the fields that they do not know.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import cache
from types import TracebackType
from typing import Any, Self, cast

import httpx2
from lightkube.config.kubeconfig import SingleConfig
from lightkube.config.models import Cluster, Context, User
from lightkube.core.client import Client
from lightkube.generic_resource import GenericGlobalResource, GenericNamespacedResource, create_api_info
from lightkube.types import CascadeType

from clouddeploy.errors import CloudDeployError, NotFoundError
from clouddeploy.kube.clock import Clock
from clouddeploy.kube.kinds import POD, Kind, kind_of
from clouddeploy.kube.transport import ONCE, ApiTransport, check_server
from clouddeploy.manifests.labels import MANAGER
from clouddeploy.seam.cluster import KubeAccess

Object = dict[str, Any]

_TIMEOUT = httpx2.Timeout(30.0, connect=5.0)
_METADATA_ONLY = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json"


def connect(access: KubeAccess, *, clock: Clock = time) -> Kube:
    """The cluster behind `access`; asks for a credential but sends nothing yet.

    Raises CredentialsError for a server that credentials must not be sent to.
    """
    return Kube(check_server(access.server), ApiTransport(access, clock))


class Kube:
    """Reads, applies and deletes objects. Raises only clouddeploy's errors; safe to use from threads."""

    def __init__(self, server: str, transport: ApiTransport) -> None:
        self.server = server
        # Who is trusted is the transport's matter; `insecure` only spares lightkube a second look.
        cluster = Cluster(server=server, insecure=True)
        config = SingleConfig("clouddeploy", Context(cluster="clouddeploy"), cluster, User())
        self._client = Client(
            config, timeout=_TIMEOUT, field_manager=MANAGER, trust_env=False, transport=transport
        )
        self._http = httpx2.Client(base_url=server, timeout=_TIMEOUT, trust_env=False, transport=transport)

    def get(self, kind: Kind, name: str, namespace: str | None = None) -> Object | None:
        """One object, None when there is none."""
        try:
            return dict(self._client.get(_resource(kind), name, **_place(kind, namespace)))
        except NotFoundError:
            return None

    def list(self, kind: Kind, namespace: str, labels: Mapping[str, str] | None = None) -> list[Object]:
        """The objects of a kind in a namespace, none for a namespace or kind that is not there."""
        try:
            found = self._client.list(
                _resource(kind), labels=dict(labels) if labels else None, **_place(kind, namespace)
            )
            return [dict(each) for each in found]
        except NotFoundError:
            return []

    def everywhere(self, kind: Kind) -> Sequence[Object]:
        """The objects of a kind in all namespaces; NotFoundError for a kind that is not there."""
        return [dict(each) for each in self._client.list(_resource(kind), namespace="*")]

    def apply(self, value: Object, *, dry_run: bool = False) -> Object:
        """Server-side apply, never by force: what the object is now, or would be after a dry run."""
        resource = _resource(kind_of(value["kind"]))
        return dict(self._client.apply(resource(value), field_manager=MANAGER, dry_run=dry_run))

    def delete(self, kind: Kind, name: str, namespace: str | None = None) -> bool:
        """Start deleting an object, and then what it owns; False when it is not there."""
        try:
            self._client.delete(
                _resource(kind), name, cascade=CascadeType.BACKGROUND, **_place(kind, namespace)
            )
        except NotFoundError:
            return False
        return True

    def log(self, pod: Object, container: str, *, lines: int, previous: bool = False) -> Sequence[str]:
        """The last lines that a container wrote; none when it never ran or its node does not answer."""
        metadata = pod["metadata"]
        path = f"/api/v1/namespaces/{metadata['namespace']}/{POD.plural}/{metadata['name']}/log"
        asked: dict[str, str | int] = {
            "container": container,
            "tailLines": lines,
            "previous": str(previous).lower(),
        }
        try:
            answer = self._http.get(path, params=asked, extensions={ONCE: True})
            return answer.text.splitlines()[-lines:]
        except CloudDeployError:
            return []

    def metadata(self, path: str) -> Object:
        """A list's or a discovery document's JSON, of objects no more than their metadata."""
        return cast(Object, self._http.get(path, headers={"Accept": _METADATA_ONLY}).json())

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


@cache
def _resource(kind: Kind) -> Any:
    """lightkube's class for a kind; not registered, so that its own registry stays as it is."""
    group, _, version = kind.version.rpartition("/")
    base = GenericNamespacedResource if kind.namespaced else GenericGlobalResource
    return type(kind.name, (base,), {"_api_info": create_api_info(group, version, kind.name, kind.plural)})


def _place(kind: Kind, namespace: str | None) -> dict[str, Any]:
    return {"namespace": namespace} if kind.namespaced else {}
