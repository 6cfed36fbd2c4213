"""Letting the cluster pull private images: ACK's own add-on renews short-lived pull secrets.

Source: ACR documentation, "Use the passwordless component to pull images from an ACR Enterprise
Edition instance"; the managed one needs Kubernetes 1.22 or later.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from clouddeploy.contract import State, Status
from clouddeploy.errors import (
    CloudDeployError,
    CredentialsError,
    NotFoundError,
    PreconditionError,
    TemporaryError,
)
from clouddeploy_alibaba.instances import Instances
from clouddeploy_alibaba.records import AckCluster
from clouddeploy_alibaba.session import Session
from clouddeploy_alibaba.steps.control_plane import check_unprotected, find_ours
from clouddeploy_alibaba.steps.naming import ABSENT, incomplete
from clouddeploy_alibaba.steps.node_pool import waiting_for

ADDON = "managed-aliyun-acr-credential-helper"
_LEAVING = {"deleting", "uninstalling"}
_BUSY = {"installing", "updating", "upgrading", "initial", *_LEAVING}

Find = Callable[[Session, str], AckCluster | None]
"""Looks for a cluster by name."""


class PullsStep:
    """The add-on, told of our registry instance beside those that it knows.

    `find` says whose cluster may be meant: our own, unless the step is to serve any.
    """

    title = "private image pulls (ACR credential helper)"

    def __init__(self, session: Session, name: str, instances: Instances, find: Find = find_ours) -> None:
        self._session = session
        self._name = name
        self._instances = instances
        self._find = find

    def state(self) -> State:
        cluster = self._find(self._session, self._name)
        waits = waiting_for(cluster)
        if cluster is None or waits:
            return waits or ABSENT
        addon = self._addon(cluster)
        if addon is None:
            return ABSENT
        state = str(addon.get("state", ""))
        if state in _BUSY:
            return State(Status.PENDING, state)
        if self._instances.chosen().id not in str(addon.get("config", "")):
            return incomplete("it does not know the registry instance")
        return State(Status.READY, state)

    def create(self) -> None:
        cluster = self._find(self._session, self._name)
        if cluster is None or not cluster.usable:
            raise TemporaryError(f"the ACK cluster {self._name} is not there yet", fix="run it again")
        addon = self._addon(cluster)
        if addon:
            self._tell(cluster, self._config(str(addon.get("config") or "")))
        else:
            self._install(cluster, self._config(""))

    def _tell(self, cluster: AckCluster, config: str) -> None:
        doing, body = f"let {self._name} pull private images", {"config": config}
        with _or_by_hand(f"/clusters/{cluster.id}/components/{ADDON}/config", body):
            self._session.sdk.ack(doing, "modify_cluster_addon", cluster.id, ADDON, body=body)

    def _install(self, cluster: AckCluster, config: str) -> None:
        doing = f"let {self._name} pull private images"
        addon = {"name": ADDON, "version": self._version(cluster), "config": config}
        try:
            with _or_by_hand(f"/clusters/{cluster.id}/components/install", [addon]):
                self._session.sdk.ack(doing, "install_cluster_addons", cluster.id, body={"body": [addon]})
        except CloudDeployError as error:
            if "AlreadyInstall" not in str(error.code):
                raise

    def delete(self) -> None:
        cluster = self._find(self._session, self._name)
        if cluster is None or not cluster.usable:
            return
        check_unprotected(cluster)
        addon = self._addon(cluster)
        if addon and addon.get("state") not in _LEAVING:
            with suppress(NotFoundError):
                self._session.sdk.ack(
                    f"take the add-on {ADDON} from {self._name}",
                    "un_install_cluster_addons",
                    cluster.id,
                    body={"addons": [{"name": ADDON, "cleanup_cloud_resources": True}]},
                )

    def _addon(self, cluster: AckCluster) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = self._session.sdk.ack(
                f"look for the add-on {ADDON}", "get_cluster_addon_instance", cluster.id, ADDON
            )
        except NotFoundError:
            return None
        return found

    def _version(self, cluster: AckCluster) -> str:
        """The version that ACK offers this cluster."""
        body = {"region_id": self._session.region, "cluster_id": cluster.id}
        answer = self._session.sdk.ack("list the add-ons of ACK", "list_addons", body=body)
        for each in answer.get("addons") or ():
            if each.get("name") == ADDON:
                return str(each.get("version", ""))
        raise PreconditionError(
            f"ACK does not offer the add-on {ADDON} for {self._name}",
            fix="use a cluster of Kubernetes 1.22 or later, or write registry: {edition: personal}",
        )

    def _config(self, before: str) -> str:
        """The add-on's configuration with our instance in it; the rest of what somebody wrote stays."""
        instance = self._instances.chosen()
        ours = {"instanceId": instance.id, "regionId": instance.region}
        config = _read(before) or {
            "enableRRSA": False,
            "expiringThreshold": "15m",
            "serviceAccount": "*",
            "watchNamespace": "all",
        }
        return json.dumps(config | {"AcrInstanceInfo": [*(config.get("AcrInstanceInfo") or ()), ours]})


def _read(config: str) -> dict[str, Any]:
    try:
        found = json.loads(config or "{}")
    except ValueError:
        found = None
    if isinstance(found, dict):
        return found
    raise PreconditionError(
        f"the configuration of the add-on {ADDON} cannot be read, so nothing was added to it",
        fix="add the registry instance to it in the ACK console (Operations, Add-ons)",
    )


@contextmanager
def _or_by_hand(path: str, body: object) -> Iterator[None]:
    """Not allowed to: the same request for somebody who is, in the form that aliyun's README has for ACK."""
    try:
        yield
    except CredentialsError as error:
        fix = f"aliyun cs POST {path} --body '{json.dumps(body)}'"
        raise CredentialsError(error.message, fix=fix, code=error.code) from error
