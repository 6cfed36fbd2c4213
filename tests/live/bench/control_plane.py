"""etcd and four kube-apiservers, one per emulated cloud; the first also has the controllers."""

from __future__ import annotations

import ssl
from pathlib import Path

import urllib3
import yaml

from tests.live.bench import keys, places, programs
from tests.live.bench.ports import port
from tests.live.bench.processes import Part, answers

CLOUDS = ("aws", "gcp", "digitalocean", "alibaba")
WITH_NODE = CLOUDS[0]
SERVICES = "10.96.0.0/16"
PODS = "10.98.0.0/16"
DNS = "10.96.0.10"


def server(cloud: str) -> str:
    """The API's address."""
    return f"https://127.0.0.1:{port(f'kube-{cloud}')}"


def kubeconfig(cloud: str, user: str = "admin") -> Path:
    """A kubeconfig with a client certificate for one of the bench's users."""
    file = places.state() / "kube" / f"{cloud}-{user}.kubeconfig"
    if not file.exists():
        pair = keys.pair(user)
        context = f"bench-{cloud}"
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": context,
            "clusters": [{"name": context, "cluster": _cluster(cloud)}],
            "users": [
                {
                    "name": user,
                    "user": {"client-certificate": str(pair.certificate), "client-key": str(pair.key)},
                }
            ],
            "contexts": [{"name": context, "context": {"cluster": context, "user": user}}],
        }
        places.write(file, yaml.safe_dump(config))
    return file


def parts() -> list[Part]:
    """In the order of their start."""
    return [_etcd(), *(_apiserver(cloud) for cloud in CLOUDS), _controllers(), _scheduler()]


def request(
    cloud: str, path: str, method: str = "GET", body: bytes | None = None
) -> urllib3.BaseHTTPResponse:
    """A request of the bench's administrator."""
    pair = keys.pair("admin")
    with urllib3.PoolManager(
        ca_certs=str(keys.pair("ca").certificate),
        cert_file=str(pair.certificate),
        key_file=str(pair.key),
        ssl_minimum_version=ssl.TLSVersion.TLSv1_2,
    ) as pool:
        headers = {"Content-Type": "application/json"}
        return pool.request(
            method, server(cloud) + path, body=body, headers=headers, retries=False, timeout=10
        )


def _cluster(cloud: str) -> dict[str, str]:
    return {"server": server(cloud), "certificate-authority": str(keys.pair("ca").certificate)}


def _etcd() -> Part:
    client, peer = f"http://127.0.0.1:{port('etcd')}", f"http://127.0.0.1:{port('etcd-peer')}"
    command = [programs.find("etcd"), "--name=bench", "--unsafe-no-fsync", "--log-level=error"]
    command += [f"--data-dir={places.state() / 'etcd'}"]
    command += [f"--listen-client-urls={client}", f"--advertise-client-urls={client}"]
    command += [f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}"]
    command += [f"--initial-cluster=bench={peer}"]
    return Part("etcd", command, answers(f"{client}/health"))


def _apiserver(cloud: str) -> Part:
    ca, tls, client = keys.pair("ca"), keys.pair("server"), keys.pair("kubelet-client")
    accounts = keys.folder() / "service-account"
    command = [
        programs.find("kube-apiserver"),
        f"--etcd-servers=http://127.0.0.1:{port('etcd')}",
        f"--etcd-prefix=/clouds/{cloud}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--secure-port={port(f'kube-{cloud}')}",
        f"--cert-dir={places.state() / 'kube' / cloud}",
        f"--client-ca-file={ca.certificate}",
        f"--tls-cert-file={tls.certificate}",
        f"--tls-private-key-file={tls.key}",
        f"--service-account-key-file={accounts}.pub",
        f"--service-account-signing-key-file={accounts}.key",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-cluster-ip-range={SERVICES}",
        "--authorization-mode=Node,RBAC",
        f"--kubelet-client-certificate={client.certificate}",
        f"--kubelet-client-key={client.key}",
        f"--kubelet-certificate-authority={ca.certificate}",
        "--kubelet-preferred-address-types=InternalIP",
        "--allow-privileged=true",
        "--endpoint-reconciler-type=none",
        "--profiling=false",
    ]
    return Part(
        f"kube-apiserver-{cloud}", command, lambda: request(cloud, "/readyz").status == 200, patience=60
    )


def _controllers() -> Part:
    ca = keys.pair("ca")
    command = [
        programs.find("kube-controller-manager"),
        f"--kubeconfig={kubeconfig(WITH_NODE, 'controller-manager')}",
        f"--service-account-private-key-file={keys.folder() / 'service-account.key'}",
        f"--root-ca-file={ca.certificate}",
        "--use-service-account-credentials=true",
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
        f"--secure-port={port('controller-manager')}",
        f"--cert-dir={places.state() / 'kube' / 'controller-manager'}",
    ]
    return Part(
        "kube-controller-manager", command, answers(f"https://127.0.0.1:{port('controller-manager')}/healthz")
    )


def _scheduler() -> Part:
    command = [
        programs.find("kube-scheduler"),
        f"--kubeconfig={kubeconfig(WITH_NODE, 'scheduler')}",
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
        f"--secure-port={port('scheduler')}",
        f"--cert-dir={places.state() / 'kube' / 'scheduler'}",
    ]
    return Part("kube-scheduler", command, answers(f"https://127.0.0.1:{port('scheduler')}/healthz"))
