"""What a target may say beyond the common keys, and which values that may have."""

from __future__ import annotations

import re
from collections.abc import Mapping

from clouddeploy.contract import TargetSettings
from clouddeploy.errors import ConfigError

OPTIONS = ("network", "project", "service_account", "subnetwork")
REGISTRY_OPTIONS = ("immutable", "keep", "location", "repository")

_REPOSITORY = re.compile(r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_LOCATION = re.compile(r"us|europe|asia|[a-z]+(?:-[a-z]+)+[0-9]+")
_YES, _NO = ("true", "yes", "on", "1"), ("false", "no", "off", "0", "")


def check_values(target: TargetSettings) -> None:
    """Raises ConfigError for a value that no request could carry, and for two projects in one target."""
    project = target.options.get("project")
    if project and target.account and project != target.account:
        raise ConfigError(
            f"target {target.name} names two projects, {target.account} and {project}",
            fix="say it once: account: or options: {project: …}",
        )
    immutable(target.registry)
    keep(target.registry)
    _matching(target.registry, "location", _LOCATION, "a region such as europe-west3, or us, europe, asia")
    _matching(target.registry, "repository", _REPOSITORY, "lower-case letters, digits and -, at most 63")


def immutable(registry: Mapping[str, str]) -> bool:
    """Whether tags may never move."""
    text = str(registry.get("immutable", "")).lower()
    if text in _YES or text in _NO:
        return text in _YES
    raise ConfigError(f"registry key immutable is {text!r}", fix="write true or false")


def keep(registry: Mapping[str, str]) -> int | None:
    """How many versions of each image the clean-up keeps; None for no such policy."""
    text = str(registry.get("keep", ""))
    if not text:
        return None
    if text.isdecimal() and 1 <= int(text) <= 1000:
        return int(text)
    raise ConfigError(f"registry key keep is {text!r}", fix="write a number from 1 to 1000")


def _matching(registry: Mapping[str, str], key: str, pattern: re.Pattern[str], wanted: str) -> None:
    text = registry.get(key)
    if text is not None and not pattern.fullmatch(text):
        raise ConfigError(f"registry key {key} is {text!r}", fix=f"use {wanted}")
