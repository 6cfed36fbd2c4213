"""What a target may say beyond the common keys, and which values that may have."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from clouddeploy.contract import TargetSettings
from clouddeploy.errors import ConfigError

OPTIONS = ("profile",)
REGISTRY_OPTIONS = ("immutable", "keep", "scan")

_YES, _NO = ("true", "yes", "on", "1"), ("false", "no", "off", "0")
_MOST_KEPT = 10_000


@dataclass(frozen=True)
class RegistryOptions:
    """How repositories are set up; None is "as it is", which for a new repository is AWS's default.

    `keep` is how many images of a repository stay, the newest ones.
    """

    immutable: bool | None = None
    keep: int | None = None
    scan: bool | None = None


def check(target: TargetSettings) -> None:
    """Raises ConfigError for a key or a value that AWS has no use for."""
    _check_keys(target.name, "options", target.options, OPTIONS)
    _check_keys(target.name, "registry", target.registry, REGISTRY_OPTIONS)
    registry_options(target.registry)


def registry_options(given: Mapping[str, str]) -> RegistryOptions:
    """The values of `registry:`; raises ConfigError for one that cannot be read."""
    return RegistryOptions(_switch(given, "immutable"), _keep(given), _switch(given, "scan"))


def _switch(given: Mapping[str, str], key: str) -> bool | None:
    if key not in given:
        return None
    text = str(given[key]).lower()
    if text in (*_YES, *_NO):
        return text in _YES
    raise ConfigError(f"registry key {key} is {given[key]!r}", fix="write true or false")


def _keep(given: Mapping[str, str]) -> int | None:
    if "keep" not in given:
        return None
    text = str(given["keep"])
    if text.isdecimal() and 1 <= int(text) <= _MOST_KEPT:
        return int(text)
    raise ConfigError(f"registry key keep is {text!r}", fix=f"write a number from 1 to {_MOST_KEPT}")


def _check_keys(target: str, where: str, given: Iterable[str], known: Sequence[str]) -> None:
    for key in given:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            meant = f"did you mean {near[0]}? " if near else ""
            raise ConfigError(
                f"target {target}: aws knows no {where} key {key}",
                fix=f"{meant}known keys: {', '.join(known)}",
            )
