"""The defaults of a pod and of a pod template's spec, set in place."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


def default_pod(obj: Json) -> None:
    """A pod's own defaults, with what the ServiceAccount and toleration admission adds."""
    spec: Json = obj.setdefault("spec", {})
    spec.setdefault("serviceAccountName", "default")
    default_pod_spec(spec)
    for container in spec.get("containers") or []:
        _request_the_limits(container["resources"])
    spec.setdefault("enableServiceLinks", True)
    spec.setdefault("priority", 0)
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")
    obj.setdefault("status", {}).setdefault("qosClass", quality(spec))
    tolerations = spec.setdefault("tolerations", [])
    for condition in ("not-ready", "unreachable"):
        key = f"node.kubernetes.io/{condition}"
        if all(toleration.get("key") != key for toleration in tolerations):
            tolerations.append(
                {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
            )


def default_pod_spec(spec: Json) -> None:
    """What a pod's spec and a template's have in common."""
    spec.setdefault("restartPolicy", "Always")
    spec.setdefault("terminationGracePeriodSeconds", 30)
    spec.setdefault("dnsPolicy", "ClusterFirst")
    spec.setdefault("securityContext", {})
    spec.setdefault("schedulerName", "default-scheduler")
    if "serviceAccountName" in spec:
        spec["serviceAccount"] = spec["serviceAccountName"]
    for name in ("containers", "initContainers"):
        for container in spec.get(name) or []:
            _container(container)
    for volume in spec.get("volumes") or []:
        _volume(volume)


def quality(spec: Json) -> str:
    """The quality of service class that the containers' requests and limits make.

    https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/
    """
    resources = [container.get("resources") or {} for container in spec.get("containers") or []]
    if not any(found.get("requests") or found.get("limits") for found in resources):
        return "BestEffort"
    complete = all({"cpu", "memory"} <= (found.get("limits") or {}).keys() for found in resources)
    return "Guaranteed" if complete and all(f["requests"] == f["limits"] for f in resources) else "Burstable"


def _request_the_limits(resources: Json) -> None:
    """Of what only a limit is set, as much is requested; a template is left as it is."""
    if resources.get("limits"):
        resources["requests"] = {**resources["limits"], **(resources.get("requests") or {})}


def _container(container: Json) -> None:
    container.setdefault("terminationMessagePath", "/dev/termination-log")
    container.setdefault("terminationMessagePolicy", "File")
    container.setdefault("imagePullPolicy", pull_policy(container.get("image", "")))
    container.setdefault("resources", {})
    for port in container.get("ports") or []:
        port.setdefault("protocol", "TCP")
    for variable in container.get("env") or []:
        _field_reference(variable.get("valueFrom") or {})
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        if container.get(name) is not None:
            _probe(container[name])


def pull_policy(image: str) -> str:
    """`Always` for the tag latest, written or not; a digest makes a reference exact."""
    name, at, _digest = image.partition("@")
    tag = name.rpartition("/")[2].partition(":")[2]
    return "Always" if tag == "latest" or not (tag or at) else "IfNotPresent"


def _field_reference(source: Json) -> None:
    if source.get("fieldRef"):
        source["fieldRef"].setdefault("apiVersion", "v1")


def _probe(probe: Json) -> None:
    defaults = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
    for name, value in defaults.items():
        probe[name] = probe.get(name) or value
    if probe.get("httpGet"):
        probe["httpGet"].setdefault("path", "/")
        probe["httpGet"].setdefault("scheme", "HTTP")


def _volume(volume: Json) -> None:
    if volume.keys() == {"name"}:
        volume["emptyDir"] = {}
    for name in ("configMap", "secret", "projected", "downwardAPI"):
        if volume.get(name) is not None:
            volume[name].setdefault("defaultMode", 0o644)
