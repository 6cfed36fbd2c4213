"""Requests as the services read them; answers and errors in each service's own form."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

MOST_TAGS, _LONGEST_TAG = 20, 128


class ServiceError(Exception):
    """An error that a service answers."""

    def __init__(self, code: str, message: str, status: int = 400, **members: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.members = members


@dataclass(frozen=True)
class Received:
    """One HTTP request; `path` as it was sent, header names in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    def parameters(self) -> dict[str, str]:
        """Query and form parameters."""
        found = parse_qsl(self.query, keep_blank_values=True)
        if self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            found += parse_qsl(self.body.decode(), keep_blank_values=True)
        return dict(found)

    def document(self) -> Any:
        """The JSON body, None for an empty one."""
        try:
            return json.loads(self.body) if self.body.strip() else None
        except ValueError:
            raise ServiceError("InvalidParameter", "The request body is not valid JSON.") from None


@dataclass(frozen=True)
class Answer:
    """One HTTP answer; `body` None sends nothing."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        return b"" if self.body is None else json.dumps(self.body, ensure_ascii=False).encode()


def answer_error(error: ServiceError, host: str, *, rpc: bool) -> Answer:
    """The error as an RPC service or a ROA service sends it."""
    request = request_id()
    if not rpc:
        body = {"code": error.code, "message": error.message, "requestId": request, **error.members}
        return Answer({**body, "status": error.status}, error.status)
    body = {"Code": error.code, "Message": error.message, "RequestId": request, "HostId": host}
    recommend = f"https://api.alibabacloud.com/troubleshoot?q={error.code}"
    return Answer({**body, "Recommend": recommend, **error.members}, error.status)


def request_id() -> str:
    return str(uuid.uuid4()).upper()


def listed(parameters: Mapping[str, str], name: str) -> list[str]:
    """`Name.1`, `Name.2`, … in order."""
    found: list[str] = []
    while (value := parameters.get(f"{name}.{len(found) + 1}")) is not None:
        found.append(value)
    return found


def tags_of(parameters: Mapping[str, str]) -> dict[str, str]:
    """`Tag.1.Key`, `Tag.1.Value`, …"""
    numbers = [key.split(".")[1] for key in parameters if re.fullmatch(r"Tag\.[0-9]+\.Key", key)]
    if len(numbers) > MOST_TAGS:
        raise ServiceError("NumberExceed.Tags", "The number of tags exceeds the limit.")
    found = {parameters[f"Tag.{one}.Key"]: parameters.get(f"Tag.{one}.Value", "") for one in numbers}
    check_tags(found)
    return found


def check_tags(tags: Mapping[str, str]) -> None:
    """Refuse what Alibaba Cloud keeps for itself, and links.

    Source: VPC API reference, CreateVpc: up to 128 characters each, no `aliyun` or `acs:` at the start, no
    `http://` or `https://`.
    """
    for key, value in tags.items():
        if not key or _refused_in_tags(key):
            raise ServiceError("InvalidTagKey.Malformed", "The tag key is not valid.")
        if _refused_in_tags(value):
            raise ServiceError("InvalidTagValue.Malformed", "The tag value is not valid.")


def _refused_in_tags(text: str) -> bool:
    link = "http://" in text or "https://" in text
    return link or len(text) > _LONGEST_TAG or text.startswith(("aliyun", "acs:"))
