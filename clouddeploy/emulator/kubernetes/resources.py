"""The kinds that the emulated API serves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict, Unpack

from clouddeploy.emulator.kubernetes.schema import Type, type_of


@dataclass(frozen=True)
class Resource:
    """One kind: where it is served, and which of the API's habits it has.

    `generations` means that `metadata.generation` counts the changes of what is not status;
    `delete_by` is the propagation that a delete request without one means.
    """

    group: str
    version: str
    kind: str
    plural: str
    short: tuple[str, ...] = ()
    namespaced: bool = True
    status: bool = False
    scale: bool = False
    generations: bool = False
    delete_by: str = "Background"

    @property
    def singular(self) -> str:
        """What kubectl calls one of it."""
        return self.kind.lower()

    @property
    def api_version(self) -> str:
        """`v1`, or `apps/v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def id(self) -> str:
        """`pods`, or `deployments.apps`, as messages name it."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def kind_id(self) -> str:
        """`Pod`, or `Deployment.apps`, as messages name it."""
        return f"{self.kind}.{self.group}" if self.group else self.kind

    @property
    def type(self) -> Type:
        """The schema of the kind."""
        return type_of(self.kind)

    @property
    def path(self) -> str:
        """`/api/v1` or `/apis/<group>/<version>`."""
        return f"/apis/{self.api_version}" if self.group else f"/api/{self.version}"


class _Habits(TypedDict, total=False):
    namespaced: bool
    status: bool
    scale: bool
    generations: bool
    delete_by: str


def _core(kind: str, plural: str, short: str = "", **habits: Unpack[_Habits]) -> Resource:
    return Resource("", "v1", kind, plural, tuple(short.split()), **habits)


def _named(group: str, kind: str, plural: str, short: str = "", **habits: Unpack[_Habits]) -> Resource:
    name, _, version = group.partition("/")
    return Resource(name, version, kind, plural, tuple(short.split()), **habits)


RESOURCES: tuple[Resource, ...] = (
    _core("Namespace", "namespaces", "ns", namespaced=False, status=True),
    _core("Node", "nodes", "no", namespaced=False, status=True),
    _core("PersistentVolume", "persistentvolumes", "pv", namespaced=False, status=True),
    _core("Pod", "pods", "po", status=True, generations=True),
    _core("Service", "services", "svc", status=True),
    _core("ConfigMap", "configmaps", "cm"),
    _core("Secret", "secrets"),
    _core("ServiceAccount", "serviceaccounts", "sa"),
    _core("Event", "events", "ev"),
    _core("Endpoints", "endpoints", "ep"),
    _core("PersistentVolumeClaim", "persistentvolumeclaims", "pvc", status=True),
    _core("ResourceQuota", "resourcequotas", "quota", status=True),
    _core("LimitRange", "limitranges", "limits"),
    _named("apps/v1", "Deployment", "deployments", "deploy", status=True, scale=True, generations=True),
    _named("apps/v1", "ReplicaSet", "replicasets", "rs", status=True, scale=True, generations=True),
    _named("apps/v1", "StatefulSet", "statefulsets", "sts", status=True, scale=True, generations=True),
    _named("apps/v1", "DaemonSet", "daemonsets", "ds", status=True, generations=True),
    _named("batch/v1", "Job", "jobs", status=True, generations=True, delete_by="Orphan"),
    _named("batch/v1", "CronJob", "cronjobs", "cj", status=True, generations=True),
    _named("networking.k8s.io/v1", "Ingress", "ingresses", "ing", status=True, generations=True),
    _named("networking.k8s.io/v1", "IngressClass", "ingressclasses", namespaced=False, generations=True),
    _named("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies", "netpol", generations=True),
    _named("coordination.k8s.io/v1", "Lease", "leases"),
    _named("discovery.k8s.io/v1", "EndpointSlice", "endpointslices", generations=True),
    _named("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets", "pdb", status=True, generations=True),
    _named("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", "hpa", status=True),
    _named("rbac.authorization.k8s.io/v1", "Role", "roles"),
    _named("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings"),
    _named("rbac.authorization.k8s.io/v1", "ClusterRole", "clusterroles", namespaced=False),
    _named("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "clusterrolebindings", namespaced=False),
    _named("storage.k8s.io/v1", "StorageClass", "storageclasses", "sc", namespaced=False),
)

BY_PATH: Mapping[tuple[str, str, str], Resource] = {(r.group, r.version, r.plural): r for r in RESOURCES}
BY_ID: Mapping[str, Resource] = {r.id: r for r in RESOURCES}
GROUPS: Mapping[str, str] = {r.group: r.version for r in RESOURCES if r.group}
