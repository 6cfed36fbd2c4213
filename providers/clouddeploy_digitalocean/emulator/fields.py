"""Fields of a request's body, by type. A field that is missing or null has its default.

UNVERIFIED: the answer to a value of another type; it is the one to a body that is no JSON at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from clouddeploy_digitalocean.emulator.answers import ApiError

T = TypeVar("T")


def text(body: Mapping[str, Any], key: str, default: str = "") -> str:
    return _typed(body, key, str, default)


def flag(body: Mapping[str, Any], key: str, default: bool = False) -> bool:
    return _typed(body, key, bool, default)


def number(body: Mapping[str, Any], key: str, default: int = 0) -> int:
    """A whole number; `true` is none."""
    if isinstance(body.get(key), bool):
        raise unreadable()
    return _typed(body, key, int, default)


def mapping(body: Mapping[str, Any], key: str) -> dict[str, str]:
    found: dict[str, Any] = _typed(body, key, dict, {})
    return {name: text(found, name) for name in found}


def texts(body: Mapping[str, Any], key: str) -> list[str]:
    found: list[Any] = _typed(body, key, list, [])
    if not all(isinstance(one, str) for one in found):
        raise unreadable()
    return list(found)


def objects(body: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    found: list[Any] = _typed(body, key, list, [])
    if not all(isinstance(one, dict) for one in found):
        raise unreadable()
    return list(found)


def unreadable() -> ApiError:
    return ApiError(400, "error parsing request body")


def _typed(body: Mapping[str, Any], key: str, kind: type[T], default: T) -> T:
    found = body.get(key)
    if found is None:
        return default
    if not isinstance(found, kind):
        raise unreadable()
    return found
