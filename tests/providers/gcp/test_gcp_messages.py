"""What the emulated project knows of Google's requests is what Google's descriptions say, field by field."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pytest

from clouddeploy_gcp.emulator.answers import ApiError, Request
from clouddeploy_gcp.emulator.differences import HIDDEN, NEWER, NEWER_VALUES
from clouddeploy_gcp.emulator.messages import named, read, write
from clouddeploy_gcp.emulator.outputs import OUTPUTS, without_outputs
from clouddeploy_gcp.emulator.payload import type_of
from clouddeploy_gcp.emulator.queries import checked
from clouddeploy_gcp.emulator.routes import Route, find
from tests.providers.gcp.discovery import Discovery, Method

DISCOVERY = Discovery()
_NUMBERS = {
    "int32": "INT32",
    "int64": "INT64",
    "uint32": "UINT32",
    "uint64": "UINT64",
    "double": "DOUBLE",
    "float": "FLOAT",
    "byte": "BYTES",
}
_WRITTEN_AS_TEXT = {"google-datetime", "google-duration", "google-fieldmask"}


class Field(NamedTuple):
    """One field of a request's body: the members on the way to it, its schema, the message that has it."""

    route: Route
    way: tuple[str, ...]
    schema: Mapping[str, Any]
    owner: Any


def route_of(method: Method) -> Route:
    operation = "operation-1" if method.api == "container" else "1"
    path = method.template.replace("{operationsId}", operation).replace("{v1Id}", "projects")
    found = find(Request(method.verb, "/" + re.sub(r"{\w+}", "x1", path)))
    assert found, method.id
    return found.route


METHODS = {method.id: (method, route_of(method)) for method in DISCOVERY.methods}


def body_of(route: Route) -> Any:
    message = named(route.request)
    return getattr(message, route.body).__class__() if route.body not in {"", "*"} else message


def fields() -> Iterator[Field]:
    """Every field of every body, each message once."""
    for method, route in METHODS.values():
        if method.request:
            yield from below(method.api, route, method.request, body_of(route).DESCRIPTOR, (), set())


def below(
    api: str, route: Route, name: str, kind: Any, way: tuple[str, ...], seen: set[str]
) -> Iterator[Field]:
    seen.add(name)
    for key, schema in DISCOVERY.schema(api, name).get("properties", {}).items():
        yield Field(route, (*way, key), schema, kind)
        inner = schema.get("items") or schema.get("additionalProperties") or schema
        field = field_named(kind, key)
        if "$ref" in inner and inner["$ref"] not in seen and field is not None:
            deeper = field.message_type
            deeper = (
                deeper.fields_by_name["value"].message_type if "additionalProperties" in schema else deeper
            )
            step = f"{key}[]" if "items" in schema else f"{key}{{}}" if inner is not schema else key
            yield from below(api, route, inner["$ref"], deeper, (*way, step), seen)


def field_named(kind: Any, key: str) -> Any:
    return next((one for one in kind.fields if one.json_name == key), None)


FIELDS = tuple(fields())


def nested(way: tuple[str, ...], value: Any) -> Any:
    for step in reversed(way):
        name = step.rstrip("[]{}")
        value = {name: [value] if step.endswith("[]") else {"key": value} if step.endswith("{}") else value}
    return value


def test_every_field_is_known_and_of_its_type() -> None:
    for one in FIELDS:
        key, name = one.way[-1], f"{one.owner.full_name}.{one.way[-1]}"
        if key in NEWER.get(one.owner.full_name, ()):
            assert field_named(one.owner, key) is None, f"the library has {name} by now"
            continue
        field = field_named(one.owner, key)
        assert field is not None, name
        inner = one.schema.get("items", one.schema)
        if "additionalProperties" in one.schema:
            assert field.message_type.GetOptions().map_entry, name
        elif "$ref" in inner:
            assert field.message_type is not None, name
        elif "enum" in inner:
            mine = set(field.enum_type.values_by_name) | NEWER_VALUES.get(field.enum_type.full_name, set())
            assert mine == set(inner["enum"]), name
        elif inner.get("format") not in _WRITTEN_AS_TEXT and field.message_type is None:
            kind = {"string": "STRING", "boolean": "BOOL"}.get(inner["type"], "")
            assert type_of(field) == f"TYPE_{_NUMBERS.get(inner.get('format', ''), kind)}", name
        assert field.is_repeated == ("items" in one.schema or "additionalProperties" in one.schema), name
    assert len(FIELDS) > 700


def test_what_only_the_cloud_sets_is_passed_over() -> None:
    for name, mine in OUTPUTS.items():
        theirs = {one.way[-1] for one in FIELDS if one.owner.full_name == name and one.schema.get("readOnly")}
        assert theirs == mine, name
    asked = {
        "name": "demo",
        "endpoint": "1.2.3.4",
        "masterAuth": {"clusterCaCertificate": "x", "username": "me"},
        "nodePools": [{"name": "p", "status": "ERROR"}],
        "resourceLabels": {"a": "b"},
    }
    kept = without_outputs(read(named("container.Cluster"), asked))
    assert write(kept) == {
        "name": "demo",
        "masterAuth": {"username": "me"},
        "nodePools": [{"name": "p"}],
        "resourceLabels": {"a": "b"},
    }


