"""Odd values of the right types: whatever the emulated project makes of them, it answers."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from clouddeploy.clusters import up
from clouddeploy.contract import ClusterSpec
from clouddeploy.emulator.server import Server
from clouddeploy_gcp import connect
from moto_fixtures.gcp import CHECKED, GcpAccount
from tests.providers.gcp.asker import Asker
from tests.providers.gcp.discovery import Discovery, Exchange, Recorder
from tests.providers.gcp.forbidden import call_of, written
from tests.providers.gcp.test_gcp_schema import gclouds_life, whole_life

TEXTS = ("", "-", "x", "A" * 300, "ü", "1.99", "a/b", "europe-west3-z", "0", "default", "\0", "9" * 5000)
BROKEN = 500
NUMBERS = (-(2**31), -1, 0, 1, 99, 2**31 - 1, 2**63, 1.5)


def lives(account: GcpAccount, monkeypatch: pytest.MonkeyPatch) -> Sequence[Exchange]:
    recorder = Recorder(account.cloud.faults)
    with Server(recorder) as server:
        for live in (whole_life, gclouds_life):
            account.cloud.reset()
            monkeypatch.setenv("CLOUDDEPLOY_GCP_ENDPOINT", server.url)
            live(account)
    monkeypatch.setenv("CLOUDDEPLOY_GCP_ENDPOINT", account.cloud.url)
    return [
        one for one in recorder.exchanges if one.path.startswith(("/v1", "/compute")) and one.status < 400
    ]


def odd(value: Any, way: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Other values for each place in a JSON value."""
    match value:
        case dict() | list():
            for key, one in value.items() if isinstance(value, dict) else enumerate(value):
                yield from odd(one, (*way, key))
            yield way, type(value)()
            if isinstance(value, list):
                yield way, value * 2
        case bool():
            yield way, not value
        case int():
            yield from ((way, one) for one in NUMBERS)
        case str():
            yield from ((way, one) for one in TEXTS)


def put(value: Any, way: tuple[str | int, ...], other: Any) -> Any:
    if not way:
        return other
    changed = copy.deepcopy(value)
    inner = changed
    for key in way[:-1]:
        inner = inner[key]
    inner[way[-1]] = other
    return changed


def test_none_of_them_breaks_it(gcp_account: GcpAccount, ask: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    discovery = Discovery()
    last: Mapping[str, Exchange] = {discovery.method(one).id: one for one in lives(gcp_account, monkeypatch)}
    gcp_account.cloud.reset()
    gcp_account.plant(CHECKED)
    spec = ClusterSpec("demo", nodes=1)
    provisioner = connect(gcp_account.target(spec=spec)).provisioner
    assert provisioner
    up(provisioner.steps(spec), clock=gcp_account.clock)
    answers = []
    for exchange in last.values():
        method = discovery.method(exchange)
        good = call_of(method, exchange)
        paths = [(good._replace(path=put(good.path, way, one))) for way, one in odd(good.path) if way]
        bodies = [good._replace(body=put(good.body, way, one)) for way, one in odd(good.body)]
        for call in (*paths, *(bodies if method.request else ())):
            body = call.body if method.request else None
            answers.append((ask.status(method.verb, written(method, call.path), body), method.id, call))
        gcp_account.clock.sleep(0)
    assert [one for one in answers if one[0] == BROKEN] == []
    assert len(answers) > 1500
