"""What the app asks of a cloud: pods, volumes, load balancers, traffic, images; and the wishes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import ROUND_UP, Decimal

from clouddeploy.app.model import App, Service
from clouddeploy.errors import ConfigError
from clouddeploy.prices.packing import Pod

DEFAULT_CPU = 100
"""Millicores of a service that requests none."""

DEFAULT_MEMORY = 128
"""MiB of a service that requests none."""

MOST_REPLICAS = 10_000
"""More pods of one size than that are no app, and would take long to pack."""

_IMAGES = "1 GB for each image that was not built here"


@dataclass(frozen=True)
class Demand:
    """Sizes that are billed. GiB per volume, GB per month of egress, GB of images.

    `single` are the services that have no more than one replica, because they have volumes. `assumed` are
    sentences about values that nobody wrote.
    """

    name: str
    pods: tuple[Pod, ...]
    load_balancers: int = 0
    volumes: tuple[int, ...] = ()
    egress_gb: Decimal = Decimal(0)
    registry_gb: Decimal = Decimal(0)
    repositories: int = 1
    single: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()

    @property
    def cpu(self) -> int:
        """Millicores of all pods."""
        return sum(pod.cpu for pod in self.pods)

    @property
    def memory(self) -> int:
        """MiB of all pods."""
        return sum(pod.memory for pod in self.pods)


@dataclass(frozen=True)
class Assumptions:
    """What every cluster is taken to have besides the app; CPU in millicores, memory in MiB.

    The DaemonSets and add-ons are planning values without a source: measure them on the first cluster.
    """

    hours: Decimal = Decimal(730)
    daemon_cpu: int = 200
    daemon_memory: int = 200
    daemon_pods: int = 2
    addons: int = 3
    addon_cpu: int = 100
    addon_memory: int = 100
    min_nodes: int = 2
    node_disk_gib: int = 50
    zones: int = 2


@dataclass(frozen=True)
class Wishes:
    """What the cluster must be. `region` is an area (us, eu, sg, seoul) or some cloud's region.

    `sla` is a percentage that the control plane must promise. `machines` pins a cloud's machine type.
    `surge` leaves room for one more pod of the largest service, as a rolling update needs.
    `first` means that the account has no other cluster, so that free tiers apply. `commit` is the
    term of a commitment, 1y or 3y. `auto` has the cloud make the nodes, as EKS Auto Mode does.
    `paid_registry` is the edition with a price, where a registry has one without (ACR).
    """

    region: str = "us"
    arch: str = "amd64"
    spot: bool = False
    ha: bool = False
    private: bool = False
    sla: Decimal | None = None
    version: str | None = None
    surge: bool = True
    first: bool = True
    commit: str | None = None
    auto: bool = False
    paid_registry: bool = False
    machines: Mapping[str, str] = field(default_factory=dict)
    today: date = field(default_factory=date.today)


def from_app(app: App, sizes: Mapping[str, int] | None = None) -> Demand:
    """What the app in this folder asks for; what it does not say is assumed and named.

    `sizes` are the bytes of the images that are known, by service.
    """
    return from_services(app.name, app.services, sizes or {})


def from_services(name: str, services: Sequence[Service], sizes: Mapping[str, int]) -> Demand:
    """What an app's services ask for, or a target's variants of them."""
    assumed: list[str] = []
    pods: list[Pod] = []
    for service in services:
        pods += _pods(service, assumed)
    owners = [service.name for service in services if service.image_of is None]
    unknown = [owner for owner in owners if owner not in sizes]
    if unknown:
        assumed.append(f"{_IMAGES}: {', '.join(unknown)}")
    known = sum(size for owner, size in sizes.items() if owner in owners)
    return Demand(
        name=name,
        pods=tuple(pods),
        load_balancers=_load_balancers(services),
        volumes=tuple(volume.size for service in services for volume in service.volumes),
        registry_gb=len(unknown) + (Decimal(known) / 10**9).quantize(Decimal("0.001"), ROUND_UP),
        repositories=len(owners) or 1,
        single=tuple(service.name for service in services if service.volumes),
        assumed=tuple(assumed),
    )


def from_sizes(cpu: int | None, memory: int | None, replicas: int | None) -> Demand:
    """An app of one service; CPU in millicores, memory in MiB. What is None is assumed and named."""
    if replicas is not None and not 1 <= replicas <= MOST_REPLICAS:
        raise ConfigError(
            f"--replicas: {replicas} replicas are out of range", fix=f"write 1 to {MOST_REPLICAS}"
        )
    missing = {"500m CPU": cpu, "512Mi memory": memory, "1 replica": replicas}
    named = [text for text, given in missing.items() if given is None]
    assumed = [f"{', '.join(named)}: see --cpus, --memory, --replicas"] if named else []
    pod = Pod(500 if cpu is None else cpu, 512 if memory is None else memory, "app")
    pods = (pod,) * (1 if replicas is None else replicas)
    return Demand("app", pods, registry_gb=Decimal(1), assumed=(*assumed, f"{_IMAGES}: app"))


def with_images(demand: Demand, gigabytes: Decimal) -> Demand:
    """With so many GB of images, of which nothing is assumed any more."""
    assumed = tuple(one for one in demand.assumed if not one.startswith(_IMAGES))
    return replace(demand, registry_gb=gigabytes, assumed=assumed)


def scaled(demand: Demand, factor: int) -> Demand:
    """The same app with `factor` times the replicas of every service that may have several."""
    once = tuple(pod for pod in demand.pods if pod.service in demand.single)
    many = tuple(pod for pod in demand.pods if pod.service not in demand.single)
    return replace(demand, pods=many * factor + once)


def _pods(service: Service, assumed: list[str]) -> list[Pod]:
    wanted = service.resources
    if wanted.cpu is None or wanted.memory is None:
        cpu = f"{DEFAULT_CPU}m CPU" if wanted.cpu is None else ""
        memory = f"{DEFAULT_MEMORY}Mi memory" if wanted.memory is None else ""
        missing = " and ".join(filter(None, (cpu, memory)))
        assumed.append(f"{missing} for {service.name}, which requests none")
    cpu_, memory_ = wanted.cpu, wanted.memory
    pod = Pod(
        DEFAULT_CPU if cpu_ is None else cpu_, DEFAULT_MEMORY if memory_ is None else memory_, service.name
    )
    return [pod] * service.replicas


def _load_balancers(services: Sequence[Service]) -> int:
    """One for each service that is exposed without a host; all hosts share one Ingress."""
    exposed = [service.expose for service in services if service.expose]
    return sum(not one.host for one in exposed) + any(one.host for one in exposed)
