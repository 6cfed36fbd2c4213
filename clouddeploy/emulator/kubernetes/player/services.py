"""Endpoints of Services, and the addresses of load balancers and Ingresses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clouddeploy.emulator.balancers import Balancers, Entrance
from clouddeploy.emulator.kubernetes.player.client import RefusedError
from clouddeploy.emulator.kubernetes.player.world import World, ending, is_ready, owner_reference
from clouddeploy.emulator.kubernetes.selectors import matches_selector

Json = dict[str, Any]

_PROVISIONING = 0.3  # seconds that a load balancer takes
_SLICES = "endpointslices.discovery.k8s.io"
_INGRESSES = "ingresses.networking.k8s.io"
_HELD = "service.kubernetes.io/load-balancer-cleanup"
"""The finalizer of a Service that has a load balancer (cloud-provider, service controller)."""
_HELD_INGRESS = "emulator.clouddeploy.dev/load-balancer-cleanup"
"""That of an Ingress; each cloud's controller has a name of its own for it."""


class Services:
    """Plays the endpoint slice controller and the cloud's load balancer controller."""

    def __init__(self, world: World, balancers: Balancers) -> None:
        self._world = world
        self._balancers = balancers

    def reconcile(self) -> None:
        slices = self._world.owned(_SLICES)
        for service in self._world.all("services"):
            self._balance("services", service, service["spec"]["type"] == "LoadBalancer")
            if not ending(service):
                self._publish(service, slices.get(service["metadata"]["uid"], []))
        for ingress in self._world.all(_INGRESSES):
            self._balance(_INGRESSES, ingress, wanted=True)

    def _balance(self, plural: str, obj: Json, wanted: bool) -> None:
        held = _HELD_INGRESS if plural == _INGRESSES else _HELD
        finalizers = obj["metadata"].get("finalizers") or []
        if ending(obj) or not wanted:
            if held in finalizers:
                self._withdraw(plural, obj, [each for each in finalizers if each != held])
        elif not _address(obj) and self._world.due(obj, "balancer", _PROVISIONING):
            self._provide(plural, obj, [*finalizers, held] if held not in finalizers else None)

    def _provide(self, plural: str, obj: Json, finalizers: list[str] | None) -> None:
        """The finalizer comes first, so that nobody forgets the load balancer."""
        if finalizers:
            self._world.patch(plural, obj, {"metadata": {"finalizers": finalizers}})
            return
        address = self._balancers.provide(_entrance(obj))
        if address:
            mode = {"ipMode": "VIP"} if plural == "services" and "ip" in address else {}
            status = {**(obj.get("status") or {}), "loadBalancer": {"ingress": [{**address, **mode}]}}
            self._world.set_status(plural, obj, status)

    def _withdraw(self, plural: str, obj: Json, finalizers: list[str]) -> None:
        self._balancers.withdraw(obj["metadata"]["uid"])
        if _address(obj):
            self._world.set_status(plural, obj, {**obj["status"], "loadBalancer": {}})
        else:
            self._world.patch(plural, obj, {"metadata": {"finalizers": finalizers or None}})

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


def _address(obj: Json) -> Any:
    return ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress")


def _entrance(obj: Json) -> Entrance:
    metadata = obj["metadata"]
    return Entrance(
        uid=metadata["uid"],
        kind=obj["kind"],
        namespace=metadata["namespace"],
        name=metadata["name"],
        annotations=metadata.get("annotations") or {},
    )


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
