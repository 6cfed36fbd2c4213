"""Pods fit onto nodes as the scheduler would place them, on nearly as few nodes as possible."""

from __future__ import annotations

import random
import time
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clouddeploy.prices.allocatable import Room
from clouddeploy.prices.packing import Packing, Pod, lower_bound, pack

NODE = Room(cpu=1730, memory=3046, pods=15)
PODS = st.lists(
    st.builds(Pod, st.integers(0, 1730), st.integers(0, 3046), st.sampled_from("abc")),
    min_size=1,
    max_size=60,
)


def packed(pods: list[Pod], room: Room = NODE, at_least: int = 1) -> Packing:
    found = pack(pods, room, at_least)
    assert found is not None
    return found


def test_whole_cores_do_not_share_what_division_says_they_could() -> None:
    pods = [Pod(1000, 100, "api")] * 3
    assert lower_bound(pods, NODE) == 2
    assert len(packed(pods).nodes) == 3


def test_a_pod_larger_than_a_node_cannot_be_packed() -> None:
    assert pack([Pod(1000, 64, "api")], Room(940, 2972, 110)) is None
    assert pack([Pod(100, 3000, "api")], Room(940, 2972, 110)) is None
    assert pack([Pod(100, 100, "api")], Room(940, 2972, 0)) is None


def test_the_number_of_pods_is_a_limit_of_its_own() -> None:
    assert len(packed([Pod(0, 0, "idle")] * 31).nodes) == 3


def test_a_cluster_has_at_least_the_nodes_that_were_asked_for() -> None:
    assert packed([Pod(10, 10, "tiny")], at_least=2).nodes == ((Pod(10, 10, "tiny"),), ())


def test_shares_of_the_room_that_is_asked_for() -> None:
    found = packed([Pod(865, 3046, "half")], at_least=2)
    assert (found.cpu_fit, found.memory_fit) == (0.25, 0.5)


@settings(deadline=None)
@given(PODS)
def test_every_pod_is_placed_once_and_no_node_is_overfull(pods: list[Pod]) -> None:
    nodes = packed(pods).nodes
    assert Counter(pod for node in nodes for pod in node) == Counter(pods)
    for node in nodes:
        assert sum(pod.cpu for pod in node) <= NODE.cpu
        assert sum(pod.memory for pod in node) <= NODE.memory
        assert len(node) <= NODE.pods
    assert len(nodes) >= lower_bound(pods, NODE)


@settings(deadline=None)
@given(PODS, st.randoms())
def test_the_order_of_the_input_does_not_matter(pods: list[Pod], chance: random.Random) -> None:
    shuffled = list(pods)
    chance.shuffle(shuffled)
    assert packed(shuffled) == packed(pods)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("room", [NODE, Room(3720, 5849, 107), Room(7700, 28000, 107)])
def test_a_thousand_services_within_five_percent(seed: int, room: Room) -> None:
    chance = random.Random(seed)
    pods = [
        pod
        for number in range(1000)
        for pod in [Pod(chance.randint(20, 1000), chance.randint(32, 1536), f"s{number}")]
        * chance.randint(1, 4)
    ]
    start = time.process_time()
    nodes = packed(pods, room).nodes
    assert time.process_time() - start < 5  # a fifth of a second where nothing else runs: make bench
    assert len(nodes) <= 1.05 * lower_bound(pods, room)
