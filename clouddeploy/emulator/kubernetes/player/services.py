"""Endpoints of Services, and the addresses of load balancers and Ingresses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clouddeploy.emulator.kubernetes.player.client import RefusedError
from clouddeploy.emulator.kubernetes.player.world import World, ending, is_ready, owner_reference
from clouddeploy.emulator.kubernetes.selectors import matches_selector

Json = dict[str, Any]

_PROVISIONING = 0.3  # seconds that a load balancer takes
_SLICES = "endpointslices.discovery.k8s.io"


class Services:
    """Plays the endpoint slice controller and the cloud's load balancer controller."""

    def __init__(self, world: World) -> None:
        self._world = world

    def reconcile(self) -> None:
        slices = self._world.owned(_SLICES)
        for service in self._world.all("services"):
            if not ending(service):
                self._balance("services", service, service["spec"]["type"] == "LoadBalancer")
                self._publish(service, slices.get(service["metadata"]["uid"], []))
        for ingress in self._world.all("ingresses.networking.k8s.io"):
            self._balance("ingresses.networking.k8s.io", ingress, wanted=not ending(ingress))

    def _balance(self, plural: str, obj: Json, wanted: bool) -> None:
        known = ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress")
        if not wanted or known or not self._world.due(obj, "balancer", _PROVISIONING):
            return
        name, namespace = obj["metadata"]["name"], obj["metadata"]["namespace"]
        address = {"hostname": f"{name}.{namespace}.lb.emulator.invalid"}
        status = {**(obj.get("status") or {}), "loadBalancer": {"ingress": [address]}}
        self._world.set_status(plural, obj, status)

    def _publish(self, service: Json, slices: Sequence[Json]) -> None:
        selector = service["spec"].get("selector")
        if not selector:
            return
        endpoints = [_endpoint(pod) for pod in self._pods(service, selector)]
        ports = [_port(port, self._pods(service, selector)) for port in service["spec"].get("ports") or []]
        wanted = {"endpoints": endpoints, "ports": ports}
        if not slices:
            self._make(service, wanted)
        elif any(slices[0].get(name) != value for name, value in wanted.items()):
            self._world.replace(_SLICES, {**slices[0], **wanted})

    def _pods(self, service: Json, selector: Json) -> list[Json]:
        namespace = service["metadata"]["namespace"]
        return [
            pod
            for pod in self._world.all("pods")
            if pod["metadata"]["namespace"] == namespace
            and (pod.get("status") or {}).get("podIP")
            and not ending(pod)
            and matches_selector({"matchLabels": selector}, pod["metadata"].get("labels") or {})
        ]

    def _make(self, service: Json, wanted: Json) -> None:
        name = service["metadata"]["name"]
        metadata = {
            "generateName": f"{name}-",
            "namespace": service["metadata"]["namespace"],
            "labels": {"kubernetes.io/service-name": name},
            "ownerReferences": [owner_reference(service)],
        }
        head = {"kind": "EndpointSlice", "apiVersion": "discovery.k8s.io/v1", "addressType": "IPv4"}
        try:
            self._world.create(_SLICES, {**head, "metadata": metadata, **wanted})
        except RefusedError as error:
            if error.code not in (403, 404):  # the namespace is on its way out
                raise


def _endpoint(pod: Json) -> Json:
    ready = is_ready(pod)
    target = {"kind": "Pod", "name": pod["metadata"]["name"], "namespace": pod["metadata"]["namespace"]}
    return {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {"ready": ready, "serving": ready, "terminating": False},
        "nodeName": pod["spec"]["nodeName"],
        "targetRef": {**target, "uid": pod["metadata"]["uid"]},
    }


def _port(port: Json, pods: Sequence[Json]) -> Json:
    number = port["targetPort"]
    if isinstance(number, str):
        number = next((found for pod in pods if (found := _named_port(pod, number))), port["port"])
    return {"name": port.get("name", ""), "port": number, "protocol": port["protocol"]}


def _named_port(pod: Json, name: str) -> int | None:
    ports = (port for spec in pod["spec"]["containers"] for port in spec.get("ports") or [])
    return next((port["containerPort"] for port in ports if port.get("name") == name), None)
