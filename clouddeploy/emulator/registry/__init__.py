"""An OCI registry: the whole distribution specification, strict, on disk, behind any login.

A WSGI application for `clouddeploy.emulator.server`. It refuses what the specification lets
a registry refuse: https://github.com/opencontainers/distribution-spec/blob/main/spec.md
"""

from __future__ import annotations

from clouddeploy.emulator.registry.access import Access, Authorize, anonymous, basic
from clouddeploy.emulator.registry.app import OciRegistry
from clouddeploy.emulator.registry.faulty import Faulty
from clouddeploy.emulator.registry.ledger import Commit, Entry, Ledger
from clouddeploy.emulator.registry.profiles import (
    ACR,
    DISTRIBUTION,
    DOCR,
    ECR,
    GAR,
    PLAIN,
    PROFILES,
    SPEC,
    Profile,
)
from clouddeploy.emulator.registry.script import Fault
from clouddeploy.emulator.registry.storage import ManifestRecord
from clouddeploy.emulator.registry.tokens import TokenServer

__all__ = [
    "ACR",
    "DISTRIBUTION",
    "DOCR",
    "ECR",
    "GAR",
    "PLAIN",
    "PROFILES",
    "SPEC",
    "Access",
    "Authorize",
    "Commit",
    "Entry",
    "Fault",
    "Faulty",
    "Ledger",
    "ManifestRecord",
    "OciRegistry",
    "Profile",
    "TokenServer",
    "anonymous",
    "basic",
]
