"""A request as it goes over the wire, whatever its values are: botocore stops at a value of the wrong type.

Source: Smithy's AWS protocol specifications (awsJson1_1, restJson1, awsQuery, ec2Query).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode
from xml.etree import ElementTree

import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from moto_fixtures.aws import REGION, AwsAccount


class Sent(NamedTuple):
    """A request without its signature; `path` with the query string."""

    method: str
    path: str
    body: bytes
    headers: Mapping[str, str]


class Answered(NamedTuple):
    """Status, the error's code and text."""

    status: int
    code: str
    text: str


def encoded(operation: Any, params: Mapping[str, Any]) -> Sent:
    """The request that this operation is asked with."""
    service = operation.service_model
    match service.metadata["protocol"]:
        case "json":
            name = f"{service.metadata['targetPrefix']}.{operation.name}"
            headers = {"X-Amz-Target": name, "Content-Type": "application/x-amz-json-1.1"}
            return Sent("POST", "/", json.dumps(params).encode(), headers)
        case "rest-json":
            return _rest(operation, params)
    head = [("Action", operation.name), ("Version", service.metadata["apiVersion"])]
    pairs = [*head, *_pairs(operation.input_shape, params, "", service.metadata["protocol"])]
    return Sent("POST", "/", urlencode(pairs).encode(), FORM)


def send(account: AwsAccount, service: str, sent: Sent) -> Answered:
    """Signed as the account's user."""
    url = f"http://{account.cloud.host}{sent.path}"
    request = AWSRequest(sent.method, url, data=sent.body, headers=dict(sent.headers))
    moto = account.cloud.moto
    SigV4Auth(Credentials(moto.access_key, moto.secret_key), service, REGION).add_auth(request)
    answer = _POOL.request(sent.method, url, body=sent.body, headers=dict(request.headers), retries=False)
    return Answered(answer.status, *_error(answer))


FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
_POOL = urllib3.PoolManager()


def _error(answer: Any) -> tuple[str, str]:
    if answer.status < 300:
        return "", ""
    if "json" in answer.headers["Content-Type"]:
        said = answer.json()
        return said.get("__type") or answer.headers["x-amzn-ErrorType"], said["message"]
    texts = {one.tag.rpartition("}")[2]: one.text or "" for one in ElementTree.fromstring(answer.data).iter()}
    return texts["Code"], texts["Message"]


def _rest(operation: Any, params: Mapping[str, Any]) -> Sent:
    members = operation.input_shape.members if operation.input_shape else {}
    placed = {name: one.serialization.get("location") for name, one in members.items()}
    path, query = operation.http["requestUri"], []
    for name, value in params.items():
        key = members[name].serialization.get("name", name) if name in members else name
        if placed.get(name) == "uri":
            path = path.replace(f"{{{key}}}", quote(str(value), safe=""))
        elif placed.get(name) == "querystring":
            query += [(key, _text(one)) for one in (value if isinstance(value, list) else [value])]
    body = {name: value for name, value in params.items() if not placed.get(name)}
    sent = b"" if operation.http["method"] in {"GET", "DELETE"} else json.dumps(body).encode()
    tail = f"?{urlencode(query)}" if query else ""
    return Sent(operation.http["method"], path + tail, sent, {"Content-Type": "application/json"})


def _pairs(shape: Any, value: Any, prefix: str, protocol: str) -> Iterator[tuple[str, str]]:
    """Of a value of another type than its shape's: as what it is."""
    match value:
        case dict():
            members = getattr(shape, "members", {})
            for name, item in value.items():
                wire = _name(members[name], name, protocol) if name in members else name
                yield from _pairs(members.get(name), item, f"{prefix}.{wire}".lstrip("."), protocol)
        case list():
            inner = getattr(shape, "member", None)
            head = (
                prefix
                if protocol == "ec2" or _is_flat(shape)
                else f"{prefix}.{_name(inner, 'member', protocol)}"
            )
            if not value and protocol == "query":
                yield prefix, ""
            for number, item in enumerate(value, 1):
                yield from _pairs(inner, item, f"{head}.{number}", protocol)
        case _:
            yield prefix, _text(value)


def _name(shape: Any, name: str, protocol: str) -> str:
    said = shape.serialization if shape is not None else {}
    if protocol == "ec2" and "queryName" in said:
        return str(said["queryName"])
    found = str(said.get("name", name))
    return found[0].upper() + found[1:] if protocol == "ec2" else found


def _is_flat(shape: Any) -> bool:
    return bool(shape is not None and shape.serialization.get("flattened"))


def _text(value: Any) -> str:
    return re.sub("^(True|False)$", lambda found: found[0].lower(), str(value))
