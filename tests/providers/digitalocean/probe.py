"""Sends the emulator, beside each good request, all those that DigitalOcean's description forbids."""

from __future__ import annotations

import io
import json
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

import urllib3

from moto_fixtures.digitalocean import DigitalOceanAccount
from tests.providers.digitalocean.openapi import Exchange, OpenApi
from tests.providers.digitalocean.schemas import body_of, query_of
from tests.providers.mutants import mutants

REFUSED = {400, 422}
_UNKNOWN = "9b5ee0dc-7d6a-4f2f-8f5e-3c1f0f0f0f0f"
_PLACES = {"uuid": {_UNKNOWN: {404}, "no-uuid": {400, 404}, "0": {400, 404}}, None: {"none-such": {404}}}
"""By the format of a path's parameter: what leads nowhere, and what that may be answered."""


class Forbidden(NamedTuple):
    """One request that the description forbids: where, what is wrong there, how it may be answered."""

    where: str
    wrong: str
    path: str
    query: str
    body: bytes
    allowed: set[int]


class Told(NamedTuple):
    """What the emulator said to one; `said` is empty for a good refusal."""

    operation: str
    where: str
    wrong: str
    said: str


@dataclass
class Prober:
    """Probes with what is like a good request; `told` is what came of it."""

    account: DigitalOceanAccount
    openapi: OpenApi
    told: list[Told] = field(default_factory=list)
    _seen: set[tuple[str, frozenset[str]]] = field(default_factory=set)
    _lock: Any = field(default_factory=threading.Lock)

    def probe(self, method: str, path: str, query: str = "", body: bytes = b"") -> None:
        """Before the first request of an operation with these members; the account stays as it is."""
        operation = self.openapi.operation_of(Exchange(method, path, query, body, 0, "", b""))
        name = str(operation["operationId"])
        members = frozenset([*_members(json.loads(body) if body else None), *dict(parse_qsl(query))])
        with self._lock:
            if (name, members) in self._seen:
                return
            self._seen.add((name, members))
            before = self._state()
            with urllib3.PoolManager(retries=False) as pool:
                for one in forbidden(self.openapi, operation, path, query, body):
                    said = self._refusal(pool, method, one)
                    if not said and self._state() != before:
                        said = "refused, and carried out"
                    self.told.append(Told(name, one.where, one.wrong, said))

    def table(self) -> str:
        """A line for each operation: how many requests, how many of them refused."""
        sent = Counter(one.operation for one in self.told)
        good = Counter(one.operation for one in self.told if not one.said)
        lines = [f"{name:<46}{sent[name]:>6}{good[name]:>9}" for name in sorted(sent)]
        total = f"{'all':<46}{sum(sent.values()):>6}{sum(good.values()):>9}"
        return "\n".join([f"{'operation':<46}{'sent':>6}{'refused':>9}", *lines, total])

    def _refusal(self, pool: urllib3.PoolManager, method: str, one: Forbidden) -> str:
        """Empty for a refusal in DigitalOcean's form."""
        cloud = self.account.cloud
        cloud.limit.forget()
        url = f"{cloud.url}{one.path}" + (f"?{one.query}" if one.query else "")
        headers = {"Authorization": f"Bearer {cloud.token}", "Content-Type": "application/json"}
        try:
            answer = pool.request(method, url, body=one.body or None, headers=headers)
        except urllib3.exceptions.HTTPError as error:
            return f"no answer: {error}"
        if answer.status not in one.allowed:
            return f"HTTP {answer.status} {answer.data[:200]!r}"
        told = answer.json()
        whole = set(told) == {"id", "message", "request_id"} and all(told.values())
        return "" if whole else f"in another form: {answer.data[:200]!r}"

    def _state(self) -> Any:
        cloud = self.account.cloud
        vpcs = [(one.name, one.description, one.default) for one in cloud.network.vpcs.values()]
        held = [cloud.docr.repositories.names(name) for name in cloud.docr.found]
        return self.account.inventory(), vpcs, held


class Front:
    """A WSGI application in front of the cloud: probes, then passes each request on."""

    def __init__(self, prober: Prober) -> None:
        self._prober = prober

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        sent = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(sent)
        path = environ["REQUEST_URI"].partition("?")[0]
        self._prober.probe(environ["REQUEST_METHOD"], path, environ.get("QUERY_STRING", ""), sent)
        found: Iterable[bytes] = self._prober.account.cloud.faults(environ, start_response)
        return found


def forbidden(
    openapi: OpenApi, operation: Mapping[str, Any], path: str, query: str, body: bytes
) -> Iterator[Forbidden]:
    """Each single change to a good request that the description forbids."""
    for where, wrong, other, allowed in _paths(openapi, operation, path):
        yield Forbidden(where, wrong, other, query, body, allowed)
    schema = query_of(openapi, operation)
    given = {
        name: int(value) if schema["properties"].get(name, {}).get("type") == "integer" else value
        for name, value in parse_qsl(query)
    }
    for one in mutants(schema, given):
        if one.where and not isinstance(one.value[one.where], dict):  # a query holds texts only
            yield Forbidden(f"?{one.where}", one.wrong, path, urlencode(one.value), body, REFUSED)
    described = body_of(openapi, operation)
    if described:
        for one in mutants(described, json.loads(body)):
            yield Forbidden(one.where, one.wrong, path, query, json.dumps(one.value).encode(), REFUSED)
        yield Forbidden("", "no JSON", path, query, b"{", REFUSED)


def _paths(
    openapi: OpenApi, operation: Mapping[str, Any], path: str
) -> Iterator[tuple[str, str, str, set[int]]]:
    for name, (begin, end) in openapi.places(operation, path).items():
        schema = next(one["schema"] for one in operation["parameters"] if one["name"] == name)
        for other, allowed in _PLACES[schema.get("format")].items():
            yield f"/{name}", other, path[:begin] + other + path[end:], allowed


def _members(value: Any, where: str = "") -> Iterator[str]:
    """Where a body has something."""
    yield where
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _members(inner, f"{where}.{name}")
    elif isinstance(value, list) and value:
        yield from _members(value[0], f"{where}[]")
