"""How many moments there are in which a run of `cluster create` or `cluster delete` is cut off by a test.

Each cloud's own test has a case for every point counted here, and keeps its list of writes equal to
what a whole life of a cluster writes.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.providers.alibaba import test_alibaba_interrupted as alibaba
from tests.providers.aws import life as aws
from tests.providers.digitalocean import test_digitalocean_interrupted as digitalocean
from tests.providers.gcp import test_gcp_interrupted as gcp

_CHANGES = ("kubernetes.update_node_pool", "kubernetes.upgrade_cluster")


def points() -> dict[str, dict[str, int]]:
    """For each cloud, how often a creation or a deletion is cut off, by the way in which it is."""
    kills = len(aws.CREATES) + 1 + len(aws.DELETES) + 1
    writes = {
        "alibaba": len(alibaba.CREATES) + len(alibaba.DELETES),
        "digitalocean": sum(name not in _CHANGES for name, _ in digitalocean.LIFE),
        "gcp": sum(not path.endswith("setSize") and verb != "PUT" for verb, path, _ in gcp.LIFE),
    }
    return {
        "alibaba": dict.fromkeys(alibaba.WAYS, writes["alibaba"]),
        "aws": {"killed": kills, "lost": len(aws.CREATES) + len(aws.DELETES)},
        "digitalocean": dict.fromkeys(digitalocean.WAYS, writes["digitalocean"]),
        "gcp": dict.fromkeys(gcp.WAYS, writes["gcp"]),
    }


def test_a_run_is_cut_off_at_more_than_150_points(record_property: Callable[[str, object], None]) -> None:
    found = points()
    for cloud, ways in found.items():
        told = f"{cloud}: {sum(ways.values())} ({', '.join(f'{way} {n}' for way, n in ways.items())})"
        record_property("crash points", told)
        print(told)
    assert sum(sum(ways.values()) for ways in found.values()) >= 150
