"""Reads YAML for people: every value knows its line and column, nothing is guessed or executed.

Scalars follow YAML 1.2's core schema (https://yaml.org/spec/1.2.2/#103-core-schema): `no`, `on` and
`12:30` are text. Numbers and booleans keep their spelling, so that `0123` can be taken as written.
Refused: duplicate keys, several documents, merge keys, tags, and more of anything than a person writes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Never

import yaml

from clouddeploy.app.problems import Problem, problem, quoted, report
from clouddeploy.app.scalar import Scalar
from clouddeploy.errors import ConfigError

Where = tuple[str | int, ...]
"""The keys and list positions from the root to a value."""

MOST_DEPTH = 32
MOST_VALUES = 10_000
TOO_DEEP = "too deeply nested"
TOO_DEEP_FIX = "nothing that clouddeploy reads is nested so deeply"

_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
# https://yaml.org/spec/1.2.2/#51-character-set
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Node:
    """A value and where it begins. `data` is a dict or list of nodes, text, a Scalar or None.

    Lines and columns count from 1. `keys` are the places of a mapping's keys.
    """

    data: dict[str, Node] | list[Node] | str | Scalar | None
    line: int
    column: int
    keys: dict[str, tuple[int, int]] = field(default_factory=dict)

    def plain(self) -> Any:
        """The value with nodes replaced by what they hold."""
        if isinstance(self.data, dict):
            return {key: node.plain() for key, node in self.data.items()}
        if isinstance(self.data, list):
            return [node.plain() for node in self.data]
        return self.data


@dataclass(frozen=True)
class Document:
    """A file that holds one mapping."""

    path: Path
    text: str = field(repr=False)
    root: Node = field(repr=False)

    def problem(self, where: Where, message: str, *, at_key: bool = False, fix: str | None = None) -> Problem:
        """A mistake in the value at `where`, or in its key; in the nearest value above if there is none."""
        node, found = self.root, 0
        place = (node.line, node.column)
        for key in where:
            child = _child(node, key)
            if child is None:
                break
            found += 1
            place = (child.line, child.column)
            if isinstance(key, str) and (found == len(where) and at_key):
                place = node.keys[key]
            node = child
        if found < len(where) and found:
            place = self._key_place(where[:found]) or place
        return Problem(*place, message, fix)

    def report(self, problems: list[Problem]) -> ConfigError:
        """One error for all mistakes."""
        return report(self.path, self.text, problems)

    def _key_place(self, where: Where) -> tuple[int, int] | None:
        """Where the key of a value is: the better place to say that something is missing in it."""
        node = self.root
        for key in where[:-1]:
            node = _child(node, key) or node
        last = where[-1]
        return node.keys.get(last) if isinstance(last, str) else None


def _child(node: Node, key: str | int) -> Node | None:
    if isinstance(node.data, dict) and isinstance(key, str):
        return node.data.get(key)
    if isinstance(node.data, list) and isinstance(key, int) and key < len(node.data):
        return node.data[key]
    return None


def read_document(text: str, path: Path) -> Document:
    """The mapping that a file's text holds; ConfigError points at what is wrong with it."""
    composer = _Composer(text, path)
    try:
        root = composer.document()
    except yaml.YAMLError as error:
        raise composer.syntax_error(error) from error
    if composer.problems:
        raise report(path, text, composer.problems)
    if not isinstance(root.data, dict):
        empty = root.data is None
        message = "the file is empty" if empty else "the file does not hold a mapping"
        raise problem(
            path, text, root.line, root.column, message, fix='begin with "apiVersion: clouddeploy/v1"'
        )
    return Document(path, text, root)


