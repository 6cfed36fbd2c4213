"""`clouddeploy provider test kubernetes`: the conformance suite over a Kubernetes API and a registry."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from clouddeploy.conformance.rig import Cloud, Rig, Site
from clouddeploy.contract import ClusterSpec, TargetSettings


@contextmanager
def start_cloud(directory: Path) -> Iterator[Cloud]:
    """A Kubernetes API with one user, and a registry with one login."""
    from clouddeploy.emulator.kubernetes import User, start_kubernetes
    from clouddeploy.emulator.registry import DISTRIBUTION, OciRegistry, basic
    from clouddeploy.emulator.server import Server

    token, password = "s3cr3t-kubernetes-token", "s3cr3t-registry-password"
    admin = User("admin", ("system:masters",))
    api = start_kubernetes(
        directory / "api", authenticate=lambda given: admin if given == token else None, real=False
    )
    kubeconfig = directory / "kubeconfig"
    kubeconfig.write_text(_kubeconfig(api.url, directory / "ca.crt", token))
    (directory / "ca.crt").write_text(api.ca)
    app = OciRegistry(directory / "registry", authorize=basic({"ci": password}), profile=DISTRIBUTION)

    def site() -> Site:
        for name in list(app.repositories()):
            app.delete_repository(name)
        return Site(
            target=TargetSettings(
                "lab",
                "kubernetes",
                ClusterSpec("lab"),
                registry={"host": registry.host, "namespace": "acme"},
                options={"context": "lab", "kubeconfig": str(kubeconfig)},
            ),
            environment={
                "CLOUDDEPLOY_REGISTRY_USERNAME": "ci",
                "CLOUDDEPLOY_REGISTRY_PASSWORD": password,
            },
            cluster="lab",
            refused={
                "none": {"CLOUDDEPLOY_REGISTRY_USERNAME": None, "CLOUDDEPLOY_REGISTRY_PASSWORD": None},
                "wrong": {"CLOUDDEPLOY_REGISTRY_PASSWORD": "wr0ng-password"},
            },
            secrets=(token, password),
        )

    with closing(api), Server(app) as registry:
        yield site


def _kubeconfig(server: str, authority: Path, token: str) -> str:
    cluster = {"server": server, "certificate-authority": authority.name}
    return json.dumps(
        {
            "clusters": [{"name": "lab", "cluster": cluster}],
            "users": [{"name": "admin", "user": {"token": token}}],
            "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "admin"}}],
        }
    )


RIG = Rig(
    name="kubernetes",
    start=start_cloud,
    offline=TargetSettings("lab", "kubernetes", ClusterSpec("lab"), registry={"host": "ghcr.io"}),
    late=("yaml", "urllib3", "lightkube"),
    cleared=("KUBECONFIG", "DOCKER_", "CLOUDDEPLOY_"),
)
