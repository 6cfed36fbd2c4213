"""What a cluster's controllers make in its cloud: load balancers and disks."""

from __future__ import annotations

from typing import Protocol

from clouddeploy.emulator.balancers import Balancers
from clouddeploy.emulator.kubernetes.storage import Disks


class Attached(Balancers, Disks, Protocol):
    """The load balancers and disks of one cluster, in the account where they are billed."""
