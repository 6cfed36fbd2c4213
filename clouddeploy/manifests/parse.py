"""Rendered text to plain objects: strict YAML, with the values put in after parsing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml
from yaml.composer import ComposerError
from yaml.constructor import ConstructorError

from clouddeploy.manifests.values import Value, Values

_PART = "an expression must be a whole value: join text inside it, as in {{ 'api-' ~ service.name }}"


class _Loader(yaml.SafeLoader):
    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise ComposerError(None, None, "anchors and aliases are not allowed", mark)
        return super().compose_node(parent, index)


def parse(text: str, values: Values) -> list[Value]:
    """The documents in `text`, empty ones left out.

    Raises yaml.MarkedYAMLError, whose mark points into `text`, also for duplicate keys,
    aliases, non-JSON scalars and expressions that are only a part of a value.
    """
    loader = _Loader(text)
    try:
        return [each for each in _documents(loader, values) if each is not None]
    finally:
        loader.dispose()


def _documents(loader: _Loader, values: Values) -> Iterator[Value]:
    while loader.check_node():
        node = loader.get_node()
        yield _value(loader, node, values) if node else None


def _value(loader: _Loader, node: yaml.Node, values: Values) -> Value:
    if isinstance(node, yaml.MappingNode):
        return _mapping(loader, node, values)
    if isinstance(node, yaml.SequenceNode):
        return [_value(loader, item, values) for item in node.value]
    assert isinstance(node, yaml.ScalarNode)  # noqa: S101 - the composer makes no fourth kind
    return _scalar(loader, node, values)


def _mapping(loader: _Loader, node: yaml.MappingNode, values: Values) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = _value(loader, key_node, values)
        if not isinstance(key, str):
            raise _error(f"a key must be text, not {key!r}", key_node)
        if key in result:
            raise _error(f"the key {key} appears twice", key_node)
        result[key] = _value(loader, value_node, values)
    return result


def _scalar(loader: _Loader, node: yaml.ScalarNode, values: Values) -> Value:
    if values.marked(node.value):
        try:
            return values.value(node.value)
        except ValueError as error:
            raise _error(_PART, node) from error
    value = loader.construct_object(node)
    if value is None or isinstance(value, str | int | float):
        return value
    raise _error(f"{node.value} reads as a {type(value).__name__}: put it in quotes", node)


def _error(message: str, node: yaml.Node) -> yaml.MarkedYAMLError:
    return ConstructorError(None, None, message, node.start_mark)
