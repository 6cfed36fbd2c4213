"""Every request of a whole life, with one mistake at a time that Alibaba's own description forbids.

Each is sent just before the good one it is made of, so that the cloud is in the state in which the good
one is taken. All are refused in Alibaba's words, and the life goes on as if they had never been.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest
import urllib3

from clouddeploy.emulator.faults import Request
from clouddeploy_alibaba.emulator.answers import Received
from clouddeploy_alibaba.emulator.cloud import SERVICES, AlibabaCloud
from clouddeploy_alibaba.emulator.signature import canonical_request, sign
from moto_fixtures.alibaba import AlibabaAccount
from tests.providers.alibaba.described import TABLE, table, text
from tests.providers.alibaba.queries import pairs_of, typed
from tests.providers.alibaba.test_alibaba_schema import live
from tests.providers.mutants import Schema, mutants

WORDS = {
    "CS": r"ErrorCheckParams",
    "CR": r"Missing[A-Z]\w+|InvalidParameter",
    "VPC": r"MissingParameter|InvalidParameter",
    "ECS": r"MissingParameter|InvalidParameter",
    "SLB": r"MissingParameter|InvalidParameter",
}
"""The codes with which each service refuses what it cannot read."""
LEAST = {"CR": 28, "CS": 120, "ECS": 7, "SLB": 8, "VPC": 45}
"""How many mistakes are made with each service at least."""


class Mistake(NamedTuple):
    """A request with one mistake, told by its operation and what is wrong where."""

    service: str
    operation: str
    wrong: str
    request: Received

    @property
    def told(self) -> str:
        return f"{self.service}:{self.operation}: {self.wrong}"


class Sender:
    """Sends the mistakes that can be made with each request, once for each set of members."""

    def __init__(self, cloud: AlibabaCloud) -> None:
        self._cloud = cloud
        self._seen: set[tuple[str, ...]] = set()
        self.sent: Counter[tuple[str, str]] = Counter()
        self.refused: Counter[tuple[str, str]] = Counter()
        self.problems: list[str] = []
        self._wait()

    def _wait(self) -> None:
        self._cloud.faults.before(1, self._arrived, lambda request: "x-acs-version" in request.headers)

    def _arrived(self, request: Request) -> None:
        received = _received(request)
        service, operation = _asked(self._cloud, received)
        described = table().get(service, {}).get(operation, {})
        shape = (service, operation, *sorted(_shape(described, received)))
        if shape not in self._seen:
            self._seen.add(shape)
            for wrong, other in mistakes(described, received):
                self._send(Mistake(service, operation, wrong, other))
        self._wait()

    def _send(self, mistake: Mistake) -> None:
        kind, before = (mistake.service, mistake.operation), state(self._cloud)
        self.sent[kind] += 1
        problem = judged(mistake, answer(self._cloud, mistake.request))
        if state(self._cloud) != before:
            problem = "it has changed something"
        if problem:
            self.problems.append(f"{mistake.told}: {problem}")
        else:
            self.refused[kind] += 1


def mistakes(described: Mapping[str, Schema], good: Received) -> Iterator[tuple[str, Received]]:
    """What is wrong, and the request."""
    query = described.get("query", {})
    for one in mutants(query, typed(query, good)):
        pairs = pairs_of(query, one.value)
        if pairs is not None:
            yield f"{one.where} {one.wrong}", replace(good, query=urlencode(pairs))
    if "body" in described:
        for one in mutants(described["body"], good.document()):
            yield f"{one.where} {one.wrong}", replace(good, body=json.dumps(one.value).encode())


def judged(mistake: Mistake, found: urllib3.BaseHTTPResponse | None) -> str:
    """What is not as Alibaba answers a mistake; "" for nothing."""
    if found is None:
        return "the connection was dropped"
    if not 400 <= found.status < 500:
        return f"answered {found.status}"
    body, small = found.json(), mistake.service == "CS"
    members = ("code", "message", "requestId") if small else ("Code", "Message", "RequestId", "HostId")
    if lacking := [name for name in members if not body.get(name)]:
        return f"the error has no {', '.join(lacking)}"
    code = str(body[members[0]])
    return "" if re.fullmatch(WORDS[mistake.service], code) else f"refused with {code}"


def answer(cloud: AlibabaCloud, request: Received) -> urllib3.BaseHTTPResponse | None:
    """The cloud's answer to a request that is signed anew; None when it hangs up."""
    fresh = {
        "x-acs-date": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "x-acs-signature-nonce": str(uuid.uuid4()),
        "x-acs-content-sha256": hashlib.sha256(request.body).hexdigest(),
    }
    kept = ("host", "content-type", "x-acs-action", "x-acs-version")
    headers = {**{name: request.headers[name] for name in kept if name in request.headers}, **fresh}
    names = sorted(name for name in headers if name != "content-type")
    key, secret = next(iter(cloud.signatures.secrets.items()))
    signature = sign(secret, canonical_request(replace(request, headers=headers), names))
    headers["authorization"] = (
        f"ACS3-HMAC-SHA256 Credential={key},SignedHeaders={';'.join(names)},Signature={signature}"
    )
    url = f"http://{cloud.host}{request.path}?{request.query}"
    with urllib3.PoolManager() as pool:
        try:
            return pool.request(
                request.method, url, body=request.body or None, headers=headers, retries=False, timeout=60
            )
        except urllib3.exceptions.HTTPError:
            return None


