"""A Kubernetes for live tests: the bench's cluster with the node, or the one that a variable names."""

from __future__ import annotations

import os
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.live import found
from tests.live.bench import control_plane, processes, registries
from tests.live.needs import need


@dataclass(frozen=True)
class LiveCluster:
    """A context, a namespace of the test's own, and a registry that the nodes can pull from."""

    kubeconfig: Path
    context: str
    namespace: str
    registry: str

    def kubectl(self, *words: str) -> str:
        """What kubectl prints."""
        command = [need("kubectl"), "--kubeconfig", str(self.kubeconfig), "--context", self.context, *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def target(self) -> str:
        """The target's line in a clouddeploy.yaml."""
        return (
            f"{{provider: kubernetes, context: {self.context}, kubeconfig: {self.kubeconfig}, "
            f"namespace: {self.namespace}, registry: {{host: '{self.registry}'}}}}"
        )


def find() -> LiveCluster:
    """The bench's, or CLOUDDEPLOY_TEST_KUBECONFIG with CLOUDDEPLOY_TEST_REGISTRY; else the test skips."""
    namespace = f"live-{uuid.uuid4().hex[:8]}"
    if processes.running("kubelet"):
        found.ran("Kubernetes", "the bench's kube-apiserver, kubelet and containerd")
        kubeconfig = control_plane.kubeconfig(control_plane.WITH_NODE)
        return LiveCluster(kubeconfig, "bench-aws", namespace, registries.host("plain"))
    named = os.environ.get("CLOUDDEPLOY_TEST_KUBECONFIG")
    registry = os.environ.get("CLOUDDEPLOY_TEST_REGISTRY")
    if not (named and registry):
        found.missing("Kubernetes", "make bench-up, or set CLOUDDEPLOY_TEST_KUBECONFIG and …_TEST_REGISTRY")
    context = yaml.safe_load(Path(str(named)).read_text())["current-context"]
    found.ran("Kubernetes", f"the context {context} of CLOUDDEPLOY_TEST_KUBECONFIG")
    return LiveCluster(Path(str(named)), context, namespace, str(registry))


def find_four() -> dict[str, Path]:
    """The kubeconfigs of the bench's four API servers, by cloud."""
    if not all(processes.running(f"kube-apiserver-{cloud}") for cloud in control_plane.CLOUDS):
        found.missing("four clusters", "make bench-up")
    found.ran("four clusters", "the bench's four kube-apiservers")
    return {cloud: control_plane.kubeconfig(cloud) for cloud in control_plane.CLOUDS}
