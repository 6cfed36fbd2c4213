"""Providers by entry point: loaded by name, and only when named.

A third party's cloud joins with one entry point in the group `clouddeploy.providers`
(and, to be rehearsed, one in `clouddeploy.emulators`).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, PackageNotFoundError, distribution, entry_points
from typing import Any, cast

from clouddeploy.errors import ConfigError, MissingToolError
from clouddeploy.seam.provider import Connect, Provider
from clouddeploy.seam.target import ClusterSpec, TargetSettings

PROVIDERS = "clouddeploy.providers"
EMULATORS = "clouddeploy.emulators"
RIGS = "clouddeploy.rigs"
_EXTRA = re.compile(r"""extra\s*==\s*["']([^"']+)["']""")


def names(group: str = PROVIDERS) -> tuple[str, ...]:
    """The installed plug-ins of a group, sorted by name; imports none of them."""
    return tuple(sorted({point.name for point in entry_points(group=group)}))


def load(name: str, group: str = PROVIDERS) -> Any:
    """What the plug-in's entry point names.

    Raises ConfigError for an unknown name and MissingToolError when the plug-in itself
    cannot be imported.
    """
    point = _find(name, group)
    try:
        return point.load()
    except ModuleNotFoundError as error:
        raise MissingToolError(
            f"the {_kind(group)} {name} needs the package {error.name}",
            fix=_install(point, error.name),
        ) from error


def connect(target: TargetSettings) -> Provider:
    """The target's provider, connected; makes no request."""
    return cast(Connect, load(target.provider))(target)


@dataclass(frozen=True)
class Plugin:
    """A provider as it is installed; `missing` are the packages that `install` would bring."""

    name: str
    package: str
    version: str
    missing: tuple[str, ...]
    install: str


def describe(name: str) -> Plugin:
    """Where a provider comes from and what it still needs; imports nothing of it.

    Raises ConfigError for an unknown name.
    """
    point = _find(name, PROVIDERS)
    package, version = (point.dist.name, point.dist.version) if point.dist else ("", "")
    missing = tuple(needed for needed in _needs(point) if not _installed(needed))
    return Plugin(name, package, version, missing, _install(point, " ".join(missing)))


def abilities(name: str) -> Mapping[str, bool]:
    """What a provider can do, whatever the target; makes no request.

    Raises what connecting raises: ConfigError, MissingToolError.
    """
    provider = connect(TargetSettings(name, name, ClusterSpec("app")))
    return {
        "push images": True,
        "deploy to clusters": True,
        "create, upgrade and delete clusters": provider.provisioner is not None,
        "show costs and leftovers": provider.provisioner is not None,
        "scale nodes": provider.nodes is not None,
        "doctor": provider.doctor is not None,
        "tell machine types and quotas": provider.inventory is not None,
        "rehearse without an account": name in names(EMULATORS),
    }


def rig(name: str) -> str | None:
    """`module:attribute` of the rig with which a provider's plug-in joins the conformance suite."""
    return next((point.value for point in entry_points(group=RIGS, name=name)), None)


def _needs(point: EntryPoint) -> Iterator[str]:
    """The packages that the provider's own distribution, or our extra of its name, asks for."""
    ours = point.dist is not None and point.dist.name == "clouddeploy"
    for requirement in (point.dist.requires if point.dist else None) or ():
        extra = _EXTRA.search(requirement)
        package = re.split(r"[^\w.-]", requirement, maxsplit=1)[0]
        if (extra[1] if extra else None) == (point.name if ours else None):
            yield package


def _installed(package: str) -> bool:
    try:
        distribution(package)
    except PackageNotFoundError:
        return False
    return True


def _find(name: str, group: str) -> EntryPoint:
    found = entry_points(group=group, name=name)
    for point in found:
        return point
    known = names(group)
    near = difflib.get_close_matches(name, known, n=1)
    meant = f"; did you mean {near[0]}?" if near else ""
    raise ConfigError(
        f"there is no {_kind(group)} {name}{meant}",
        fix=f"use one of: {', '.join(known)}"
        if known
        else f"reinstall clouddeploy: no {_kind(group)} is registered",
    )


def _kind(group: str) -> str:
    return group.removeprefix("clouddeploy.").removesuffix("s")


def _install(point: EntryPoint, missing: str | None) -> str:
    owner = point.dist.name if point.dist else "clouddeploy"
    if owner != "clouddeploy":
        return f"pip install --upgrade {owner} {missing or ''}".rstrip()
    return f"pip install 'clouddeploy[{'rehearse' if point.group == EMULATORS else point.name}]'"
