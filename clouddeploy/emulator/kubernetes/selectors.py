"""Label and field selectors, as list and watch requests carry them.

https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#api
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from clouddeploy.emulator.kubernetes.status import bad_request

Matches = Callable[[Mapping[str, Any]], bool]

_SET_BASED = re.compile(r"^(?P<key>[^\s!=]+)\s+(?P<negated>not)?in\s*\((?P<values>[^)]*)\)$")
_EQUALITY = re.compile(r"^(?P<key>[^\s!=]+)\s*(?P<operator>==?|!=)\s*(?P<value>\S*)$")
_TERMS = re.compile(r",(?![^(]*\))")


def label_selector(text: str) -> Matches:
    """A predicate on objects. Raises ApiError 400 for a selector that cannot be read."""
    terms = [_label_term(term.strip()) for term in _TERMS.split(text) if term.strip()]
    return lambda obj: all(term(obj["metadata"].get("labels") or {}) for term in terms)


def _label_term(term: str) -> Matches:
    if found := _SET_BASED.match(term):
        values = {value.strip() for value in found["values"].split(",")}
        return _membership(found["key"], values, negated=bool(found["negated"]))
    if found := _EQUALITY.match(term):
        return _membership(found["key"], {found["value"]}, negated=found["operator"] == "!=")
    if term.startswith("!"):
        return lambda labels: term[1:].strip() not in labels
    if re.fullmatch(r"[\w./-]+", term):
        return lambda labels: term in labels
    found_instead = term.rsplit(maxsplit=1)[-1]
    operators = "in, notin, =, ==, !=, gt, lt"
    raise bad_request(f"unable to parse requirement: found '{found_instead}', expected: {operators}")


def _membership(key: str, values: set[str], *, negated: bool) -> Matches:
    if negated:
        return lambda labels: labels.get(key) not in values
    return lambda labels: labels.get(key) in values


def matches_selector(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a LabelSelector object (matchLabels, matchExpressions) selects these labels."""
    exact = selector.get("matchLabels") or {}
    if any(labels.get(key) != value for key, value in exact.items()):
        return False
    return all(_matches_expression(term, labels) for term in selector.get("matchExpressions") or [])


def _matches_expression(term: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    present = labels.get(term["key"])
    match term["operator"]:
        case "In":
            return present in term["values"]
        case "NotIn":
            return present not in term["values"]
        case "Exists":
            return present is not None
        case _:
            return present is None


_EVERYWHERE = ("metadata.name", "metadata.namespace")
_SUBJECT = tuple(
    f"involvedObject.{name}" for name in ("kind", "name", "namespace", "uid", "apiVersion", "fieldPath")
)
_FIELDS: Mapping[str, tuple[str, ...]] = {
    "Event": (*_SUBJECT, "reason", "reportingComponent", "source", "type"),
    "Namespace": ("status.phase",),
    "Node": ("spec.unschedulable",),
    "Pod": (
        *("spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName"),
        *("spec.hostNetwork", "status.phase", "status.podIP", "status.nominatedNodeName"),
    ),
    "Secret": ("type",),
    "Service": ("spec.clusterIP", "spec.type"),
}


def field_selector(text: str, kind: str) -> Matches:
    """A predicate on objects. Raises ApiError 400 for a field that the kind cannot be selected by."""
    terms = [_field_term(term.strip(), kind) for term in text.split(",") if term.strip()]
    return lambda obj: all(term(obj) for term in terms)


def _field_term(term: str, kind: str) -> Matches:
    found = _EQUALITY.match(term)
    if not found:
        raise bad_request(f"invalid selector: '{term}'; can't understand '{term}'")
    field = found["key"]
    if field not in (*_EVERYWHERE, *_FIELDS.get(kind, ())):
        raise bad_request(_unknown_field(field, kind))
    wanted = found["operator"] != "!="
    return lambda obj: (field_of(obj, field) == found["value"]) is wanted


def _unknown_field(field: str, kind: str) -> str:
    if kind in _FIELDS:
        return f"field label not supported: {field}"
    return f'"{field}" is not a known field selector: only "metadata.name", "metadata.namespace"'


def field_of(obj: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path, "" when there is none, as field selectors see it."""
    value: Any = obj
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return "" if value is None else value
