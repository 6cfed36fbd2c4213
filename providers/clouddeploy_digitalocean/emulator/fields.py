"""Members of a body that `described` has checked. One that is missing or null has its default."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clouddeploy_digitalocean.emulator.answers import ApiError


def text(body: Mapping[str, Any], key: str, default: str = "") -> str:
    return str(_given(body, key, default))


def flag(body: Mapping[str, Any], key: str, default: bool = False) -> bool:
    return bool(_given(body, key, default))


def number(body: Mapping[str, Any], key: str, default: int = 0) -> int:
    return int(_given(body, key, default))


def mapping(body: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = _given(body, key, {})
    return found


def words(body: Mapping[str, Any], key: str) -> dict[str, str]:
    """Texts by name, such as labels; the description leaves their type open, and Kubernetes does not."""
    found = mapping(body, key)
    if not all(isinstance(value, str | None) for value in found.values()):
        raise ApiError(400, "error parsing request body")
    return {name: text(found, name) for name in found}


def texts(body: Mapping[str, Any], key: str) -> list[str]:
    return list(_given(body, key, []))


def objects(body: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    return list(_given(body, key, []))


def _given(body: Mapping[str, Any], key: str, default: Any) -> Any:
    found = body.get(key)
    return default if found is None else found
