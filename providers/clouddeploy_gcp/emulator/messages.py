"""JSON <-> the protocol buffers of Google's libraries, strict as the cloud's own front end."""

from __future__ import annotations

import re
from typing import Any

from clouddeploy_gcp.emulator.answers import ApiError, Json, Request

_UNKNOWN = re.compile(r'has no field named "([^"]+)" at "([^"]+)"')


def container(kind: str) -> Any:
    """A new message of google.container.v1."""
    from google.cloud import container_v1

    return getattr(container_v1, kind).pb()()


def artifacts(kind: str) -> Any:
    """A new message of google.devtools.artifactregistry.v1."""
    from google.cloud import artifactregistry_v1

    return getattr(artifactregistry_v1, kind).pb()()


def policy() -> Any:
    """A new message google.iam.v1.Policy."""
    from google.iam.v1 import policy_pb2

    return policy_pb2.Policy()


def read(message: Any, body: Json) -> Any:
    """`message`, filled from JSON; INVALID_ARGUMENT as the cloud words it."""
    from google.protobuf.json_format import ParseDict, ParseError

    try:
        return ParseDict(body, message)
    except ParseError as error:
        text = str(error)
        match = _UNKNOWN.search(text)
        if match:
            where = match[2].partition(".")[2]
            at = f" at '{where}'" if where else ""
            text = f'Unknown name "{match[1]}"{at}: Cannot find field.'
        raise ApiError("INVALID_ARGUMENT", f"Invalid JSON payload received. {text}") from error


def write(message: Any, request: Request | None = None) -> Json:
    """A message as JSON, enums as the request wants them."""
    from google.protobuf.json_format import MessageToDict

    numbers = request is not None and request.numbers
    found: Json = MessageToDict(message, use_integers_for_enums=numbers)
    return found
