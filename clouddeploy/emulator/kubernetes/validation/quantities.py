"""Quantities such as 100m, 1.5 and 512Mi.

https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from clouddeploy.emulator.kubernetes.validation.problems import Problems

QUANTITY = re.compile(r"^([+-]?(?:\d+\.?\d*|\.\d+))(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d+))?$")
_UNITS = {"n": "1e-9", "u": "1e-6", "m": "1e-3", "k": "1e3", "M": "1e6", "G": "1e9", "T": "1e12"}
_UNITS |= {"P": "1e15", "E": "1e18"}
_BINARY = {unit: str(1024 ** (power + 1)) for power, unit in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"))}


def amount(value: Any) -> Decimal:
    """The number that a quantity stands for; raises ValueError."""
    found = QUANTITY.match(str(value))
    if not found:
        raise ValueError(value)
    number, unit, exponent = found.groups()
    return Decimal(number) * Decimal(({**_UNITS, **_BINARY})[unit] if unit else f"1e{exponent or 0}")


def check_quantities(field: str, values: Mapping[str, Any], problems: Problems) -> bool:
    """Whether all are well formed and not negative."""
    good = True
    for name, value in values.items():
        if amount(value) < 0:
            problems.invalid(f"{field}[{name}]", str(value), "must be greater than or equal to 0")
            good = False
    return good
