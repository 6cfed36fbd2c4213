"""What is made of a good request to see whether an emulated cloud refuses what the description forbids."""

from __future__ import annotations

import pytest
from jsonschema import Draft202012Validator

from tests.providers.mutants import Mutant, Schema, mutants

POOL: Schema = {
    "type": "object",
    "required": ["name", "size"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "pattern": "^[a-z][a-z0-9-]*$", "minLength": 1, "maxLength": 40},
        "size": {"type": "string", "enum": ["small", "large"]},
        "count": {"type": "integer", "minimum": 1, "maximum": 500},
        "auto": {"type": "boolean"},
        "tags": {"type": "array", "maxItems": 3, "minItems": 1, "items": {"type": "string", "minLength": 1}},
        "taints": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["key"],
                "properties": {"key": {"type": "string"}, "weight": {"type": "integer", "enum": [1, 2]}},
            },
        },
    },
}
GOOD = {
    "name": "web",
    "size": "small",
    "count": 3,
    "auto": True,
    "tags": ["a"],
    "taints": [{"key": "gpu", "weight": 1}, {"key": "spot"}],
}


def test_the_request_that_all_are_made_of_is_good() -> None:
    assert Draft202012Validator(POOL).is_valid(GOOD)


@pytest.mark.parametrize("mutant", [*mutants(POOL, GOOD)], ids=str)
def test_each_is_forbidden(mutant: Mutant) -> None:
    assert not Draft202012Validator(POOL).is_valid(mutant.value)


def test_each_rule_of_the_description_is_broken_where_the_request_has_the_member() -> None:
    found = {(one.where, one.wrong) for one in mutants(POOL, GOOD)}
    assert found == {
        ("", "no object"),
        ("name", "missing"),
        ("size", "missing"),
        ("noSuchMember", "unknown"),
        ("name", "no string"),
        ("name", "too short"),
        ("name", "too long"),
        *(("name", f"{odd!r} does not fit the pattern") for odd in ("", "!", " ")),
        ("size", "no string"),
        ("size", "none of the enum"),
        ("count", "no integer"),
        ("count", "too small"),
        ("count", "too large"),
        ("auto", "no boolean"),
        ("tags", "no array"),
        ("tags", "too few"),
        ("tags", "too many"),
        ("tags[0]", "no string"),
        ("tags[0]", "too short"),
        ("taints", "no array"),
        ("taints[0]", "no object"),
        ("taints[0].key", "missing"),
        ("taints[0].key", "no string"),
        ("taints[0].weight", "no integer"),
        ("taints[0].weight", "none of the enum"),
    }


def test_of_a_map_there_are_wrong_keys_wrong_values_and_too_many() -> None:
    labels: Schema = {
        "type": "object",
        "minProperties": 1,
        "maxProperties": 2,
        "propertyNames": {"minLength": 2, "maxLength": 9},
        "additionalProperties": {"type": "string", "maxLength": 3},
    }
    found = [*mutants(labels, {"team": "web"})]
    assert {(one.where, one.wrong) for one in found} == {
        ("", "no object"),
        ("", "too few"),
        ("", "too many"),
        ("{key}", "too short"),
        ("{key}", "too long"),
        ("{value}", "no string"),
        ("{value}", "too long"),
    }
    assert not any(Draft202012Validator(labels).is_valid(one.value) for one in found)


def test_a_rule_for_what_the_request_has_not_breaks_nothing() -> None:
    assert {one.where for one in mutants(POOL, {"name": "web", "size": "large"})} == {
        "",
        "name",
        "size",
        "noSuchMember",
    }
