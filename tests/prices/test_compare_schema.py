"""The JSON has a schema that is shipped with it, and nothing in it is left undescribed."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from decimal import Decimal
from importlib import resources
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from clouddeploy.contract import MachineType, Quota
from clouddeploy.prices.allocatable import Room
from clouddeploy.prices.compare import compare
from clouddeploy.prices.live import Live
from clouddeploy.prices.plain import plain
from tests.prices.reference import APP, CATALOG, WISHES, compared

SCHEMA: Any = json.loads(
    (resources.files("clouddeploy.prices") / "data" / "compare.schema.json").read_text("utf-8")
)
LIVE = Live(
    "do", "digitalocean", "nyc1",
    {"s-2vcpu-4gb": MachineType("s-2vcpu-4gb", 2, Decimal(4))},
    (Quota("Droplets", 10, 2, "nodes"), Quota("else", None)),
    {"s-2vcpu-4gb": Room(1900, 2600, 110)}, Room(300, 400, 4), 3,
)  # fmt: skip


def closed(schema: Any) -> Any:
    """The schema that also refuses keys that it does not name."""
    found = deepcopy(schema)
    stack = [found]
    while stack:
        one = stack.pop()
        if isinstance(one, dict):
            if "properties" in one and "additionalProperties" not in one:
                one["additionalProperties"] = False
            stack += one.values()
        elif isinstance(one, list):
            stack += one
    return found


CLOSED = Draft202012Validator(closed(SCHEMA), format_checker=Draft202012Validator.FORMAT_CHECKER)


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(
    "wishes",
    [
        {},
        {"region": "seoul", "private": True},
        {"spot": True},
        {"commit": "3y"},
        {"sla": Decimal("99.95"), "ha": True},
        {"sla": Decimal("99.999")},
        {"arch": "arm64", "version": "1.33", "auto": True},
        {"machines": {"aws": "t3.medium"}},
    ],
)
def test_every_comparison_is_as_the_schema_says(wishes: dict[str, Any]) -> None:
    CLOSED.validate(json.loads(json.dumps(plain(compared(**wishes)))))


def test_what_a_live_account_says_is_described_too() -> None:
    CLOSED.validate(json.loads(json.dumps(plain(compare(APP, WISHES, CATALOG, live=[LIVE])))))


def test_a_number_in_place_of_an_exact_amount_is_refused() -> None:
    shown = json.loads(json.dumps(plain(compared(replace(APP, volumes=())))))
    shown["lanes"][0]["offers"][0]["total"]["usd_month"] = 90.0
    with pytest.raises(ValidationError, match="is not of type 'string'"):
        CLOSED.validate(shown)
