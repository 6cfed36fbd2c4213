"""Any OCI registry with any Kubernetes: a kubeconfig's context, a login from the environment or docker.

Nothing here creates a cluster, and no SDK is needed.
"""

from __future__ import annotations

from clouddeploy.contract import Provider, TargetSettings, Traits
from clouddeploy_kubernetes.clusters import KubeconfigClusters
from clouddeploy_kubernetes.errors import require_known
from clouddeploy_kubernetes.registry import HostRegistry

_OPTIONS = ("context", "kubeconfig")
_REGISTRY = ("host", "namespace")


def connect(target: TargetSettings) -> Provider:
    """One context of a kubeconfig and one registry host; makes no request and reads no file.

    `target.options` knows `context` and `kubeconfig`, `target.registry` knows `host` and
    `namespace` (a path before every repository). Raises ConfigError for any other key.
    """
    require_known(target.name, target.options, _OPTIONS)
    require_known(f"{target.name}.registry", target.registry, _REGISTRY)
    clusters = KubeconfigClusters(target)
    return Provider(
        name="kubernetes",
        identity=clusters.identity,
        registry=HostRegistry(target),
        clusters=clusters,
        traits=Traits(),
        cluster=clusters.context,
    )
