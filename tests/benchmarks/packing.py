"""Packing of random apps: how long it takes, and how far it is from the bound that none can beat."""

from __future__ import annotations

import random
import time

from clouddeploy.prices.allocatable import Room
from clouddeploy.prices.packing import Pod, lower_bound, pack

ROOMS = {
    "2 vCPU, 4 GiB": Room(1730, 3046, 15),
    "4 vCPU, 8 GiB": Room(3720, 5849, 107),
    "8 vCPU, 32 GiB": Room(7700, 28000, 107),
}


def app(services: int, seed: int) -> list[Pod]:
    """One to five replicas of each service, 20m-1000m CPU and 32-1536 MiB each."""
    chance = random.Random(seed)
    pods: list[Pod] = []
    for number in range(services):
        pod = Pod(chance.randint(20, 1000), chance.randint(32, 1536), f"s{number}")
        pods += [pod] * chance.randint(1, 5)
    return pods


def show(services: int = 1000, apps: int = 5) -> None:
    """Print the slowest and the worst of several apps for each size of node."""
    print(f"\npacking {services} services, worst of {apps} random apps")
    print(f"  {'node':<20}{'seconds':>9}{'nodes':>8}{'bound':>8}{'over':>8}")
    for title, room in ROOMS.items():
        rows = []
        for seed in range(apps):
            pods = app(services, seed)
            start = time.perf_counter()
            packing = pack(pods, room)
            seconds = time.perf_counter() - start
            assert packing is not None
            rows.append(
                (len(packing.nodes) / lower_bound(pods, room), seconds, packing, lower_bound(pods, room))
            )
        over, _, packing, low = max(rows, key=lambda row: row[0])
        slowest = max(row[1] for row in rows)
        print(f"  {title:<20}{slowest:>9.3f}{len(packing.nodes):>8}{low:>8}{over - 1:>8.1%}")
