from __future__ import annotations

from pathlib import Path

import pytest

from clouddeploy.images.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture(autouse=True)
def nobody_is_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the user's engines' settings, caches or times."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("CLOUDDEPLOY_CACHE", "XDG_CACHE_HOME", "DOCKER_HOST", "SOURCE_DATE_EPOCH"):
        monkeypatch.delenv(name, raising=False)
