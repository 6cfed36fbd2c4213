"""The assumptions of a comparison, changed by name: node_disk_gib=30."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import fields
from decimal import Decimal

from clouddeploy.errors import ConfigError
from clouddeploy.prices.demand import Assumptions
from clouddeploy.prices.words import meant

NAMES = tuple(field.name for field in fields(Assumptions))
_LEAST = {"hours": 1, "min_nodes": 1, "zones": 1}


def assuming(texts: Iterable[str]) -> Assumptions:
    """The usual assumptions with some replaced; ConfigError for an unknown name or a nonsense number."""
    given: dict[str, Decimal | int] = {}
    for text in texts:
        name, _, value = text.partition("=")
        if name not in NAMES:
            message = f"--assume: there is no assumption {name}{meant(name, NAMES)}"
            raise ConfigError(message, fix=f"use {', '.join(NAMES)}")
        if not re.fullmatch(r"[0-9]{1,6}", value) or int(value) < _LEAST.get(name, 0):
            raise ConfigError(
                f"--assume: {name} is a whole number, not {value or 'nothing'}",
                fix=f"write it as --assume {name}={getattr(Assumptions(), name)}",
            )
        given[name] = Decimal(value) if name == "hours" else int(value)
    return Assumptions(**given)  # type: ignore[arg-type]
