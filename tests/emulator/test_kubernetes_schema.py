"""The table of types, and the patches and merges that read it."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import pytest

from clouddeploy.emulator.kubernetes.fields import compare, from_json, paths_of, readable, to_json
from clouddeploy.emulator.kubernetes.merge import merge
from clouddeploy.emulator.kubernetes.patch import json_patch, merge_patch
from clouddeploy.emulator.kubernetes.resources import RESOURCES
from clouddeploy.emulator.kubernetes.schema import condense, type_of
from clouddeploy.emulator.kubernetes.status import ApiError
from tests.emulator.kube_rig import Rig


def test_the_table_is_what_a_real_api_server_says(kube_reader: Rig) -> None:
    """To make it anew, write what `condense` gives to schema.txt."""
    if kube_reader.cluster.kind == "built-in":
        return
    definitions = kube_reader.call("GET", "/openapi/v2")["definitions"]
    names = {
        (kind["group"], kind["version"], kind["kind"]): name
        for name, value in definitions.items()
        for kind in value.get("x-kubernetes-group-version-kind", [])
    }
    roots = [names[r.group, r.version, r.kind] for r in RESOURCES] + [names["autoscaling", "v1", "Scale"]]
    text = files("clouddeploy.emulator.kubernetes").joinpath("schema.txt").read_text()
    assert condense(definitions, roots) == [line for line in text.splitlines() if not line.startswith("#")]


def test_every_kind_has_a_type() -> None:
    for resource in RESOURCES:
        assert {"apiVersion", "kind", "metadata"} <= resource.type.fields.keys()


def test_how_lists_merge() -> None:
    spec = type_of("PodSpec").fields
    assert (spec["containers"].shape, spec["containers"].keys) == ("assoc", ("name",))
    assert spec["tolerations"].atomic
    assert spec["nodeSelector"].atomic
    assert type_of("Container").fields["ports"].keys == ("containerPort", "protocol")


def test_paths_survive_their_json() -> None:
    pod = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "x", "image": "y"}]}}
    paths = frozenset(paths_of(pod, type_of("Pod")))
    assert from_json(to_json(paths)) == paths
    assert '.spec.containers[name="x"].image' in {readable(path) for path in paths}


def test_compare_tells_changed_and_removed() -> None:
    old = {"data": {"a": "1", "b": "1"}}
    new = {"data": {"a": "2", "c": "1"}}
    changes = compare(old, new, type_of("ConfigMap"))
    assert {readable(path) for path in changes.changed} == {".data.a", ".data.c"}
    assert {readable(path) for path in changes.removed} == {".data.b"}


@pytest.mark.parametrize(
    ("live", "applied", "merged"),
    [
        ("abc", "b", "abc"),
        ("abc", "ca", "cab"),
        ("abc", "dac", "dabc"),
        ("", "ab", "ab"),
        ("ab", "xy", "abxy"),
    ],
)
def test_merged_lists_keep_the_applied_order(live: str, applied: str, merged: str) -> None:
    items = [[{"name": name} for name in names] for names in (live, applied)]
    found = merge(items[0], items[1], type_of("PodSpec").fields["containers"])
    assert "".join(item["name"] for item in found) == merged


@pytest.mark.parametrize(
    ("operations", "result"),
    [
        ([{"op": "add", "path": "/a/-", "value": 3}], {"a": [1, 2, 3]}),
        ([{"op": "add", "path": "/a/0", "value": 0}], {"a": [0, 1, 2]}),
        ([{"op": "replace", "path": "/a/0", "value": 5}], {"a": [5, 2]}),
        ([{"op": "remove", "path": "/a/1"}], {"a": [1]}),
        ([{"op": "copy", "from": "/a/0", "path": "/b"}], {"a": [1, 2], "b": 1}),
        ([{"op": "move", "from": "/a", "path": "/b"}], {"b": [1, 2]}),
        ([{"op": "test", "path": "/a/0", "value": 1}], {"a": [1, 2]}),
    ],
)
def test_json_patch(operations: list[dict[str, Any]], result: object) -> None:
    assert json_patch({"a": [1, 2]}, operations) == result


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "remove", "path": "/b"},
        {"op": "replace", "path": "/b", "value": 1},
        {"op": "test", "path": "/a/0", "value": 2},
        {"op": "jump", "path": "/a"},
    ],
)
def test_a_json_patch_that_does_not_fit(operation: dict[str, Any]) -> None:
    with pytest.raises(ApiError) as caught:
        json_patch({"a": [1]}, [operation])
    assert caught.value.code == 422


def test_merge_patch() -> None:
    assert merge_patch({"a": {"b": 1, "c": 2}}, {"a": {"b": None, "d": 3}}) == {"a": {"c": 2, "d": 3}}
    assert merge_patch({"a": 1}, {"a": {"b": None}}) == {"a": {}}
