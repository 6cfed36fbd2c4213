"""What the emulated DigitalOcean offers. Prices as of 2026-09 (see `clouddeploy_digitalocean.costs`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

REGIONS: Mapping[str, str] = {
    "nyc1": "New York 1",
    "nyc3": "New York 3",
    "ams3": "Amsterdam 3",
    "sfo2": "San Francisco 2",
    "sfo3": "San Francisco 3",
    "sgp1": "Singapore 1",
    "lon1": "London 1",
    "fra1": "Frankfurt 1",
    "tor1": "Toronto 1",
    "blr1": "Bangalore 1",
    "syd1": "Sydney 1",
}
VERSIONS = ("1.36.1-do.0", "1.35.4-do.0", "1.35.3-do.1", "1.34.7-do.0")
"""Newest first, as the API has them; a patch that is not the newest is still offered for a while."""

_FEATURES = ["cluster-autoscaler", "docr-integration", "token-authentication"]

SIZES: Mapping[str, tuple[int, int, int]] = {
    "s-1vcpu-1gb": (1, 1, 6),
    "s-1vcpu-2gb": (1, 2, 12),
    "s-2vcpu-2gb": (2, 2, 18),
    "s-2vcpu-4gb": (2, 4, 24),
    "s-2vcpu-4gb-amd": (2, 4, 28),
    "s-2vcpu-8gb-amd": (2, 8, 42),
    "c-2": (2, 4, 42),
    "s-4vcpu-8gb": (4, 8, 48),
    "s-4vcpu-16gb-amd": (4, 16, 84),
    "c-4": (4, 8, 84),
    "m-2vcpu-16gb": (2, 16, 84),
    "s-8vcpu-16gb": (8, 16, 96),
    "g-4vcpu-16gb": (4, 16, 126),
    "gpu-4000adax1-20gb": (8, 32, 567),
}
"""vCPU, GiB, USD a month."""

_NOT_FOR_NODES = {"s-1vcpu-1gb"}
_NOT_IN = {"sfo2": {"c-2", "c-4", "g-4vcpu-16gb", "m-2vcpu-16gb"}}

TIERS: Mapping[str, dict[str, Any]] = {
    "starter": {
        "name": "Starter",
        "slug": "starter",
        "included_repositories": 1,
        "included_storage_bytes": 524288000,
        "allow_storage_overage": False,
        "included_bandwidth_bytes": 524288000,
        "monthly_price_in_cents": 0,
    },
    "basic": {
        "name": "Basic",
        "slug": "basic",
        "included_repositories": 5,
        "included_storage_bytes": 5368709120,
        "allow_storage_overage": True,
        "included_bandwidth_bytes": 5368709120,
        "monthly_price_in_cents": 500,
        "storage_overage_price_in_cents": 2,
    },
    "professional": {
        "name": "Professional",
        "slug": "professional",
        "included_repositories": 0,
        "included_storage_bytes": 107374182400,
        "allow_storage_overage": True,
        "included_bandwidth_bytes": 107374182400,
        "monthly_price_in_cents": 2000,
        "storage_overage_price_in_cents": 2,
    },
}

REGISTRIES = {"starter": 1, "basic": 1, "professional": 10}
"""How many registries an account may have, by plan.

Source: https://docs.digitalocean.com/products/container-registry/details/limits/, 2026-06.
"""


def sizes() -> list[dict[str, Any]]:
    """As GET /v2/sizes shows them."""
    return [_size(slug) for slug in SIZES]


def options() -> dict[str, Any]:
    """As GET /v2/kubernetes/options shows them."""
    return {
        "regions": [{"name": name, "slug": slug} for slug, name in REGIONS.items()],
        "versions": [version(slug) for slug in VERSIONS],
        "sizes": [{"name": slug, "slug": slug} for slug in SIZES if slug not in _NOT_FOR_NODES],
    }


def version(slug: str) -> dict[str, Any]:
    return {
        "slug": slug,
        "kubernetes_version": slug.partition("-")[0],
        "supported_features": list(_FEATURES),
    }


def find_version(wanted: str) -> str | None:
    """A slug, the newest of a minor such as `1.35`, or `latest`; None for what is not offered."""
    if wanted == "latest":
        return VERSIONS[0]
    return next((slug for slug in VERSIONS if wanted in (slug, ".".join(slug.split(".")[:2]))), None)


def upgrades(current: str) -> list[str]:
    """The newest patch of the same minor and of the next one."""
    minor = int(current.split(".")[1])
    found = [_newest(minor), _newest(minor + 1)]
    return [slug for slug in found if slug and _order(slug) > _order(current)]


def node_sizes(region: str) -> set[str]:
    return {one["slug"] for one in sizes() if region in one["regions"]} - _NOT_FOR_NODES


def _newest(minor: int) -> str | None:
    fitting = [slug for slug in VERSIONS if slug.startswith(f"1.{minor}.")]
    return max(fitting, key=_order, default=None)


def _order(slug: str) -> tuple[int, ...]:
    return tuple(int(part) for part in slug.replace("-do.", ".").split("."))


def _size(slug: str) -> dict[str, Any]:
    cpus, memory, monthly = SIZES[slug]
    shown: dict[str, Any] = {
        "slug": slug,
        "memory": memory * 1024,
        "vcpus": cpus,
        "disk": 25 * max(1, memory),
        "transfer": 1.0,
        "price_monthly": float(monthly),
        "price_hourly": round(monthly / 672, 5),
        "regions": sorted(region for region in REGIONS if slug not in _NOT_IN.get(region, set())),
        "available": True,
        "description": "GPU" if slug.startswith("gpu") else "Basic",
    }
    if slug.startswith("gpu"):
        shown["gpu_info"] = {"count": 1, "model": "nvidia_rtx4000_ada", "vram": {"amount": 20, "unit": "gib"}}
    return shown
