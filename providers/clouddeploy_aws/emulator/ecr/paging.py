"""Long lists, a page at a time: 100 things unless the request says how many."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from clouddeploy_aws.emulator.answers import ServiceError

Thing = TypeVar("Thing")

_SIZE = 100
"""ECR API reference, `maxResults` of DescribeRepositories, DescribeImages and ListImages."""

_HEAD = "next:"


def page(things: Sequence[Thing], request: Mapping[str, Any]) -> tuple[Sequence[Thing], str | None]:
    """The page that a request asks for, and the token of the next one; ServiceError for what is no token."""
    start = _start(request.get("nextToken"), len(things))
    end = start + (request.get("maxResults") or _SIZE)
    return things[start:end], _token(end) if end < len(things) else None


def _token(start: int) -> str:
    return base64.b64encode(f"{_HEAD}{start}".encode()).decode()


def _start(token: str | None, count: int) -> int:
    if token is None:
        return 0
    try:
        head, _, number = base64.b64decode(token, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        head, number = "", ""
    if f"{head}:" != _HEAD or not number.isdecimal() or int(number) >= count:
        # UNVERIFIED: the text
        raise ServiceError("InvalidParameterException", "Invalid parameter at 'nextToken': it is no token")
    return int(number)
