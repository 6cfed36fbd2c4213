"""Which calls a provider's source holds, and which of them a test has made: none may stay unjudged."""

from __future__ import annotations

import ast
import functools
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2] / "providers"

Site = tuple[str, int]
"""File below the provider's folder, and line."""


def modules(provider: str) -> Iterator[tuple[Path, ast.Module]]:
    """The provider's own modules; its emulator is the other side."""
    home = ROOT / f"clouddeploy_{provider}"
    for file in sorted(home.rglob("*.py")):
        if "emulator" not in file.relative_to(home).parts:
            yield file.relative_to(home), ast.parse(file.read_text())


def words(provider: str) -> set[str]:
    """Every attribute and every string in the source: an SDK's operation is one or the other."""
    found: set[str] = set()
    for _, tree in modules(provider):
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                found.add(node.attr)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return found


def written(provider: str, gates: Collection[str], receiver: str) -> set[Site]:
    """Where `….receiver.gate(…)` is called."""
    return {
        (str(file), node.func.end_lineno or 0)
        for file, tree in modules(provider)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in gates
        and receiver == getattr(node.func.value, "attr", getattr(node.func.value, "id", ""))
    }


def made(monkeypatch: pytest.MonkeyPatch, provider: str, kind: type, gates: Collection[str]) -> set[Site]:
    """Filled with where methods of `kind` are called from, as it happens."""
    home, found = ROOT / f"clouddeploy_{provider}", set[Site]()

    def watched(method: Any) -> Any:
        @functools.wraps(method)
        def call(*arguments: Any, **named: Any) -> Any:
            caller = sys._getframe(1)
            file = Path(caller.f_code.co_filename)
            if file.is_relative_to(home):
                found.add((str(file.relative_to(home)), caller.f_lineno))
            return method(*arguments, **named)

        return call

    for gate in gates:
        monkeypatch.setattr(kind, gate, watched(getattr(kind, gate)))
    return found
