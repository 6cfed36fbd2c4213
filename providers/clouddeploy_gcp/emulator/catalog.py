"""What the emulated cloud offers: regions, machine types, versions, quotas."""

from __future__ import annotations

import re
from collections.abc import Mapping

_OTHER_ZONES = {"europe-west1": "bcd", "us-central1": "abcf", "us-east1": "bcd"}
_REGIONS = """
africa-south1 asia-east1 asia-east2 asia-northeast1 asia-northeast2 asia-northeast3 asia-south1 asia-south2
asia-southeast1 asia-southeast2 australia-southeast1 australia-southeast2 europe-central2 europe-north1
europe-north2 europe-southwest1 europe-west1 europe-west2 europe-west3 europe-west4 europe-west6 europe-west8
europe-west9 europe-west10 europe-west12 me-central1 me-central2 me-west1 northamerica-northeast1
northamerica-northeast2 northamerica-south1 southamerica-east1 southamerica-west1 us-central1 us-east1
us-east4 us-east5 us-south1 us-west1 us-west2 us-west3 us-west4
"""

REGIONS: Mapping[str, str] = {region: _OTHER_ZONES.get(region, "abc") for region in _REGIONS.split()}
"""Regions and the letters of their zones. Source: Compute Engine documentation, "Regions and zones"."""

MACHINES: Mapping[str, tuple[int, int, str]] = {
    "e2-micro": (2, 1024, "shared"),
    "e2-small": (2, 2048, "shared"),
    "e2-medium": (2, 4096, "shared"),
    "e2-highcpu-2": (2, 2048, ""),
    "e2-standard-2": (2, 8192, ""),
    "e2-highmem-2": (2, 16384, ""),
    "e2-highcpu-4": (4, 4096, ""),
    "e2-standard-4": (4, 16384, ""),
    "e2-highcpu-8": (8, 8192, ""),
    "e2-standard-8": (8, 32768, ""),
    "e2-standard-16": (16, 65536, ""),
    "n1-standard-2": (2, 7680, ""),
    "n2-standard-2": (2, 8192, ""),
    "n2d-standard-2": (2, 8192, ""),
    "n2d-standard-4": (4, 16384, ""),
    "n4-standard-2": (2, 8192, ""),
    "t2a-standard-2": (2, 8192, "ARM64"),
}
"""vCPUs, MiB, and what is special: shared cores, another architecture."""

IMAGE_TYPES = ("COS_CONTAINERD", "UBUNTU_CONTAINERD")
DISK_TYPES = ("pd-standard", "pd-balanced", "pd-ssd", "pd-extreme", "hyperdisk-balanced", "hyperdisk-extreme")
_HYPERDISK_ONLY = {"n4"}
_NO_HYPERDISK = {"e2", "n1", "n2", "n2d", "t2a"}

DEFAULT_VERSION = "1.33.5-gke.1308000"
CHANNELS: Mapping[str, tuple[str, ...]] = {
    "RAPID": ("1.35.0-gke.1403000", "1.34.2-gke.1100000"),
    "REGULAR": ("1.34.1-gke.2541000", "1.33.5-gke.1308000", "1.33.4-gke.1350000", "1.32.9-gke.1207000"),
    "EXTENDED": (
        *("1.34.1-gke.2541000", "1.33.5-gke.1308000", "1.33.4-gke.1350000"),
        *("1.32.9-gke.1207000", "1.31.13-gke.1095000"),
    ),
    "STABLE": ("1.33.4-gke.1350000", "1.32.9-gke.1207000", "1.31.13-gke.1095000"),
}
DEFAULTS: Mapping[str, str] = {
    "RAPID": "1.34.2-gke.1100000",
    "REGULAR": DEFAULT_VERSION,
    "EXTENDED": DEFAULT_VERSION,
    "STABLE": "1.32.9-gke.1207000",
}
VERSIONS = sorted({one for channel in CHANNELS.values() for one in channel}, reverse=True)

QUOTAS: Mapping[str, float] = {
    "CPUS": 24,
    "N2_CPUS": 24,
    "N2D_CPUS": 24,
    "T2D_CPUS": 24,
    "CPUS_ALL_REGIONS": 32,
    "INSTANCES": 72,
    "IN_USE_ADDRESSES": 8,
    "STATIC_ADDRESSES": 8,
    "SSD_TOTAL_GB": 500,
    "HDB_TOTAL_GB": 500,
    "DISKS_TOTAL_GB": 4096,
}

MULTI_REGIONS = ("us", "europe", "asia")
"""Where Artifact Registry has repositories beside the regions."""

_ZONE = re.compile(r"(.+[0-9])-([a-z])")


def region_of(location: str) -> str | None:
    """The region of a region or zone; None for a place that does not exist."""
    if location in REGIONS:
        return location
    match = _ZONE.fullmatch(location)
    return match[1] if match and match[2] in REGIONS.get(match[1], "") else None


def has_place(api: str, location: str) -> bool:
    """Whether an API has a location."""
    if api == "artifacts":
        return location in REGIONS or location in MULTI_REGIONS
    return region_of(location) is not None


def zones_of(region: str) -> list[str]:
    """The zones of a region."""
    return [f"{region}-{letter}" for letter in REGIONS[region]]


def cpu_quota(machine: str) -> str:
    """The quota that a machine type's vCPUs count against."""
    family = machine.partition("-")[0].upper()
    return f"{family}_CPUS" if f"{family}_CPUS" in QUOTAS else "CPUS"


def takes_disk(machine: str, disk: str) -> bool:
    """Whether a machine type boots from a disk type. Source: Compute Engine documentation, "Hyperdisk"."""
    family = machine.partition("-")[0]
    return family not in (_NO_HYPERDISK if disk.startswith("hyperdisk") else _HYPERDISK_ONLY)


def disk_quota(disk: str) -> str:
    """The quota that a disk type counts against."""
    if disk == "pd-standard":
        return "DISKS_TOTAL_GB"
    return "HDB_TOTAL_GB" if disk.startswith("hyperdisk") else "SSD_TOTAL_GB"
