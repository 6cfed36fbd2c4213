"""What the user wrote, checked and complete: the input of everything downstream."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from clouddeploy.seam.target import TargetSettings

ALL = "all"
"""What `--to` calls every target; no target can have this name."""


@dataclass(frozen=True)
class Build:
    """How to build an image. Paths are absolute; `target` is a stage name of the Dockerfile."""

    context: Path
    dockerfile: Path
    target: str | None = None
    args: Mapping[str, str] = field(default_factory=dict)
    platform: str = "linux/amd64"


@dataclass(frozen=True)
class Health:
    """A health check: an HTTP `path` on the service's port, or a `command` run in the container.

    Times are seconds. `start_period` is how long a starting container may fail without harm.
    """

    path: str | None = None
    command: Sequence[str] = ()
    interval: float = 10
    timeout: float = 3
    retries: int = 3
    start_period: float = 0


@dataclass(frozen=True)
class Expose:
    """Reachable from outside the cluster: through a load balancer, or at a host name by Ingress."""

    host: str | None = None
    path: str = "/"
    tls: bool = False


@dataclass(frozen=True)
class Resources:
    """What one replica asks for: CPU in millicores, memory in MiB; None leaves it out."""

    cpu: int | None = None
    memory: int | None = None


@dataclass(frozen=True)
class Volume:
    """A disk that outlives the containers of its service; `mount` is a folder in them, `size` in GiB."""

    name: str
    mount: str
    size: int


def claim_name(service: str, volume: Volume) -> str:
    """What a service's volume is called in the cluster, in its namespace."""
    return f"{service}-{volume.name}"


@dataclass(frozen=True)
class Service:
    """One container image and how it runs. Exactly one of build, image, image_of is set."""

    name: str
    build: Build | None = None
    image: str | None = None
    image_of: str | None = None
    command: Sequence[str] = ()
    port: int | None = None
    health: Health | None = None
    replicas: int = 1
    resources: Resources = Resources()
    env: Mapping[str, str] = field(default_factory=dict)
    expose: Expose | None = None
    volumes: Sequence[Volume] = ()


@dataclass(frozen=True)
class Target:
    """A named place to deploy to, with this target's own variants of the services."""

    settings: TargetSettings
    namespace: str
    services: Sequence[Service]


@dataclass(frozen=True)
class Inferred:
    """A value that nobody wrote: which key got it, and from where ("Dockerfile:7 EXPOSE")."""

    key: str
    value: str
    source: str


@dataclass(frozen=True)
class App:
    """Services and the targets they go to.

    `root` is the absolute folder of the config (or Dockerfile); `templates` the project's own
    template folder; `rollout_timeout` is in seconds; `source` is the file that was read.
    `defaults` is what a target has that says nothing itself; its name and provider are empty.
    """

    name: str
    root: Path
    source: Path
    services: Sequence[Service]
    targets: Mapping[str, Target]
    templates: Path | None = None
    rollout_timeout: float = 600
    defaults: TargetSettings | None = None
    inferred: Sequence[Inferred] = ()
