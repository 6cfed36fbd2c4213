"""What ACR keeps about instances and repositories."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field


@dataclass
class InstanceRecord:
    """A registry instance that somebody has bought."""

    id: str
    name: str
    status: str = "RUNNING"
    public: bool = True
    entries: list[str] = field(default_factory=lambda: ["0.0.0.0/0"])

    def lets_in(self, address: str) -> bool:
        """Whether an address gets through: a new instance lets nobody in."""
        running = self.public and self.status == "RUNNING"
        client = ipaddress.ip_address(address)
        return running and any(client in ipaddress.ip_network(one, strict=False) for one in self.entries)


@dataclass
class RepositoryRecord:
    """A repository of an instance."""

    id: str
    namespace: str
    name: str
    kind: str
    summary: str
    immutable: bool
    created: int
