"""One node that really runs pods: containerd, CNI, kubelet, kube-proxy and CoreDNS."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import urllib3
import yaml

from tests.live.bench import keys, places, programs, registries, rules
from tests.live.bench.control_plane import DNS, PODS, WITH_NODE, kubeconfig, request
from tests.live.bench.keys import NODE, NODE_ADDRESS
from tests.live.bench.ports import port
from tests.live.bench.processes import BenchError, Part

BRIDGE = "cdbench-cni0"
DOMAIN = "cluster.local"


def parts() -> list[Part]:
    """In the order of their start."""
    return [_containerd(), _kubelet(), _proxy(), _coredns()]


def prepare() -> None:
    """The node's address, CNI configuration and pause image."""
    rules.remember()
    shown = subprocess.run(["ip", "addr", "show", "dev", "lo"], capture_output=True, text=True, check=False)
    if f"inet {NODE_ADDRESS}/" not in shown.stdout:
        _ip("addr", "add", f"{NODE_ADDRESS}/32", "dev", "lo")
    bridge = {
        "type": "bridge",
        "bridge": BRIDGE,
        "isGateway": True,
        "ipMasq": True,
        "hairpinMode": True,
        "ipam": {"type": "host-local", "ranges": [[{"subnet": PODS}]], "routes": [{"dst": "0.0.0.0/0"}]},
    }
    bridge["ipam"]["dataDir"] = str(_folder() / "ipam")  # type: ignore[index]
    portmap = {"type": "portmap", "capabilities": {"portMappings": True}}
    plugins: dict[str, Any] = {"cniVersion": "0.4.0", "name": "bench", "plugins": [bridge, portmap]}
    cni = _folder() / "cni"
    cni.mkdir(parents=True, exist_ok=True)
    (cni / "10-bench.conflist").write_text(json.dumps(plugins))


def wait_ready(patience: float = 90) -> None:
    """Wait until the node is Ready and the cluster's DNS Service exists."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        answer = request(WITH_NODE, f"/api/v1/nodes/{NODE}")
        if answer.status == 200:
            conditions = json.loads(answer.data)["status"].get("conditions", ())
            if any(c["type"] == "Ready" and c["status"] == "True" for c in conditions):
                _dns_service()
                return
        time.sleep(0.3)
    raise BenchError(
        f"the node is not Ready after {patience:.0f} s\nfix: read {places.state() / 'log'}/kubelet.log"
    )


def remove() -> None:
    """What the node leaves in the kernel: a bridge, an address and kube-proxy's rules."""
    for words in (("link", "delete", BRIDGE), ("addr", "delete", f"{NODE_ADDRESS}/32", "dev", "lo")):
        subprocess.run(["ip", *words], capture_output=True, check=False)
    rules.remove()


def stop_pods() -> None:
    """End what runs in containerd, so that no container or shim outlives the bench."""
    ctr = ["ctr", "--address", str(_socket()), "--namespace", "k8s.io"]
    listed = subprocess.run(
        [*ctr, "tasks", "ls", "-q"], capture_output=True, text=True, timeout=20, check=False
    )
    for task in listed.stdout.split():
        subprocess.run([*ctr, "tasks", "rm", "-f", task], capture_output=True, timeout=20, check=False)
    for namespace in Path("/var/run/netns").glob("cni-*"):
        if namespace.name in _own_namespaces():
            subprocess.run(["ip", "netns", "delete", namespace.name], capture_output=True, check=False)


def _own_namespaces() -> set[str]:
    """Network namespaces of our pods: those with an address of the bench's pod network."""
    listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=False).stdout
    own = set()
    for name in (line.split()[0] for line in listed.splitlines() if line.startswith("cni-")):
        command = ["ip", "-n", name, "-4", "addr", "show"]
        addresses = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        if f"inet {PODS.rsplit('.', 2)[0]}." in addresses:
            own.add(name)
    return own


def _folder() -> Path:
    return places.state() / "node"


def _socket() -> Path:
    return _folder() / "containerd.sock"


