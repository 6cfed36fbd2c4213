"""Certificates and passwords of one run of the bench."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

from clouddeploy.emulator.certificates import Authority, KeyPair
from tests.live.bench import places

KUBE_USERS = {
    "admin": ("clouddeploy-bench-admin", ("system:masters",)),
    "controller-manager": ("system:kube-controller-manager", ()),
    "scheduler": ("system:kube-scheduler", ()),
    "proxy": ("system:kube-proxy", ()),
    "coredns": ("clouddeploy-bench-dns", ("system:masters",)),
    "kubelet-client": ("clouddeploy-bench-apiserver", ("system:masters",)),
}
NODE = "bench-node"
NODE_ADDRESS = "10.199.0.1"
USER = "bench"


def folder() -> Path:
    """Where keys are; mode 0700."""
    return places.state() / "keys"


def pair(name: str) -> KeyPair:
    """A certificate that `make` has issued."""
    return KeyPair(folder() / f"{name}.crt", folder() / f"{name}.key")


def password() -> str:
    """The registries' password for USER."""
    found: str = json.loads((folder() / "registry.json").read_text())["password"]
    return found


def make() -> None:
    """Issue everything once; what exists is kept."""
    if (folder() / "ca.crt").exists() and (folder() / "registry.json").exists():
        return
    folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    authority = Authority(folder(), "clouddeploy bench")
    hosts = ("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", NODE, NODE_ADDRESS)
    authority.server("server", hosts)
    authority.server("registry", ("localhost",))
    authority.server("token", ("localhost",))
    for file, (user, groups) in KUBE_USERS.items():
        _rename(authority.client(user, groups), file)
    _rename(authority.client(f"system:node:{NODE}", ("system:nodes",)), "kubelet")
    _service_account_key()
    login = {"user": USER, "password": secrets.token_urlsafe(18)}
    places.write(folder() / "registry.json", json.dumps(login))


def _rename(issued: KeyPair, name: str) -> None:
    issued.certificate.rename(folder() / f"{name}.crt")
    issued.key.rename(folder() / f"{name}.key")


def _service_account_key() -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(65537, 2048)
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    places.write(folder() / "service-account.key", pem.decode())
    places.write(folder() / "service-account.pub", public.decode())
