"""The Kubernetes kinds that clouddeploy reads and writes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """A kind of object and where the API serves it; `version` is `group/version`, or `v1` alone."""

    version: str
    name: str
    plural: str
    namespaced: bool = True


NAMESPACE = Kind("v1", "Namespace", "namespaces", namespaced=False)
SERVICE_ACCOUNT = Kind("v1", "ServiceAccount", "serviceaccounts")
CONFIG_MAP = Kind("v1", "ConfigMap", "configmaps")
CLAIM = Kind("v1", "PersistentVolumeClaim", "persistentvolumeclaims")
STORAGE_CLASS = Kind("storage.k8s.io/v1", "StorageClass", "storageclasses", namespaced=False)
SERVICE = Kind("v1", "Service", "services")
DEPLOYMENT = Kind("apps/v1", "Deployment", "deployments")
INGRESS = Kind("networking.k8s.io/v1", "Ingress", "ingresses")

REPLICA_SET = Kind("apps/v1", "ReplicaSet", "replicasets")
POD = Kind("v1", "Pod", "pods")
NODE = Kind("v1", "Node", "nodes", namespaced=False)
EVENT = Kind("v1", "Event", "events")

STATEFUL_SET = Kind("apps/v1", "StatefulSet", "statefulsets")
DAEMON_SET = Kind("apps/v1", "DaemonSet", "daemonsets")
JOB = Kind("batch/v1", "Job", "jobs")
CRON_JOB = Kind("batch/v1", "CronJob", "cronjobs")
GATEWAY = Kind("gateway.networking.k8s.io/v1", "Gateway", "gateways")
VOLUME = Kind("v1", "PersistentVolume", "persistentvolumes", namespaced=False)

APPLIED = (NAMESPACE, STORAGE_CLASS, SERVICE_ACCOUNT, CONFIG_MAP, CLAIM, SERVICE, DEPLOYMENT, INGRESS)
"""What manifests are made of, in the order of applying."""

REVISION = "deployment.kubernetes.io/revision"
"""Annotation by which the Deployment controller numbers its ReplicaSets."""

_BY_NAME = {kind.name: kind for kind in APPLIED}


def kind_of(value: object) -> Kind:
    """The kind of one of our objects; KeyError for a kind that manifests are not made of."""
    return _BY_NAME[str(value)]
