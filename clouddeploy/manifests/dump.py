"""Objects as YAML that every YAML parser reads alike."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

# YAML 1.1 and 1.2 and their Go and Python readers disagree on words like `1e5`, `012` and `y`.
_AMBIGUOUS = re.compile(r"[-+.\d]|[yn]$", re.IGNORECASE)


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=_style(text))


def _style(text: str) -> str | None:
    """Double quotes where a reader may err, blocks for several lines, else what PyYAML finds fit."""
    if not text.replace("\n", "").isprintable() or _AMBIGUOUS.match(text):
        return '"'
    return "|" if "\n" in text else None


_Dumper.add_representer(str, _text)


def to_yaml(objects: Sequence[Mapping[str, Any]]) -> str:
    """The objects as one YAML stream, in their order, documents separated by `---`."""
    documents = [yaml.dump(each, Dumper=_Dumper, sort_keys=False, allow_unicode=True) for each in objects]
    return "---\n".join(documents)
