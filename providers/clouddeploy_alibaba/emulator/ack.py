"""ACK: which operation a request asks for, and its answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from clouddeploy_alibaba.emulator.ack_clusters import ClusterCalls
from clouddeploy_alibaba.emulator.ack_pools import PoolCalls
from clouddeploy_alibaba.emulator.answers import Received, ServiceError

_ROUTES = (
    ("POST", r"/clusters", "CreateCluster"),
    ("GET", r"/api/v1/clusters", "DescribeClustersV1"),
    ("GET", r"/clusters/(?P<cluster>[^/]+)", "DescribeClusterDetail"),
    ("DELETE", r"/clusters/(?P<cluster>[^/]+)", "DeleteCluster"),
    ("GET", r"/clusters/(?P<cluster>[^/]+)/tasks", "DescribeClusterTasks"),
    ("GET", r"/tasks/(?P<task>[^/]+)", "DescribeTaskInfo"),
    ("GET", r"/quota", "DescribeUserQuota"),
    ("GET", r"/api/v1/metadata/versions", "DescribeKubernetesVersionMetadata"),
    ("GET", r"/k8s/(?P<cluster>[^/]+)/user_config", "DescribeClusterUserKubeconfig"),
    ("POST", r"/api/v2/clusters/(?P<cluster>[^/]+)/upgrade", "UpgradeCluster"),
    ("GET", r"/clusters/(?P<cluster>[^/]+)/nodepools", "DescribeClusterNodePools"),
    ("POST", r"/clusters/(?P<cluster>[^/]+)/nodepools", "CreateClusterNodePool"),
    ("PUT", r"/clusters/(?P<cluster>[^/]+)/nodepools/(?P<pool>[^/]+)", "ModifyClusterNodePool"),
    ("DELETE", r"/clusters/(?P<cluster>[^/]+)/nodepools/(?P<pool>[^/]+)", "DeleteClusterNodepool"),
    ("POST", r"/clusters/(?P<cluster>[^/]+)/nodepools/(?P<pool>[^/]+)/upgrade", "UpgradeClusterNodepool"),
    ("GET", r"/clusters/(?P<cluster>[^/]+)/addon_instances/(?P<addon>[^/]+)", "GetClusterAddonInstance"),
    ("POST", r"/clusters/(?P<cluster>[^/]+)/components/install", "InstallClusterAddons"),
    ("POST", r"/clusters/(?P<cluster>[^/]+)/components/uninstall", "UnInstallClusterAddons"),
    ("POST", r"/clusters/(?P<cluster>[^/]+)/components/(?P<addon>[^/]+)/config", "ModifyClusterAddon"),
    ("GET", r"/addons", "ListAddons"),
    ("POST", r"/ram/check-service-role", "CheckServiceRole"),
    ("DELETE", r"/tags", "UntagResources"),
)
_NAMES = {"CreateCluster": "create_cluster", "UnInstallClusterAddons": "uninstall_cluster_addons"}


class Ack(ClusterCalls, PoolCalls):
    """The service. Operations are found by method and path, as ACK finds them."""

    def action(self, request: Received) -> tuple[str, dict[str, str]]:
        """The operation that a request asks for, and the names in its path."""
        for method, pattern, name in _ROUTES:
            match = re.fullmatch(pattern, request.path)
            if match and method == request.method:
                return name, match.groupdict()
        raise ServiceError("InvalidAction.NotFound", f"{request.method} {request.path} is not found", 404)

    def answer(self, action: str, names: Mapping[str, str], request: Received) -> Any:
        """The body of the answer; None for those that have none."""
        if not self._world.opened:
            raise ServiceError("ErrorServiceNotOpen", "Container Service is not activated.")
        with self._world.lock:
            self._sweep()
            method: Callable[[Mapping[str, str], Received], Any] = getattr(self, f"_{_method(action)}")
            return method(names, request)


def _method(action: str) -> str:
    return _NAMES.get(action) or re.sub(r"(?<!^)(?=[A-Z])", "_", action).lower()