class _Composer:
    """Builds nodes from the parser's events, counting what aliases multiply."""

    def __init__(self, text: str, path: Path) -> None:
        self.text = text
        self.path = path
        self.problems: list[Problem] = []
        self.anchors: dict[str, tuple[Node, int]] = {}
        self.values = 0
        if match := _UNPRINTABLE.search(text):
            line = text.count("\n", 0, match.start()) + 1
            column = match.start() - (text.rfind("\n", 0, match.start()) + 1) + 1
            code = f"U+{ord(match.group()):04X}"
            raise problem(
                path, text, line, column, f"the character {code} is not allowed in YAML", fix="remove it"
            )
        self.events = self._events()

    def _events(self) -> Iterator[Any]:
        loader = _Loader(self.text)
        try:
            while loader.check_event():
                yield loader.get_event()
        finally:
            loader.dispose()

    def document(self) -> Node:
        """The first document's root; a second document is an error."""
        root = Node(None, 1, 1)
        seen = False
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                if seen:
                    self.fail(event, "a second document begins here", fix="keep one document in the file")
                seen = True
            elif isinstance(event, yaml.NodeEvent):
                root = self.node(event, 0)
        return root

    def node(self, event: Any, depth: int) -> Node:
        """The node that an event begins."""
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event)
        self.count(event, 1)
        if depth > MOST_DEPTH:
            self.fail(event, TOO_DEEP, fix=TOO_DEEP_FIX)
        if event.tag not in (None, "!", "tag:yaml.org,2002:str"):
            self.fail(event, f"the tag {quoted(event.tag)} is not supported", fix="remove it")
        before = self.values
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        if isinstance(event, yaml.ScalarEvent):
            text = event.value
            node = Node(resolve(text) if event.implicit[0] and event.tag is None else text, line, column)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = Node(list(self.items(depth)), line, column)
        else:
            node = self.mapping(line, column, depth)
        if event.anchor:
            self.anchors[event.anchor] = (node, self.values - before + 1)
        return node

    def items(self, depth: int) -> Iterator[Node]:
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            yield self.node(event, depth + 1)

    def mapping(self, line: int, column: int, depth: int) -> Node:
        data: dict[str, Node] = {}
        keys: dict[str, tuple[int, int]] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self.key(event)
            if key in keys:
                message = f"{quoted(key)} is given twice, first on line {keys[key][0]}"
                self.note(event, message, fix="keep one of them")
            keys[key] = (event.start_mark.line + 1, event.start_mark.column + 1)
            data[key] = self.node(next(self.events), depth + 1)
        return Node(data, line, column, keys)

    def key(self, event: Any) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            self.fail(event, "a key must be text", fix='put quotes around text that begins with { [ * or "')
        if event.value == "<<" and event.implicit[0]:
            self.fail(event, "merge keys (<<) are not supported", fix="write the keys out")
        return str(event.value)

    def alias(self, event: Any) -> Node:
        if event.anchor not in self.anchors:
            self.fail(
                event, f"the anchor {quoted(event.anchor)} is not defined above", fix="define it with &"
            )
        node, values = self.anchors[event.anchor]
        self.count(event, values)
        return Node(node.data, event.start_mark.line + 1, event.start_mark.column + 1, node.keys)

    def count(self, event: Any, values: int) -> None:
        self.values += values
        if self.values > MOST_VALUES:
            self.fail(event, f"more than {MOST_VALUES} values", fix="check the aliases (*name) in this file")

    def note(self, event: Any, message: str, *, fix: str) -> None:
        mark = event.start_mark
        self.problems.append(Problem(mark.line + 1, mark.column + 1, message, fix))

    def fail(self, event: Any, message: str, *, fix: str) -> Never:
        self.note(event, message, fix=fix)
        raise report(self.path, self.text, self.problems)

    def syntax_error(self, error: yaml.YAMLError) -> ConfigError:
        """The parser's complaint, at its place, in words that fit the usual causes."""
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or str(error)
        context = getattr(error, "context", None) or ""
        opened = getattr(error, "context_mark", None)
        if opened and mark and opened.line < mark.line and ("flow" in context or "quoted" in context):
            # Where a bracket or quote opens says more than where its end was missed.
            mark = opened
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        if "nesting depth" in what:  # libyaml has a bound of its own, which it may meet before ours
            return problem(self.path, self.text, line, column, TOO_DEEP, fix=TOO_DEEP_FIX)
        lines = self.text.split("\n")
        written = lines[line - 1] if line <= len(lines) else ""
        fix = "indent with spaces; quote text that holds : # { [ * & ! | > % @ or `"
        if "\t" in written[:column]:
            what, fix, column = "a tab cannot indent or separate here", "use spaces", written.index("\t") + 1
            context = ""
        message = f"not valid YAML: {context and f'{context}, '}{what}"
        return problem(self.path, self.text, line, column, message, fix=fix)


def resolve(text: str) -> str | Scalar | None:
    """What an unquoted scalar means in the core schema."""
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return Scalar(text in _TRUE, text)
    if len(text) > 40:
        return text
    if _INTEGER.fullmatch(text):
        return Scalar(int(text, 0) if text[:2] in ("0o", "0x") else int(text), text)
    if _FLOAT.fullmatch(text):
        return Scalar(float(re.sub(r"\.(?=inf|nan)", "", text.lower())), text)
    return text
