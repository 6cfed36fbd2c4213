"""What a provider is told about one target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class ClusterSpec:
    """A cluster in words that every cloud understands.

    `nodes` worker nodes with at least `cpus` vCPUs and `memory_gib` GiB each, or exactly the
    cloud's own `machine` type; None leaves the choice to the provider. `version` is a
    Kubernetes minor such as "1.33".
    """

    name: str
    nodes: int | None = None
    cpus: int | None = None
    memory_gib: int | None = None
    machine: str | None = None
    version: str | None = None
    ha: bool | None = None


@dataclass(frozen=True)
class TargetSettings:
    """What a provider is told about one target; `None` means "infer it".

    `registry` and `options` hold the provider's own keys (`host`, `context`, `project`, …).
    `existing` means that the cluster was made by somebody else and is only used.
    """

    name: str
    provider: str
    cluster: ClusterSpec
    account: str | None = None
    region: str | None = None
    existing: bool = False
    registry: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
