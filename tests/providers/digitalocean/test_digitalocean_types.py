"""A request with a value of a wrong type is refused, wherever the value is, and never answered 500."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import urllib3

from moto_fixtures.digitalocean import DigitalOceanAccount
from tests.providers.digitalocean.fullest import WISHES, planted

_VALUES: tuple[Any, ...] = (5, 1.5, True, "x", [], ["x"], [5], [None], {}, {"x": 5}, [{}], [[]])


def _wrong(value: Any) -> Iterator[Any]:
    """The same with one value inside replaced by one of another type, for each value and type."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from ({**value, key: other} for other in _wrong(inner))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from ([*value[:index], other, *value[index + 1 :]] for other in _wrong(inner))
    yield from (other for other in _VALUES if not _alike(other, value))


def _alike(other: Any, value: Any) -> bool:
    """A whole number is good where a fraction is asked for."""
    return type(other) is type(value) or (type(other), type(value)) == (int, float)


@pytest.mark.parametrize("operation", WISHES)
def test_no_wrong_type_is_accepted_or_breaks_the_emulator(
    operation: str, do_account: DigitalOceanAccount
) -> None:
    wish = planted(do_account, operation)
    cloud = do_account.cloud
    headers = {"Authorization": f"Bearer {cloud.token}"}
    with urllib3.PoolManager(retries=False) as pool:
        for body in _wrong(dict(wish.body)):
            sent = json.dumps(body)
            cloud.limit.forget()
            answer = pool.request(wish.method, f"{cloud.url}/v2{wish.path}", body=sent, headers=headers)
            assert answer.status in {400, 404, 422}, (answer.status, answer.data, sent)
            assert set(answer.json()) == {"id", "message", "request_id"}


@pytest.mark.parametrize("sent", [b'{"name": NaN}', b"[" * 100_000, b"\xff\xfe", b"nul", b'"text"'])
def test_what_is_no_json_object_cannot_be_read(sent: bytes, do_account: DigitalOceanAccount) -> None:
    headers = {"Authorization": f"Bearer {do_account.cloud.token}"}
    with urllib3.PoolManager(retries=False) as pool:
        answer = pool.request("POST", f"{do_account.cloud.url}/v2/vpcs", body=sent, headers=headers)
    assert (answer.status, answer.json()["message"]) == (400, "error parsing request body")