def state(cloud: AlibabaCloud) -> str:
    """Everything that a request could change."""
    clusters = [
        (one.id, one.version, one.upgrade, one.gone_at, one.tags, one.pools, one.addons, one.tasks)
        for one in cloud.ack.clusters()
    ]
    acr = cloud.acr
    return repr((clusters, cloud.world.resources, acr.namespaces, acr.repositories, acr.rules))


def _received(request: Request) -> Received:
    path, _, query = request.path.partition("?")
    return Received(request.method, path, query, request.headers, request.body)


def _asked(cloud: AlibabaCloud, request: Received) -> tuple[str, str]:
    service = SERVICES[request.headers["x-acs-version"]]
    action = cloud.ack.action(request)[0] if service == "CS" else request.headers["x-acs-action"]
    return service, action


def _shape(described: Mapping[str, Schema], good: Received) -> Iterator[str]:
    yield from typed(described.get("query", {}), good)
    if "body" in described:
        yield from _paths(good.document(), "")


def _paths(value: Any, where: str) -> Iterator[str]:
    yield where
    for name, each in value.items() if isinstance(value, dict) else ():
        yield from _paths(each, f"{where}.{name}")
    for each in value if isinstance(value, list) else ():
        yield from _paths(each, f"{where}[]")


@pytest.fixture
def sender(alibaba_account: AlibabaAccount) -> Sender:
    """A whole life, and all the mistakes that could have been made in it."""
    found = Sender(alibaba_account.cloud)
    live(alibaba_account)
    alibaba_account.cloud.faults.clear()
    return found


def test_every_mistake_is_refused_and_leaves_no_trace(
    sender: Sender, record_property: Callable[[str, object], None]
) -> None:
    for (service, operation), count in sorted(sender.sent.items()):
        print(f"{service:<4}{operation:<36}{count:>4} sent {sender.refused[service, operation]:>4} refused")
    sums = Counter(dict.fromkeys(LEAST, 0))
    for (service, _), count in sender.refused.items():
        sums[service] += count
    print(f"{sum(sender.sent.values())} sent, {sum(sums.values())} refused: {dict(sums)}")
    assert sender.problems == []
    assert {service: count for service, count in sums.items() if count < LEAST[service]} == {}
    told = f"alibaba: {sum(sender.sent.values())} beside {len(sender.sent)} operations"
    record_property("refusals", told)


@pytest.mark.parametrize(
    ("method", "path", "version", "action"),
    [
        ("PUT", "/", "2016-04-28", "DescribeVpcs"),
        ("DELETE", "/", "2018-12-01", "ListInstance"),
        ("POST", "/vpcs", "2016-04-28", "DescribeVpcs"),
        ("POST", "/", "2016-04-29", "DescribeVpcs"),
        ("PATCH", "/clusters", "2015-12-15", "CreateCluster"),
    ],
)
def test_what_is_no_operation_is_not_found(
    method: str, path: str, version: str, action: str, alibaba_account: AlibabaAccount
) -> None:
    cloud = alibaba_account.cloud
    headers = {"host": cloud.host, "x-acs-version": version, "x-acs-action": action}
    found = answer(cloud, Received(method, path, "", headers, b""))
    assert found is not None
    assert (found.status, found.headers["x-acs-request-id"] != "") == (404, True)
    body = found.json()
    assert (body.get("Code") or body.get("code")) == "InvalidAction.NotFound"


def test_a_member_that_nobody_knows_is_ignored(alibaba_account: AlibabaAccount) -> None:
    cloud = alibaba_account.cloud
    query = f"RegionId={cloud.region}&NoSuchParameter=x&Tag=x"
    headers = {"host": cloud.host, "x-acs-version": "2016-04-28", "x-acs-action": "DescribeVpcs"}
    found = answer(cloud, Received("POST", "/", query, headers, b""))
    assert found is not None
    assert found.status == 200


def test_the_emulators_table_is_alibabas_description() -> None:
    """To write it anew: python -m tests.providers.alibaba.described"""
    assert TABLE.read_text() == text(table())
