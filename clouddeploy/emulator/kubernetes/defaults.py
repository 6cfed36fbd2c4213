"""What the API server fills in. Functions here change a copy that belongs to the request.

https://kubernetes.io/docs/reference/kubernetes-api/ names the default of every field.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

from clouddeploy.emulator.kubernetes.podspec import default_pod, default_pod_spec

Json = dict[str, Any]


def fill(kind: str, obj: Json) -> None:
    """Default an object of a kind in place."""
    if action := _DEFAULTS.get(kind):
        action(obj)


def settle(target: Json, **values: Any) -> Json:
    """Set what is not set yet; returns `target`."""
    for key, value in values.items():
        if target.get(key) is None:
            target[key] = value
    return target


def _template(obj: Json) -> Json:
    spec: Json = obj.setdefault("spec", {})
    template = spec.setdefault("template", {})
    template.setdefault("metadata", {})
    default_pod_spec(template.setdefault("spec", {}))
    return spec


def _rolling(strategy: Json, **defaults: Any) -> None:
    settle(strategy, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        settle(strategy.setdefault("rollingUpdate", {}), **defaults)


def _deployment(obj: Json) -> None:
    spec = settle(_template(obj), replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600)
    _rolling(spec.setdefault("strategy", {}), maxUnavailable="25%", maxSurge="25%")


def _replica_set(obj: Json) -> None:
    settle(_template(obj), replicas=1)


def _stateful_set(obj: Json) -> None:
    spec = settle(_template(obj), replicas=1, revisionHistoryLimit=10, podManagementPolicy="OrderedReady")
    _rolling(spec.setdefault("updateStrategy", {}), partition=0)
    settle(spec, persistentVolumeClaimRetentionPolicy={"whenDeleted": "Retain", "whenScaled": "Retain"})
    for claim in spec.get("volumeClaimTemplates", []):
        settle(claim, apiVersion="v1", kind="PersistentVolumeClaim", status={"phase": "Pending"})
        _claim(claim)


def _daemon_set(obj: Json) -> None:
    spec = settle(_template(obj), revisionHistoryLimit=10)
    _rolling(spec.setdefault("updateStrategy", {}), maxUnavailable=1, maxSurge=0)


def _job(obj: Json) -> None:
    """A Job selects its pods by its own uid, with labels that the API server adds."""
    spec = settle(_template(obj), parallelism=1, completions=1, backoffLimit=6, completionMode="NonIndexed")
    settle(spec, suspend=False, manualSelector=False, podReplacementPolicy="TerminatingOrFailed")
    uid = obj["metadata"].get("uid")
    if uid and not spec.get("selector"):
        spec["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
        names = {"controller-uid": uid, "job-name": obj["metadata"].get("name", "")}
        labels = names | {f"batch.kubernetes.io/{key}": value for key, value in names.items()}
        for metadata in (obj["metadata"], spec["template"]["metadata"]):
            metadata["labels"] = {**metadata.get("labels", {}), **labels}


def _cron_job(obj: Json) -> None:
    spec = settle(obj.setdefault("spec", {}), concurrencyPolicy="Allow", suspend=False)
    settle(spec, successfulJobsHistoryLimit=3, failedJobsHistoryLimit=1)
    spec.setdefault("jobTemplate", {}).setdefault("metadata", {})
    _template(spec["jobTemplate"])


def _service(obj: Json) -> None:
    spec = settle(obj.setdefault("spec", {}), sessionAffinity="None", type="ClusterIP")
    for port in spec.get("ports") or []:
        settle(port, protocol="TCP")
        settle(port, targetPort=port.get("port"))
    if spec["type"] == "ExternalName":
        return
    settle(spec, internalTrafficPolicy="Cluster")
    if spec["type"] in ("NodePort", "LoadBalancer"):
        settle(spec, externalTrafficPolicy="Cluster")
    if spec["type"] == "LoadBalancer":
        settle(spec, allocateLoadBalancerNodePorts=True)


def _secret(obj: Json) -> None:
    settle(obj, type="Opaque")
    plain: Mapping[str, str] = obj.pop("stringData", None) or {}
    if plain:
        encoded = {key: base64.b64encode(value.encode()).decode() for key, value in plain.items()}
        obj["data"] = {**obj.get("data", {}), **encoded}


def _namespace(obj: Json) -> None:
    name = obj["metadata"].get("name")
    if name:
        obj["metadata"].setdefault("labels", {}).setdefault("kubernetes.io/metadata.name", name)


def _claim(obj: Json) -> None:
    settle(obj.setdefault("spec", {}), volumeMode="Filesystem")


def _network_policy(obj: Json) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("podSelector", {})
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]
    for rule in (spec.get("ingress") or []) + (spec.get("egress") or []):
        for port in rule.get("ports") or []:
            settle(port, protocol="TCP")


def _autoscaler(obj: Json) -> None:
    utilization = {"type": "Utilization", "averageUtilization": 80}
    cpu = {"type": "Resource", "resource": {"name": "cpu", "target": utilization}}
    settle(obj.setdefault("spec", {}), minReplicas=1, metrics=[cpu])


def _binding(obj: Json) -> None:
    settle(obj.setdefault("roleRef", {}), apiGroup="rbac.authorization.k8s.io")
    for subject in obj.get("subjects") or []:
        if subject.get("kind") != "ServiceAccount":
            settle(subject, apiGroup="rbac.authorization.k8s.io")


def _slice(obj: Json) -> None:
    for port in obj.get("ports") or []:
        settle(port, protocol="TCP", name="")


_DEFAULTS: Mapping[str, Callable[[Json], None]] = {
    "ClusterRoleBinding": _binding,
    "CronJob": _cron_job,
    "DaemonSet": _daemon_set,
    "Deployment": _deployment,
    "EndpointSlice": _slice,
    "HorizontalPodAutoscaler": _autoscaler,
    "Job": _job,
    "Namespace": _namespace,
    "NetworkPolicy": _network_policy,
    "PersistentVolumeClaim": _claim,
    "Pod": default_pod,
    "ReplicaSet": _replica_set,
    "RoleBinding": _binding,
    "Secret": _secret,
    "Service": _service,
    "StatefulSet": _stateful_set,
}
