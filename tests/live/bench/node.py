"""One node that really runs pods: its network, the kubelet, kube-proxy."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import urllib3
import yaml

from tests.live.bench import containers, dns, keys, places, programs, rules
from tests.live.bench.control_plane import DNS, PODS, WITH_NODE, kubeconfig, request
from tests.live.bench.keys import NODE, NODE_ADDRESS
from tests.live.bench.ports import port
from tests.live.bench.processes import Part, answers
from tests.live.bench.trouble import BenchError

BRIDGE = "cdbench-cni0"


def parts() -> list[Part]:
    """In the order of their start."""
    return [containers.part(), _kubelet(), _proxy(), dns.part()]


def prepare() -> None:
    """The node's address and its pods' network."""
    rules.remember()
    if f"inet {NODE_ADDRESS}/" not in _ip("addr", "show", "dev", "lo"):
        _ip("addr", "add", f"{NODE_ADDRESS}/32", "dev", "lo")
    bridge = {
        "type": "bridge",
        "bridge": BRIDGE,
        "isGateway": True,
        "ipMasq": True,
        "hairpinMode": True,
        "ipam": {
            "type": "host-local",
            "ranges": [[{"subnet": PODS}]],
            "routes": [{"dst": "0.0.0.0/0"}],
            "dataDir": str(_folder() / "ipam"),
        },
    }
    portmap = {"type": "portmap", "capabilities": {"portMappings": True}}
    plugins: dict[str, Any] = {"cniVersion": "0.4.0", "name": "bench", "plugins": [bridge, portmap]}
    places.write(_folder() / "cni" / "10-bench.conflist", json.dumps(plugins))


def wait_ready(patience: float = 90) -> None:
    """Wait until the node is Ready."""
    deadline = time.monotonic() + patience
    while not _is_ready():
        if time.monotonic() > deadline:
            log = places.state() / "log" / "kubelet.log"
            raise BenchError(f"the node is not Ready after {patience:.0f} s", fix=f"read {log}")
        time.sleep(0.3)


def remove() -> None:
    """What the node leaves in the kernel: a bridge, an address, networks and kube-proxy's rules."""
    containers.remove_networks()
    for words in (("link", "delete", BRIDGE), ("addr", "delete", f"{NODE_ADDRESS}/32", "dev", "lo")):
        subprocess.run(["ip", *words], capture_output=True, check=False)
    rules.remove()


def _is_ready() -> bool:
    try:
        answer = request(WITH_NODE, f"/api/v1/nodes/{NODE}")
    except urllib3.exceptions.HTTPError:
        return False
    conditions = json.loads(answer.data)["status"].get("conditions", ()) if answer.status == 200 else ()
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def _folder() -> Path:
    return places.state() / "node"


def _kubelet() -> Part:
    config = places.write(_folder() / "kubelet.yaml", yaml.safe_dump(_kubelet_config()))
    command = [
        programs.find("kubelet"),
        f"--config={config}",
        f"--kubeconfig={kubeconfig(WITH_NODE, 'kubelet')}",
        f"--root-dir={_folder() / 'kubelet'}",
        f"--hostname-override={NODE}",
        f"--node-ip={NODE_ADDRESS}",
        "--v=1",
    ]
    return Part("kubelet", command, answers(f"http://127.0.0.1:{port('kubelet-health')}/healthz"), 60)


def _kubelet_config() -> dict[str, Any]:
    tls = keys.pair("server")
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": NODE_ADDRESS,
        "port": port("kubelet"),
        "healthzBindAddress": "127.0.0.1",
        "healthzPort": port("kubelet-health"),
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": "/",
        "failCgroupV1": False,
        "failSwapOn": False,
        "containerRuntimeEndpoint": f"unix://{containers.socket()}",
        "enforceNodeAllocatable": [],
        "evictionHard": {"memory.available": "1Mi"},
        "authentication": {
            "x509": {"clientCAFile": str(keys.pair("ca").certificate)},
            "webhook": {"enabled": True},
            "anonymous": {"enabled": False},
        },
        "authorization": {"mode": "Webhook"},
        "clusterDNS": [DNS],
        "clusterDomain": dns.DOMAIN,
        "resolvConf": str(places.write(_folder() / "resolv.conf", "")),
        "tlsCertFile": str(tls.certificate),
        "tlsPrivateKeyFile": str(tls.key),
        "podLogsDir": str(_folder() / "pod-logs"),
        "volumePluginDir": str(_folder() / "volume-plugins"),
        "registerNode": True,
        "imageGCHighThresholdPercent": 100,
        "nodeStatusUpdateFrequency": "5s",
        "makeIPTablesUtilChains": True,
    }


def _proxy() -> Part:
    settings = {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "bindAddress": NODE_ADDRESS,
        "clientConnection": {"kubeconfig": str(kubeconfig(WITH_NODE, "proxy"))},
        "clusterCIDR": PODS,
        "hostnameOverride": NODE,
        "mode": "iptables",
        "healthzBindAddress": f"127.0.0.1:{port('kube-proxy')}",
        "metricsBindAddress": f"127.0.0.1:{port('kube-proxy-metrics')}",
        "conntrack": {"maxPerCore": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
    }
    config = places.write(_folder() / "kube-proxy.yaml", yaml.safe_dump(settings))
    command = [programs.find("kube-proxy"), f"--config={config}"]
    return Part("kube-proxy", command, answers(f"http://127.0.0.1:{port('kube-proxy')}/healthz"), 60)


def _ip(*arguments: str) -> str:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"ip {' '.join(arguments)}: {done.stderr.strip()}", fix="see docs/testing.md")
    return done.stdout
