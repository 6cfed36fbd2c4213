"""Prices in USD per month. The API tells those of sizes; these serve where nothing may be asked.

DigitalOcean's prices are the same in every region. Dated per line; sources:

- nodes: GET /v2/sizes as quoted by `doctl compute size list`, 2026-09-15, and
  https://www.digitalocean.com/pricing/droplets, 2026-09-18 to 2026-10-03
- control plane: https://docs.digitalocean.com/products/kubernetes/details/pricing/, 2026-09-18
- registry: https://docs.digitalocean.com/products/container-registry/details/pricing/, 2026-08-07
- load balancers and volumes: https://www.digitalocean.com/pricing, 2026-09-27
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from clouddeploy.contract import ClusterSpec, Cost
from clouddeploy_digitalocean.choose import CPUS, MEMORY_GIB, NODES

HA_CONTROL_PLANE = Decimal(40)
LOAD_BALANCER = Decimal(12)  # for each of its nodes
VOLUME_GIB = Decimal("0.10")
REGISTRY: Mapping[str, Decimal] = {"starter": Decimal(0), "basic": Decimal(5), "professional": Decimal(20)}

NODES_MONTHLY: Mapping[str, tuple[int, int, Decimal]] = {
    "s-1vcpu-2gb": (1, 2, Decimal(12)),
    "s-2vcpu-2gb": (2, 2, Decimal(18)),
    "s-2vcpu-4gb": (2, 4, Decimal(24)),
    "s-2vcpu-4gb-amd": (2, 4, Decimal(28)),
    "s-2vcpu-4gb-120gb-intel": (2, 4, Decimal(32)),
    "s-2vcpu-8gb-amd": (2, 8, Decimal(42)),
    "c-2": (2, 4, Decimal(42)),
    "s-4vcpu-8gb": (4, 8, Decimal(48)),
    "c-4": (4, 8, Decimal(84)),
    "s-4vcpu-16gb-amd": (4, 16, Decimal(84)),
    "m-2vcpu-16gb": (2, 16, Decimal(84)),
    "s-8vcpu-16gb": (8, 16, Decimal(96)),
    "g-4vcpu-16gb": (4, 16, Decimal(126)),
}
"""vCPU, GiB and price of a Droplet."""


def costs(spec: ClusterSpec, tier: str) -> Sequence[Cost]:
    """Control plane, nodes and registry plan, and what a load balancer would add."""
    count = NODES if spec.nodes is None else spec.nodes
    size, each = node_price(spec)
    plane = HA_CONTROL_PLANE if spec.ha else Decimal(0)
    return (
        Cost("control plane", plane, "highly available" if spec.ha else "not highly available"),
        Cost("nodes", each * count if each is not None else None, f"{count} x {size}", size, count),
        Cost("registry plan", REGISTRY.get(tier or "starter"), tier or "starter"),
        Cost("load balancer", LOAD_BALANCER, "for each service that is exposed"),
    )


def node_price(spec: ClusterSpec) -> tuple[str, Decimal | None]:
    """Size and price of one node; None for a size whose price is not known here."""
    if spec.machine:
        known = NODES_MONTHLY.get(spec.machine)
        return spec.machine, known[2] if known else None
    cpus, memory = spec.cpus or CPUS, spec.memory_gib or MEMORY_GIB
    fitting = [
        (price, slug)
        for slug, (has_cpus, has_memory, price) in NODES_MONTHLY.items()
        if has_cpus >= cpus and has_memory >= memory
    ]
    if not fitting:
        return f"{cpus} vCPU, {memory} GiB", None
    price, slug = min(fitting)
    return slug, price
