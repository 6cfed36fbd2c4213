"""ECS instance types by their names, and which of them a cluster's nodes get.

A name says the size: `ecs.c9i.xlarge` has 4 vCPUs and, as a `c` family, 2 GiB for each; `ecs.u1-c1m4.xlarge`
spells it out. Source: ECS documentation, "Classification and naming of instance types".
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from clouddeploy.contract import ClusterSpec
from clouddeploy.errors import ConfigError

CPUS, MEMORY = 4, 8
"""What ACK asks of a node at least, in vCPUs and GiB. Source: ACK documentation, "Limits"."""

_NAME = re.compile(
    r"ecs\.(?P<family>[a-z]+)(?P<generation>\d+)?(?P<variant>[a-z]*)(-c1m(?P<ratio>\d+))?\.(?P<size>\w+)"
)
_RATIOS = {"c": 2, "g": 4, "r": 8}
"""GiB for each vCPU, by family: compute optimised, general purpose, memory optimised."""
_SUPPORTED = {"c", "g", "r", "u", "e"}
"""No burstable ones (t), whose credits run out under a kubelet, and nothing with local disks or GPUs."""
_PLAIN = {"", "a", "i", "e", "ae", "se", "ne"}
"""Variants with x86 processors: not `y` and `r`, which are ARM."""


@dataclass(frozen=True, order=True)
class Machine:
    """An instance type; orders by size, memory in GiB."""

    cpus: int
    memory: int
    name: str

    @classmethod
    def parse(cls, name: str) -> Machine | None:
        """What a name says; None for a family whose names say too little, or that nodes do not get."""
        match = _NAME.fullmatch(name)
        cpus = _cpus(match["size"]) if match else None
        if match is None or cpus is None or match["family"] not in _SUPPORTED:
            return None
        ratio = int(match["ratio"]) if match["ratio"] else _RATIOS.get(match["family"])
        if ratio is None or match["variant"] not in _PLAIN:
            return None
        return cls(cpus, cpus * ratio, name)


def choose(offered: Iterable[str], spec: ClusterSpec, prices: Iterable[str] = ()) -> str:
    """The smallest fitting instance type of those offered, one with a known price first.

    Raises ConfigError, naming the nearest one, when the wanted type is not offered or none fits.
    """
    names = sorted(set(offered))
    if spec.machine:
        return _wanted(spec.machine, names)
    cpus, memory = max(spec.cpus or 0, CPUS), max(spec.memory_gib or 0, MEMORY)
    machines = [machine for machine in map(Machine.parse, names) if machine]
    known = list(prices)
    fitting = [one for one in machines if one.cpus >= cpus and one.memory >= memory]
    if fitting:
        smallest = min(fitting, key=lambda one: (one.cpus, one.memory, _rank(one.name, known), one.name))
        return smallest.name
    largest = max(machines).name if machines else "none"
    raise ConfigError(
        f"no instance type here has {cpus} vCPUs and {memory} GiB",
        fix=f"ask for less; the largest is {largest}",
    )


def _wanted(name: str, offered: list[str]) -> str:
    if name in offered:
        return name
    near = difflib.get_close_matches(name, offered, n=3, cutoff=0.4)
    raise ConfigError(
        f"the instance type {name} is not offered here",
        fix=f"did you mean {', '.join(near)}?" if near else "leave machine out, or see the ECS console",
    )


def _rank(name: str, known: list[str]) -> int:
    return known.index(name) if name in known else len(known)


def _cpus(size: str) -> int | None:
    match size:
        case "large":
            return 2
        case "xlarge":
            return 4
    times = re.fullmatch(r"(\d+)xlarge", size)
    return 4 * int(times[1]) if times else None
