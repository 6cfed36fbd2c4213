"""Loopback ports of the bench, chosen when it first comes up and kept for its life."""

from __future__ import annotations

import json

from clouddeploy.emulator.server import free_port
from tests.live.bench import places


def port(name: str) -> int:
    """The port of a part; a free one the first time it is asked for."""
    file = places.state() / "ports.json"
    ports: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
    if name not in ports:
        ports[name] = _unused(set(ports.values()))
        places.write(file, json.dumps(ports, indent=1))
    return ports[name]


def _unused(taken: set[int]) -> int:
    while (found := free_port()) in taken:
        pass
    return found
