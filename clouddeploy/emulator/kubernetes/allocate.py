"""Cluster IP addresses and node ports, handed out as the API server does on a write."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any

Json = dict[str, Any]


class Allocator:
    """Gives a Service its addresses; those that it has it keeps."""

    def __init__(self) -> None:
        self._addresses = count(10)
        self._ports = count(30000)

    def give(self, service: Json) -> None:
        """Fill in clusterIP, clusterIPs, ipFamilies and node ports in place."""
        spec = service["spec"]
        if spec["type"] == "ExternalName":
            return
        if not spec.get("clusterIP"):
            spec["clusterIP"] = self._address()
        spec["clusterIPs"] = [spec["clusterIP"]]
        spec.setdefault("ipFamilies", ["IPv4"])
        spec.setdefault("ipFamilyPolicy", "SingleStack")
        wanted = spec["type"] == "NodePort" or spec.get("allocateLoadBalancerNodePorts")
        for port in spec.get("ports") or []:
            if wanted and not port.get("nodePort"):
                port["nodePort"] = next(self._ports)

    def _address(self) -> str:
        number = next(self._addresses)
        return f"10.96.{number // 256}.{number % 256}"


def keep(old: Mapping[str, Any], new: Json) -> None:
    """Carry over what an update of a Service leaves out."""
    before, after = old["spec"], new["spec"]
    if after["type"] == "ExternalName":
        return
    for name in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"):
        if name in before:
            after.setdefault(name, before[name])
    ports = {(p.get("port"), p.get("protocol")): p.get("nodePort") for p in before.get("ports") or []}
    for port in after.get("ports") or []:
        number = ports.get((port.get("port"), port.get("protocol")))
        if number and after["type"] != "ClusterIP":
            port.setdefault("nodePort", number)
