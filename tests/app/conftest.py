from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from clouddeploy.app.load import load_app
from clouddeploy.app.model import App

Write = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project folder that is also the current one, so that errors show short paths."""
    project = tmp_path / "shop"
    project.mkdir()
    monkeypatch.chdir(project)
    return project


@pytest.fixture
def write(folder: Path) -> Write:
    """Writes files of the project: `write({"web/Dockerfile": "FROM scratch"})`."""

    def write(files: dict[str, str]) -> Path:
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return folder

    return write


@pytest.fixture
def load(folder: Path, write: Write) -> Callable[..., App]:
    """The app of a clouddeploy.yaml given as text, with more files if need be."""

    def load(text: str, files: dict[str, str] | None = None) -> App:
        write({"clouddeploy.yaml": text, **(files or {})})
        return load_app(folder)

    return load
