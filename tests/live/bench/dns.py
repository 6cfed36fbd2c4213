"""CoreDNS on the node, and the Service by which pods ask it."""

from __future__ import annotations

import json

from tests.live.bench import places, programs
from tests.live.bench.control_plane import DNS, WITH_NODE, kubeconfig, request
from tests.live.bench.keys import NODE_ADDRESS
from tests.live.bench.ports import port
from tests.live.bench.processes import Part, answers
from tests.live.bench.trouble import AGAIN, BenchError

DOMAIN = "cluster.local"


def part() -> Part:
    """CoreDNS, which reads the cluster's Services."""
    config = f"""{DOMAIN}:{port("coredns")} {{
    bind {NODE_ADDRESS}
    kubernetes {DOMAIN} {{
        kubeconfig {kubeconfig(WITH_NODE, "coredns")} bench-{WITH_NODE}
    }}
    errors
}}
.:{port("coredns-health")} {{
    bind 127.0.0.1
    health 127.0.0.1:{port("coredns-http")}
}}
"""
    file = places.write(places.state() / "node" / "Corefile", config)
    url = f"http://127.0.0.1:{port('coredns-http')}/health"
    command = [programs.find("coredns"), "-conf", str(file)]
    return Part("coredns", command, answers(url))


def make_service() -> None:
    """The Service that pods ask, whose endpoint is the CoreDNS on the node itself."""
    ports = [
        {"name": f"dns-{p.lower()}", "port": 53, "protocol": p, "targetPort": port("coredns")}
        for p in ("UDP", "TCP")
    ]
    metadata = {"name": "kube-dns", "namespace": "kube-system"}
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": {"clusterIP": DNS, "ports": ports},
    }
    slice_ = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {**metadata, "labels": {"kubernetes.io/service-name": "kube-dns"}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": [NODE_ADDRESS], "conditions": {"ready": True}}],
        "ports": [{"name": p["name"], "port": port("coredns"), "protocol": p["protocol"]} for p in ports],
    }
    for path, body in (
        ("/api/v1/namespaces/kube-system/services", service),
        ("/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices", slice_),
    ):
        if request(WITH_NODE, f"{path}/kube-dns").status == 200:
            continue
        answer = request(WITH_NODE, path, "POST", json.dumps(body).encode())
        if answer.status != 201:
            raise BenchError(f"the cluster's DNS could not be set up: {answer.data[:300]!r}", fix=AGAIN)
