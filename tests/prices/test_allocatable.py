"""What a node leaves to pods, against the figures that the vendors and their code print."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from clouddeploy.prices.allocatable import Room, ack, doks, eks, gke
from clouddeploy.prices.catalog import Machine, bundled

CATALOG = bundled()


def machine(provider: str, name: str, region: str) -> Machine:
    return next(one for one in CATALOG.machines(provider, region) if one.name == name)


@pytest.mark.parametrize(
    ("name", "room"),
    [
        ("t3.medium", Room(1930, 3246, 17)),
        ("t4g.medium", Room(1930, 3187, 17)),
        ("c7i.large", Room(1930, 3114, 29)),
        ("m7i.large", Room(1930, 6903, 29)),
    ],
)
def test_eks_as_the_ami_reserves(name: str, room: Room) -> None:
    assert eks(machine("aws", name, "us-east-1")) == room


@pytest.mark.parametrize(
    ("name", "cpus", "memory_gib", "pods", "room"),
    [
        ("c7a.medium", 1, 2, 8, Room(940, 1451, 8)),
        ("m4.large", 2, 8, 20, Room(1930, 7002, 20)),
        ("c7i.4xlarge", 16, 32, 234, Room(15890, 27381, 110)),
        ("c7i.8xlarge", 32, 64, 234, Room(31850, 57691, 234)),
        ("c7i.16xlarge", 64, 128, 737, Room(63770, 112779, 250)),
    ],
)
def test_eks_keeps_memory_for_every_address_and_gives_a_managed_group_110_or_250_pods(
    name: str, cpus: int, memory_gib: int, pods: int, room: Room
) -> None:
    row = machine("aws", "c7i.large", "us-east-1").row
    assert eks(Machine(replace(row, sku=name), cpus, Decimal(memory_gib), "amd64", "dedicated", pods)) == room


@pytest.mark.parametrize(
    ("name", "cpu", "memory"),
    [
        ("e2-medium", 940, 2972),
        ("e2-standard-2", 1930, 6248),
        ("e2-highcpu-4", 3920, 2972),
        ("e2-highcpu-2", 1930, 1436),
    ],
)
def test_gke_as_its_page_says(name: str, cpu: int, memory: int) -> None:
    assert gke(machine("gcp", name, "us-east1")) == Room(cpu, memory, 110)


def test_a_shared_core_of_gke_leaves_less_than_one_cpu() -> None:
    assert gke(machine("gcp", "e2-small", "us-east1")).cpu == 940


@pytest.mark.parametrize(
    ("name", "memory"), [("s-1vcpu-2gb", 1024), ("s-2vcpu-4gb", 2560), ("s-8vcpu-16gb", 13312)]
)
def test_doks_as_its_table_says(name: str, memory: int) -> None:
    assert doks(machine("digitalocean", name, "nyc1")).memory == memory


def test_ack_takes_the_smaller_of_the_text_and_the_vendors_example() -> None:
    assert ack(machine("alibaba", "ecs.e-c1m2.xlarge", "us-east-1")) == Room(3920, 6048, 110)


def test_nothing_is_left_below_zero() -> None:
    assert Room(100, 100, 1).less(200, 50, 3) == Room(0, 50, 0)
