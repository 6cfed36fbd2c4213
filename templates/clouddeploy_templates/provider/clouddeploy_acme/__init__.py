"""Acme: its registry and its Kubernetes clusters."""

from __future__ import annotations

from clouddeploy.contract import Provider, TargetSettings, Traits
from clouddeploy.errors import ConfigError

from .clusters import AcmeClusters
from .doctor import AcmeDoctor
from .inventory import AcmeInventory
from .nodes import AcmeNodes
from .provisioner import AcmeProvisioner
from .registry import AcmeRegistry
from .session import Session

KEYS = ("project",)


def connect(target: TargetSettings) -> Provider:
    """The target's facets. Raises ConfigError for a key that Acme does not know."""
    for key in {*target.options, *target.registry}.difference(KEYS):
        raise ConfigError(f"acme knows no key {key}", fix=f"use one of: {', '.join(KEYS)}")
    session = Session(target)
    return Provider(
        name="acme",
        identity=session.identity,
        registry=AcmeRegistry(session),
        clusters=AcmeClusters(session),
        traits=Traits(storage_class="acme-ssd", min_volume_gib=10),
        cluster=target.cluster.name,
        provisioner=AcmeProvisioner(session),
        nodes=AcmeNodes(session),
        doctor=AcmeDoctor(session),
        inventory=AcmeInventory(session),
    )
