"""Packing pods onto equal nodes, in CPU, memory and number of pods.

Whether n nodes suffice is a vector bin packing problem (NP-hard). Each node is filled with the pod
that best matches what is left on it (the dot product heuristic of Panigrahy et al., "Heuristics for
Vector Bin Packing", 2011); where that needs more nodes than the lower bound, first-fit-decreasing
in several orders competes with it. Pods of equal size are interchangeable, which keeps it fast.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from clouddeploy.prices.allocatable import Room

_FEW = 1_500
"""Up to so many pods the slower first-fit orders are tried as well."""

Size = tuple[int, int]


@dataclass(frozen=True, order=True)
class Pod:
    """One pod: CPU in millicores, memory in MiB, and the service that it is a replica of."""

    cpu: int
    memory: int
    service: str


@dataclass(frozen=True)
class Packing:
    """Which pods share a node. Empty nodes are real: a cluster has at least so many."""

    room: Room
    nodes: tuple[tuple[Pod, ...], ...]

    @property
    def cpu_fit(self) -> float:
        """The share of the nodes' CPU that is asked for."""
        return self._share(sum(pod.cpu for node in self.nodes for pod in node), self.room.cpu)

    @property
    def memory_fit(self) -> float:
        """The share of the nodes' memory that is asked for."""
        return self._share(sum(pod.memory for node in self.nodes for pod in node), self.room.memory)

    def at_least(self, nodes: int) -> Packing:
        """With empty nodes added until there are so many."""
        return Packing(self.room, self.nodes + ((),) * (nodes - len(self.nodes)))

    def _share(self, asked: int, each: int) -> float:
        return asked / (each * len(self.nodes)) if each and self.nodes else 0.0


def fits(pod: Pod, room: Room) -> bool:
    """Whether a node that is otherwise empty can run the pod."""
    return pod.cpu <= room.cpu and pod.memory <= room.memory and room.pods >= 1


def lower_bound(pods: Sequence[Pod], room: Room) -> int:
    """The number of nodes that no packing can go below: requests over allocatable, rounded up."""
    return bound(sum(pod.cpu for pod in pods), sum(pod.memory for pod in pods), len(pods), room)


def bound(cpu: int, memory: int, pods: int, room: Room) -> int:
    """`lower_bound` from sums."""
    asked = ((cpu, room.cpu), (memory, room.memory), (pods, room.pods))
    return max((math.ceil(want / each) if each else 0) for want, each in asked)


def pack(pods: Sequence[Pod], room: Room, at_least: int = 1) -> Packing | None:
    """The pods on as few nodes as was found; None when one of them is larger than a node."""
    if any(not fits(pod, room) for pod in pods):
        return None
    ordered = sorted(pods, reverse=True)
    sizes = Counter((pod.cpu, pod.memory) for pod in ordered)
    lowest = max(lower_bound(pods, room), at_least)
    best = _by_match(sizes, room)
    if len(best) > lowest and len(pods) <= _FEW:
        for order in _ORDERS:
            other = _first_fit(sizes, room, order)
            best = other if len(other) < len(best) else best
            if len(best) <= lowest:
                break
    return Packing(room, _named(best, ordered, at_least))


def _by_match(sizes: Counter[Size], room: Room) -> list[list[Size]]:
    """Fill one node after another with the pod most like what is left of the node."""
    left, ordered = dict(sizes), sorted(sizes, reverse=True)
    nodes: list[list[Size]] = []
    while ordered:
        node = _filled(left, ordered, room)
        nodes.append(node)
        if any(not left[size] for size in node):
            ordered = [size for size in ordered if left[size]]
    return nodes


def _filled(left: dict[Size, int], ordered: Sequence[Size], room: Room) -> list[Size]:
    """One node's pods, taken out of `left`; `ordered` has the largest CPU first."""
    node: list[Size] = []
    cpu, memory = room.cpu, room.memory
    # an axis weighs what is free on it, in shares of the whole node
    scale_cpu, scale_memory = max(room.cpu, 1) ** 2, max(room.memory, 1) ** 2
    while len(node) < room.pods:
        best = _match(left, ordered, (cpu, memory), (cpu / scale_cpu, memory / scale_memory))
        if best is None:
            break
        left[best] -= 1
        node.append(best)
        cpu, memory = cpu - best[0], memory - best[1]
    return node


def _match(
    left: dict[Size, int], ordered: Sequence[Size], free: Size, weights: tuple[float, float]
) -> Size | None:
    """The pod with the greatest weight of those that fit into what is free."""
    (cpu, memory), (x, y) = free, weights
    best, most, limit = None, -1.0, memory * y
    # the first one whose CPU fits: what comes before it has more
    start = bisect_left(ordered, -cpu, key=lambda size: -size[0])
    for size in islice(ordered, start, None):
        if size[1] > memory or not left[size]:
            continue
        # from here on CPU only falls, and no pod has more memory than is free
        if size[0] * x + limit < most:
            break
        score = size[0] * x + size[1] * y
        if score > most:
            best, most = size, score
    return best


def _first_fit(sizes: Counter[Size], room: Room, order: Callable[[Size, Room], float]) -> list[list[Size]]:
    """First-fit-decreasing: the largest pod first, each to the first node with room."""
    nodes: list[list[Size]] = []
    free: list[list[int]] = []
    for size in sorted(sizes, key=lambda size: (order(size, room), size), reverse=True):
        at = 0
        for _ in range(sizes[size]):
            # an equal pod cannot fit where the one before it did not
            while at < len(nodes) and not _has_room(free[at], size):
                at += 1
            if at == len(nodes):
                nodes.append([])
                free.append([room.cpu, room.memory, room.pods])
            nodes[at].append(size)
            free[at] = [free[at][0] - size[0], free[at][1] - size[1], free[at][2] - 1]
    return nodes


def _has_room(free: Sequence[int], size: Size) -> bool:
    return size[0] <= free[0] and size[1] <= free[1] and free[2] >= 1


def _share(size: Size, room: Room) -> tuple[float, float]:
    return size[0] / max(room.cpu, 1), size[1] / max(room.memory, 1)


_ORDERS: tuple[Callable[[Size, Room], float], ...] = (
    lambda size, room: max(_share(size, room)),
    lambda size, room: sum(_share(size, room)),
    lambda size, _: size[0],
    lambda size, _: size[1],
)


def _named(
    nodes: Sequence[Sequence[Size]], pods: Sequence[Pod], at_least: int
) -> tuple[tuple[Pod, ...], ...]:
    waiting: dict[Size, list[Pod]] = {}
    for pod in pods:
        waiting.setdefault((pod.cpu, pod.memory), []).append(pod)
    filled = [tuple(waiting[size].pop() for size in node) for node in nodes]
    return tuple(filled + [()] * (at_least - len(filled)))
