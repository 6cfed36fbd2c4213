"""A YAML scalar that is no text. Apart from `source`: who reads flags alone needs no YAML."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scalar:
    """An unquoted number or boolean: its value, and its text as written."""

    value: bool | int | float
    text: str