def test_no_field_is_known_that_google_has_not() -> None:
    described: dict[str, set[str]] = {}
    owners = {one.owner.full_name: one.owner for one in FIELDS}
    for one in FIELDS:
        described.setdefault(one.owner.full_name, set()).add(one.way[-1])
    for name, owner in owners.items():
        shown = {one.json_name for one in owner.fields if one.name not in HIDDEN.get(name, ())}
        extra = shown - described[name]
        assert extra == set(), name


def known(route: Route, name: str, value: str) -> bool:
    """Taken, or refused as not emulated."""
    try:
        checked(Request("", "", {name: [value]}), route.request, route.body)
    except ApiError as error:
        return error.status == "UNIMPLEMENTED"
    return True


@pytest.mark.parametrize("method", sorted(METHODS))
def test_every_query_parameter_is_known_and_no_other(method: str) -> None:
    described, route = METHODS[method]
    samples = {"boolean": "true", "integer": "1", "string": "1"}
    own = {
        name: samples[one["type"]]
        for name, one in described.parameters.items()
        if one.get("location") == "query" and "enum" not in one
    }
    assert [name for name, value in own.items() if not known(route, name, value)] == []
    mine = (
        set() if route.body == "*" else {one.camelcase_name for one in named(route.request).DESCRIPTOR.fields}
    )
    path = {"name", "parent", "resource"} if route.body != "*" else set()
    mine = {one for one in mine if one not in path and one != route.body}
    assert {name.partition(".")[0] for name in own} >= mine


def test_a_wrong_type_in_any_field_is_refused() -> None:
    assert [one.way for one in FIELDS if said(one) != wanted(one)] == []


def wanted(one: Field) -> str:
    newer = one.way[-1] in NEWER.get(one.owner.full_name, ())
    return "UNIMPLEMENTED" if newer else "INVALID_ARGUMENT"


def said(one: Field) -> str:
    """What is answered to a value of the wrong type in this field, when the field is what it is about."""
    text = one.schema.get("type") == "string" and not {"format", "enum"} & set(one.schema)
    wrong = 5 if text or "additionalProperties" in one.schema else {"noSuchMember": 1}
    try:
        read(body_of(one.route), nested(one.way, wrong))
    except ApiError as error:
        words = error.message.replace("_", "").lower()
        return error.status if one.way[-1].lower() in words else error.message
    return "taken"


@pytest.mark.parametrize(
    ("kind", "body", "message"),
    [
        (
            "container.CreateClusterRequest",
            {"cluster": {"nodePools": [{}, {"config": {"spto": True}}]}},
            "Invalid JSON payload received. Unknown name \"spto\" at 'cluster.node_pools[1].config': "
            "Cannot find field.",
        ),
        (
            "container.CreateClusterRequest",
            {"cluster": []},
            'Invalid JSON payload received. Unknown name "cluster": '
            "Proto field is not repeating, cannot start list.",
        ),
        (
            "container.CreateClusterRequest",
            {"cluster": {"name": {}}},
            "Invalid value at 'cluster' (name), Starting an object on a scalar field",
        ),
        (
            "container.CreateClusterRequest",
            {"cluster": {"autopilot": "yes", "initialNodeCount": 2**31}},
            "Invalid value at 'cluster.autopilot' (type.googleapis.com/google.container.v1.Autopilot), "
            "\"yes\"\nInvalid value at 'cluster.initial_node_count' (TYPE_INT32), 2147483648",
        ),
        (
            "artifacts.Repository",
            {"cleanupPolicies": {"old": {"condition": {}, "mostRecentVersions": {}}}},
            "Invalid value at 'cleanup_policies[0].value' (oneof), oneof field 'condition_type' is already "
            "set. Cannot set 'most_recent_versions'",
        ),
        (
            "artifacts.Repository",
            {"createTime": "yesterday"},
            "Invalid value at 'create_time' (type.googleapis.com/google.protobuf.Timestamp), \"yesterday\"",
        ),
        ("iam.SetIamPolicyRequest", {"policy": {"etag": "ü"}}, "Invalid value at 'policy.etag' (TYPE_BYTES)"),
        ("iam.TestIamPermissionsRequest", {"permissions": [None]}, "Invalid value at 'permissions[0]'"),
        ("iam.TestIamPermissionsRequest", {"permissions": [["x"]]}, "Invalid value at 'permissions[0]'"),
    ],
)
def test_it_is_said_in_googles_words(kind: str, body: Any, message: str) -> None:
    with pytest.raises(ApiError) as caught:
        read(named(kind), body)
    assert caught.value.message.startswith(message)
    violations = caught.value.body()["error"]["details"][0]["fieldViolations"]
    assert "\n".join(one["description"] for one in violations) == caught.value.message


@pytest.mark.parametrize(
    ("body", "field", "value"),
    [
        ({"initialNodeCount": "3"}, "initial_node_count", 3),
        ({"initial_node_count": 3.0}, "initial_node_count", 3),
        ({"locations": "europe-west3-a"}, "locations", ["europe-west3-a"]),
        ({"enableTpu": "true"}, "enable_tpu", True),
        ({"status": "RUNNING"}, "status", 2),
        ({"status": 2}, "status", 2),
        ({"status": "2"}, "status", 2),
        ({"name": None}, "name", ""),
    ],
)
def test_what_googles_parser_takes_is_taken(body: Any, field: str, value: Any) -> None:
    assert getattr(read(named("container.Cluster"), body), field) == value
