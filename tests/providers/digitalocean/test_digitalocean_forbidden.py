"""The emulated DigitalOcean refuses every request that DigitalOcean's own description forbids."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

import pytest

from clouddeploy.emulator.server import Server
from clouddeploy_digitalocean.emulator.described import BODIES, QUERIES
from clouddeploy_digitalocean.emulator.routes import ROUTES
from clouddeploy_digitalocean.scopes import SCOPES
from moto_fixtures.digitalocean import DigitalOceanAccount
from tests.providers.digitalocean.fullest import LEFT_OUT, QUESTIONS, WISHES, asked, planted
from tests.providers.digitalocean.openapi import UNDOCUMENTED, OpenApi
from tests.providers.digitalocean.probe import Front, Prober
from tests.providers.digitalocean.schemas import body_of, described, query_of
from tests.providers.digitalocean.test_digitalocean_emulator import ask, ask_text
from tests.providers.digitalocean.test_digitalocean_schema import whole_life

FREE = {
    "account.get",
    "kubernetes.list_options",
    "registries.get_options",
    "registries.get_subscription",
    "registries.list",
}
"""Operations with neither body nor parameters: nothing that they are sent is forbidden."""


@pytest.fixture(scope="module")
def openapi() -> OpenApi:
    return OpenApi()


@pytest.fixture
def prober(
    do_account: DigitalOceanAccount, openapi: OpenApi, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Prober]:
    """Between the provider and the cloud."""
    prober = Prober(do_account, openapi)
    with Server(Front(prober)) as server:
        monkeypatch.setenv("DIGITALOCEAN_API_URL", server.url)
        yield prober


def test_beside_a_whole_life_everything_forbidden_is_refused(
    do_account: DigitalOceanAccount, prober: Prober, record_property: Callable[[str, object], None]
) -> None:
    whole_life(do_account)
    print(prober.table())
    assert [one for one in prober.told if one.said] == []
    expected = {described(prober.openapi, name)["operationId"] for name in set(SCOPES) - FREE}
    assert {one.operation for one in prober.told} == expected
    assert len(prober.told) >= 190
    told = f"digitalocean: {len(prober.told)} beside {len(expected)} operations"
    record_property("refusals", told)


@pytest.mark.parametrize("operation", WISHES)
def test_beside_a_request_with_every_member_everything_forbidden_is_refused(
    operation: str, do_account: DigitalOceanAccount, openapi: OpenApi
) -> None:
    wish, prober = planted(do_account, operation), Prober(do_account, openapi)
    schema = body_of(openapi, described(openapi, operation))
    assert schema
    assert {*_lacking(schema, wish.body)} == {name for left, name in LEFT_OUT if left == operation}
    prober.probe(wish.method, f"/v2{wish.path}", body=json.dumps(wish.body).encode())
    assert [one for one in prober.told if one.said] == []
    assert len(prober.told) > len(schema["properties"])
    status, told, _ = ask(do_account, wish.method, f"/v2{wish.path}", wish.body)
    assert status < 300, told


@pytest.mark.parametrize("operation", QUESTIONS)
def test_beside_a_question_with_every_parameter_everything_forbidden_is_refused(
    operation: str, do_account: DigitalOceanAccount, openapi: OpenApi
) -> None:
    path, _, query = asked(do_account, operation).partition("?")
    prober = Prober(do_account, openapi)
    known = query_of(openapi, described(openapi, operation))["properties"]
    assert {name for name, _ in parse_qsl(query, keep_blank_values=True)} == set(known)
    prober.probe("GET", f"/v2{path}", query)
    assert prober.told
    assert [one for one in prober.told if one.said] == []
    assert ask_text(do_account, "GET", f"/v2{path}?{query}")[0] == 200


def _lacking(schema: Mapping[str, Any], value: Any, where: str = "") -> Iterator[str]:
    """The members that a description has and a value has not."""
    if isinstance(value, list) and value:
        yield from _lacking(schema["items"], value[0], f"{where}[]")
    for name, inner in schema.get("properties", {}).items():
        if name in value:
            yield from _lacking(inner, value[name], f"{where}.{name}")
        else:
            yield f"{where}.{name}".removeprefix(".")


def test_what_the_emulator_checks_bodies_by_is_the_description(openapi: OpenApi) -> None:
    bodies = {one.operation: body_of(openapi, described(openapi, one.operation)) for one in ROUTES}
    assert {name: one for name, one in bodies.items() if one} == BODIES
    assert set(BODIES) == set(WISHES)


def test_what_the_emulator_checks_queries_by_is_the_description(openapi: OpenApi) -> None:
    found = {one.operation: described(openapi, one.operation) for one in ROUTES}
    queries = {name: dict(query_of(openapi, one)["properties"]) for name, one in found.items()}
    for name, one in found.items():
        for extra in UNDOCUMENTED.get(one["operationId"], ()):
            queries[name][extra] = QUERIES[name][extra]
    assert {name: one for name, one in queries.items() if one} == QUERIES
