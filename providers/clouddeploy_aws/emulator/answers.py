"""Answers and errors in each service's own protocol.

Source: Smithy's AWS protocol specifications (awsJson1_1, restJson1, awsQuery, ec2Query).
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

PROTOCOLS = {
    "ec2": "ec2",
    "iam": "query",
    "sts": "query",
    "elasticloadbalancing": "query",
    "eks": "rest-json",
    "ecr": "json",
    "servicequotas": "json",
}
"""The services that are emulated, by the name in their signatures, and how they talk."""

SDK_NAMES = {"elasticloadbalancing": "ELASTIC_LOAD_BALANCING_V2", "servicequotas": "SERVICE_QUOTAS"}
"""What comes after AWS_ENDPOINT_URL_ where that is not the name in the signatures."""


class ServiceError(Exception):
    """An error that a service answers: its code, its text, its HTTP status, its own members."""

    def __init__(self, code: str, message: str, *, status: int = 400, **members: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.members = members


@dataclass(frozen=True)
class Answer:
    """One HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def answer_json(document: Mapping[str, Any], status: int = 200, **headers: str) -> Answer:
    """A JSON body with a request id, as the JSON protocols have it."""
    common = {"Content-Type": "application/x-amz-json-1.1", "x-amzn-RequestId": str(uuid.uuid4())}
    return Answer(status, {**common, **headers}, json.dumps(document).encode())


def answer_error(service: str, error: ServiceError) -> Answer:
    """The error as this service would send it."""
    match PROTOCOLS.get(service, "query"):
        case "rest-json":
            body = {"message": error.message, **error.members}
            return answer_json(body, error.status, **{"x-amzn-ErrorType": error.code})
        case "json":
            body = {"__type": error.code, "message": error.message, **error.members}
            return answer_json(body, error.status)
        case "ec2":
            return _answer_xml(_EC2, error)
    return _answer_xml(_QUERY, error)


def unreadable(service: str) -> ServiceError:
    """What a service answers to values that it cannot make sense of. UNVERIFIED: the text."""
    codes = {"ec2": "InvalidParameterValue", "query": "ValidationError"}
    code = codes.get(PROTOCOLS.get(service, "query"), "InvalidParameterException")
    return ServiceError(code, "A value of the request could not be read")


_EC2 = (
    "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
    "<RequestID>{request}</RequestID></Response>"
)
_QUERY = (
    "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
    "<RequestId>{request}</RequestId></ErrorResponse>"
)


def _answer_xml(template: str, error: ServiceError) -> Answer:
    request = str(uuid.uuid4())
    body = template.format(code=escape(error.code), message=escape(error.message), request=request)
    headers = {"Content-Type": "text/xml", "x-amzn-RequestId": request}
    return Answer(error.status, headers, body.encode())
