"""The contexts of a kubeconfig, as clusters."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from urllib.parse import urlsplit

from clouddeploy.contract import Cluster, Identity, KubeAccess, State, Status, TargetSettings
from clouddeploy.errors import ConfigError
from clouddeploy_kubernetes.access import access_of
from clouddeploy_kubernetes.kubeconfig import Entry, Kubeconfig, load


class KubeconfigClusters:
    """Every context is a cluster. The target must name its own: the current context is never used,
    because it is whatever somebody did last in another window."""

    def __init__(self, target: TargetSettings) -> None:
        self._target = target
        existing = target.cluster.name if target.existing else ""
        self.context = target.options.get("context", existing)

    def list(self) -> Sequence[Cluster]:
        """The contexts, sorted by name; asks no cluster, so their state is what the file promises."""
        return [self._cluster(self._kubeconfig.contexts[name]) for name in sorted(self._kubeconfig.contexts)]

    def access(self, name: str) -> KubeAccess:
        """How to reach the context `name`.

        Raises ConfigError when the target names no context or the entry cannot be used, and
        NotFoundError when there is none of this name.
        """
        self._require_context()
        return access_of(self._kubeconfig, self._kubeconfig.context(name))

    def identity(self) -> Identity:
        """The API server's host and the user's name in the kubeconfig; asks nobody."""
        context = self._kubeconfig.context(self._require_context())
        server = self._kubeconfig.cluster_of(context).text("server")
        return Identity(account=urlsplit(server).netloc or server, principal=context.text("user"))

    @cached_property
    def _kubeconfig(self) -> Kubeconfig:
        return load(self._target.options.get("kubeconfig"))

    def _require_context(self) -> str:
        if self.context:
            return self.context
        raise ConfigError(
            f"target {self._target.name} names no context, and the current one is never used unasked",
            fix=f"write context: in targets.{self._target.name}; {self._kubeconfig.choose()}",
        )

    def _cluster(self, context: Entry) -> Cluster:
        cluster = self._kubeconfig.clusters.get(context.text("cluster"))
        if cluster is None:
            return Cluster(context.name, State(Status.FAILED, "its cluster is not in the kubeconfig"))
        return Cluster(context.name, State(Status.READY), endpoint=cluster.text("server"))
