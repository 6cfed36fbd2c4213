"""Letting the cluster pull private images: ACK's own add-on renews short-lived pull secrets.

Source: ACR documentation, "Use the passwordless component to pull images from an ACR Enterprise
Edition instance"; the managed one needs Kubernetes 1.22 or later.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from clouddeploy.contract import State, Status
from clouddeploy.errors import CloudDeployError, NotFoundError, PreconditionError
from clouddeploy_alibaba.clusters import AckCluster
from clouddeploy_alibaba.instances import Instances
from clouddeploy_alibaba.session import Session
from clouddeploy_alibaba.steps.control_plane import find_ours
from clouddeploy_alibaba.steps.naming import ABSENT, incomplete
from clouddeploy_alibaba.steps.node_pool import needed, waiting_for

ADDON = "managed-aliyun-acr-credential-helper"
_BUSY = {"installing", "uninstalling", "updating", "upgrading", "initial"}


class PullsStep:
    """The add-on, told which registry instance is ours."""

    title = "private image pulls (ACR credential helper)"

    def __init__(self, session: Session, name: str, instances: Instances) -> None:
        self._session = session
        self._name = name
        self._instances = instances

    def state(self) -> State:
        cluster = find_ours(self._session, self._name)
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
        cluster = needed(self._session, self._name)
        config = json.dumps(self._config())
        doing = f"let {self._name} pull private images"
        if self._addon(cluster):
            body: dict[str, Any] = {"config": config}
            self._session.sdk.ack(doing, "modify_cluster_addon", cluster.id, ADDON, body=body)
            return
        addon = {"name": ADDON, "version": self._version(cluster), "config": config}
        try:
            self._session.sdk.ack(doing, "install_cluster_addons", cluster.id, body={"body": [addon]})
        except CloudDeployError as error:
            if "AlreadyInstall" not in str(error.code):
                raise

    def delete(self) -> None:
        cluster = find_ours(self._session, self._name)
        if cluster is None or not cluster.usable:
            return
        addon = self._addon(cluster)
        if addon and addon.get("state") != "uninstalling":
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

    def _config(self) -> dict[str, Any]:
        instance = self._instances.chosen()
        return {
            "AcrInstanceInfo": [{"instanceId": instance.id, "regionId": instance.region}],
            "enableRRSA": False,
            "expiringThreshold": "15m",
            "serviceAccount": "*",
            "watchNamespace": "all",
        }
