"""One cloud, connected to one target."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from clouddeploy.seam.account import Doctor, Identity, Inventory
from clouddeploy.seam.cluster import Clusters, Nodes, Provisioner, Step
from clouddeploy.seam.registry import Images, Registry
from clouddeploy.seam.target import TargetSettings


@dataclass(frozen=True)
class Traits:
    """What Kubernetes manifests need to be right on this cloud.

    Without a `storage_class` volumes are of the cluster's default class. A `storage_provisioner` says
    that a cluster has no such class at first: it is made, with these parameters, for apps with volumes.
    """

    ingress_class: str | None = None
    ingress_annotations: Mapping[str, str] = field(default_factory=dict)
    load_balancer_annotations: Mapping[str, str] = field(default_factory=dict)
    storage_class: str | None = None
    storage_provisioner: str | None = None
    storage_parameters: Mapping[str, str] = field(default_factory=dict)
    min_volume_gib: int = 1


@dataclass(frozen=True)
class Provider:
    """One cloud, connected to one target. A missing ability is None, visible in the type.

    `cluster` is the name under which `clusters` knows the target's cluster. `chosen_by` names the
    environment variables that say which account is meant, never credentials: a kubeconfig
    keeps their values for the command that mints its tokens. `room` raises PreconditionError when the
    registry's plan cannot hold all of these repositories beside those that are there; it changes nothing.
    `let_pull` gives the step that is READY once a cluster may pull from the target's registry, also a
    cluster that others made: it only adds, and is never asked to delete. Its PreconditionError carries the
    command by which a person lets it. None where clusters pull by themselves, or nobody can let them.
    """

    name: str
    identity: Callable[[], Identity]
    registry: Registry
    clusters: Clusters
    traits: Traits
    cluster: str = ""
    chosen_by: Sequence[str] = ()
    provisioner: Provisioner | None = None
    nodes: Nodes | None = None
    doctor: Doctor | None = None
    images: Images | None = None
    inventory: Inventory | None = None
    room: Callable[[Sequence[str]], None] | None = None
    let_pull: Callable[[str], Step] | None = None


class Connect(Protocol):
    """What a `clouddeploy.providers` entry point names."""

    def __call__(self, target: TargetSettings, /) -> Provider: ...
