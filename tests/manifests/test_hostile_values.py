"""No value can change the structure of what is rendered, whatever it contains."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from clouddeploy.app.model import Expose, Health
from clouddeploy.manifests import to_yaml
from tests.manifests.samples import WEB, make_app, objects, one

HOSTILE = [
    "a: b",
    "x\n---\nkind: ClusterRoleBinding",
    '"} , "privileged": true, {"',
    "'",
    "# comment",
    "{{ 7 * 7 }}{% raw %}",
    "&a *a",
    "!!python/object/apply:os.system [id]",
    "\u2028\u0085\ufeff\U0001f600",
    "\t- |\n  x",
    "yes",
    "1e5",
    "0x1F",
    "~",
    "",
]
TEXT = st.sampled_from(HOSTILE) | st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@settings(max_examples=60, deadline=None)
@given(TEXT, TEXT)
def test_any_text_arrives_as_it_is_and_adds_nothing(name: str, value: str) -> None:
    service = replace(
        WEB, env={name: value}, command=[value], health=Health(path=value), expose=Expose(value, value)
    )
    found = objects(make_app(service))
    container = one(found, "Deployment")["spec"]["template"]["spec"]["containers"][0]
    assert one(found, "ConfigMap")["data"] == {name: value}
    assert container["args"] == [value]
    assert container["readinessProbe"]["httpGet"]["path"] == value
    assert one(found, "Ingress")["spec"]["rules"][0]["host"] == value
    assert shape(found) == shape(objects(make_app(replace(service, env={name: "x"}, command=["x"]))))


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(TEXT, TEXT, max_size=3))
def test_the_yaml_reads_back_as_the_same_objects(env: dict[str, str]) -> None:
    assert yaml.safe_load(to_yaml([{"data": env}])) == {"data": env}


@pytest.mark.parametrize(
    "text", ["y", "No", "1e5", "1_000", "012", "0o7", ".5", "+1", "-", "1:30", "2026-01-01"]
)
def test_text_that_other_yaml_readers_take_for_something_else_is_quoted(text: str) -> None:
    assert to_yaml([{"a": text}]).strip().partition(": ")[2] in (f'"{text}"', f"'{text}'")


def shape(value: Any) -> Any:
    """The structure of objects without their scalars' values."""
    if isinstance(value, dict):
        return {str(key): shape(item) for key, item in value.items()}
    return [shape(item) for item in value] if isinstance(value, list) else type(value).__name__
