"""DigitalOcean: DOCR and DOKS through pydo.

Importing this package imports no pydo; the SDK loads with the first call.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping

from clouddeploy.contract import Provider, TargetSettings, Traits
from clouddeploy.errors import ConfigError
from clouddeploy_digitalocean.clusters import Chosen, DoksClusters
from clouddeploy_digitalocean.doctor import DoDoctor
from clouddeploy_digitalocean.images import DocrImages
from clouddeploy_digitalocean.inventory import DoInventory
from clouddeploy_digitalocean.nodes import DoksNodes
from clouddeploy_digitalocean.plans import TIERS
from clouddeploy_digitalocean.provisioner import DoksProvisioner
from clouddeploy_digitalocean.registry import REGIONS, DocrRegistry
from clouddeploy_digitalocean.session import Session
from clouddeploy_digitalocean.steps.integration import IntegrationStep

_OPTIONS: tuple[str, ...] = ()
_REGISTRY_OPTIONS: Mapping[str, tuple[str, ...]] = {"name": (), "tier": TIERS, "region": REGIONS}
_REGISTRY_NAME = re.compile(r"[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?")
# https://docs.digitalocean.com/products/container-registry/details/limits/
_SECRETS = {"token", "access_token", "api_token", "access-token", "api-token"}

TRAITS = Traits(storage_class="do-block-storage", min_volume_gib=1)
"""DOKS has no ingress controller of its own; a Service of type LoadBalancer is public by default."""


def connect(target: TargetSettings) -> Provider:
    """DigitalOcean for one target; makes no request.

    The token comes from DIGITALOCEAN_TOKEN or DIGITALOCEAN_ACCESS_TOKEN, never from a file.
    `target.account` is the team's UUID, checked before the first write; `target.registry` knows
    `name`, `tier` and `region`. Raises ConfigError for anything else.
    """
    _known(target, "options", target.options, _OPTIONS)
    _known(target, "registry", target.registry, tuple(_REGISTRY_OPTIONS))
    for key, values in _REGISTRY_OPTIONS.items():
        _one_of(target, key, target.registry.get(key), values)
    _named(target, target.registry.get("name"))
    session = Session(target)
    registry = DocrRegistry(session)
    return Provider(
        name="digitalocean",
        identity=session.identity,
        registry=registry,
        clusters=DoksClusters(session),
        traits=TRAITS,
        cluster=target.cluster.name,
        provisioner=DoksProvisioner(session, registry),
        nodes=DoksNodes(session),
        doctor=DoDoctor(session, registry),
        images=DocrImages(session, registry),
        inventory=DoInventory(session),
        room=registry.room,
        let_pull=lambda cluster: IntegrationStep(session, Chosen(session, cluster), registry),
    )


def _known(target: TargetSettings, where: str, given: Mapping[str, str], known: tuple[str, ...]) -> None:
    extra = sorted(set(given) - set(known))
    if not extra:
        return
    if extra[0].lower() in _SECRETS:
        raise ConfigError(
            f"target {target.name}: a token does not belong into a file",
            fix=f"remove {where}.{extra[0]} and set DIGITALOCEAN_TOKEN in the environment",
        )
    near = difflib.get_close_matches(extra[0], known, n=1)
    meant = f"did you mean {near[0]}? " if near else ""
    raise ConfigError(
        f"target {target.name}: digitalocean knows no {where} key {extra[0]}",
        fix=f"{meant}known keys: {', '.join(known)}" if known else f"remove {where} from the target",
    )


def _one_of(target: TargetSettings, key: str, value: str | None, values: tuple[str, ...]) -> None:
    if value is not None and values and value not in values:
        raise ConfigError(
            f"target {target.name}: DOCR has no {key} {value}",
            fix=f"registry.{key} is one of {', '.join(values)}",
        )


def _named(target: TargetSettings, name: str | None) -> None:
    if name is not None and not _REGISTRY_NAME.fullmatch(name):
        raise ConfigError(
            f"target {target.name}: {name!r} is no DOCR registry name",
            fix="use 1 to 63 lower-case letters, digits and -, a letter first and no - at the end; "
            "the registry alone, without a host or a path",
        )
