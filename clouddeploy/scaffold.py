"""Writes a new plug-in: a provider that works, on an imagined cloud to be replaced file by file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath

from clouddeploy import plugins
from clouddeploy.app.model import ALL
from clouddeploy.errors import ConfigError

_SAMPLE = "acme"
_NAME = re.compile(r"[a-z][a-z0-9]{1,29}")


def write_plugin(name: str, parent: Path) -> Path:
    """The folder `clouddeploy-NAME` in `parent`, with a package that passes the conformance suite.

    Raises ConfigError for a name that is none or is taken, and for a folder that is there.
    """
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"{name!r} is no name for a provider; nothing was changed",
            fix="use 2 to 30 lower-case letters and digits, beginning with a letter",
        )
    if name == ALL:
        raise ConfigError(f"--to {ALL} means every target; nothing was changed", fix="choose another name")
    if name in plugins.names():
        raise ConfigError(
            f"there is a provider {name} already; nothing was changed", fix="choose another name"
        )
    folder = parent / f"clouddeploy-{name}"
    try:
        folder.mkdir(parents=True)
    except FileExistsError as error:
        raise ConfigError(f"{folder} is there already; nothing was changed", fix="remove it") from error
    for path, text in _sample(files("clouddeploy_templates") / "provider", PurePosixPath()):
        target = folder / _renamed(str(path), name)
        target.parent.mkdir(exist_ok=True)
        target.write_text(_renamed(text, name), encoding="utf-8")
    return folder


def _sample(folder: Traversable, path: PurePosixPath) -> Iterator[tuple[PurePosixPath, str]]:
    for entry in sorted(folder.iterdir(), key=lambda each: each.name):
        if entry.name.startswith(("__pycache__", ".")):
            continue
        if entry.is_dir():
            yield from _sample(entry, path / entry.name)
        else:
            yield path / entry.name, entry.read_text(encoding="utf-8")


def _renamed(text: str, name: str) -> str:
    for form in (str.lower, str.upper, str.capitalize):
        text = text.replace(form(_SAMPLE), form(name))
    return text