def _containerd() -> Part:
    for variant in registries.VARIANTS:
        host = registries.host(variant)
        file = _folder() / "hosts" / host / "hosts.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        scheme = "https" if variant == "tls" else "http"
        file.write_text(f'server = "{scheme}://{host}"\n[host."{scheme}://{host}"]\n  skip_verify = true\n')
    config = _folder() / "containerd.toml"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(_containerd_config())
    command = [programs.find("containerd"), "--config", str(config)]
    probe = ["ctr", "--address", str(_socket()), "version"]

    def answers() -> bool:
        return subprocess.run(probe, capture_output=True, timeout=10, check=False).returncode == 0

    return Part("containerd", command, answers)


def _containerd_config() -> str:
    root = _folder() / "containerd"
    return f"""version = 2
root = "{root / "root"}"
state = "{root / "state"}"
disabled_plugins = ["io.containerd.internal.v1.opt"]
[grpc]
  address = "{_socket()}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{registries.host("plain")}/bench/pause:1"
  disable_apparmor = true
  restrict_oom_score_adj = true
  stream_server_address = "127.0.0.1"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{_folder() / "cni"}"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "{_folder() / "hosts"}"
"""


def _kubelet() -> Part:
    config = _folder() / "kubelet.yaml"
    tls = keys.pair("server")
    config.write_text(
        yaml.safe_dump(
            {
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
                "containerRuntimeEndpoint": f"unix://{_socket()}",
                "enforceNodeAllocatable": [],
                "evictionHard": {"memory.available": "1Mi"},
                "authentication": {
                    "x509": {"clientCAFile": str(keys.pair("ca").certificate)},
                    "webhook": {"enabled": True},
                    "anonymous": {"enabled": False},
                },
                "authorization": {"mode": "Webhook"},
                "clusterDNS": [DNS],
                "clusterDomain": DOMAIN,
                "resolvConf": str(_empty_resolv_conf()),
                "tlsCertFile": str(tls.certificate),
                "tlsPrivateKeyFile": str(tls.key),
                "podLogsDir": str(_folder() / "pod-logs"),
                "registerNode": True,
                "imageGCHighThresholdPercent": 100,
                "nodeStatusUpdateFrequency": "5s",
                "makeIPTablesUtilChains": True,
            }
        )
    )
    command = [
        programs.find("kubelet"),
        f"--config={config}",
        f"--kubeconfig={kubeconfig(WITH_NODE, 'kubelet')}",
        f"--root-dir={_folder() / 'kubelet'}",
        f"--hostname-override={NODE}",
        f"--node-ip={NODE_ADDRESS}",
        "--v=1",
    ]
    url = f"http://127.0.0.1:{port('kubelet-health')}/healthz"
    return Part(
        "kubelet", command, lambda: urllib3.request("GET", url, retries=False).status == 200, patience=60
    )


def _empty_resolv_conf() -> Path:
    file = _folder() / "resolv.conf"
    file.write_text("")
    return file


def _proxy() -> Part:
    config = _folder() / "kube-proxy.yaml"
    config.write_text(
        yaml.safe_dump(
            {
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
        )
    )
    url = f"http://127.0.0.1:{port('kube-proxy')}/healthz"
    return Part(
        "kube-proxy",
        [programs.find("kube-proxy"), f"--config={config}"],
        lambda: urllib3.request("GET", url, retries=False).status == 200,
        patience=60,
    )


def _coredns() -> Part:
    file = _folder() / "Corefile"
    file.write_text(
        f"""{DOMAIN}:{port("coredns")} {{
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
    )
    url = f"http://127.0.0.1:{port('coredns-http')}/health"
    command = [programs.find("coredns"), "-conf", str(file)]
    return Part("coredns", command, lambda: urllib3.request("GET", url, retries=False).status == 200)


def _dns_service() -> None:
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
        answer = request(WITH_NODE, path, "POST", json.dumps(body).encode())
        if answer.status not in (201, 409):
            raise BenchError(f"the cluster's DNS could not be set up: {answer.data[:300]!r}")


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(
            f"ip {' '.join(arguments)}: {done.stderr.strip()}\nfix: run as root, or see docs/testing.md"
        )
