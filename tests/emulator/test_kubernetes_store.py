"""The store's history, which watches read."""

from __future__ import annotations

import threading

import pytest

from clouddeploy.emulator.kubernetes import store as store_module
from clouddeploy.emulator.kubernetes.resources import BY_ID
from clouddeploy.emulator.kubernetes.status import ApiError
from clouddeploy.emulator.kubernetes.store import Store

MAPS, SECRETS = BY_ID["configmaps"], BY_ID["secrets"]


def put(store: Store, name: str) -> None:
    store.put(MAPS, {"metadata": {"name": name, "namespace": "default"}})


def test_every_write_has_a_revision_of_its_own() -> None:
    store = Store()
    start = store.revision
    for name in ("a", "b", "a"):
        put(store, name)
    changes, reached = store.changes(MAPS, start, 0)
    assert [change.revision for change in changes] == [start + 1, start + 2, start + 3]
    assert [change.before is None for change in changes] == [True, True, False]
    assert reached == store.revision


def test_a_watcher_sees_its_own_resource_only() -> None:
    store = Store()
    put(store, "a")
    assert store.changes(SECRETS, 1, 0) == ([], store.revision)


def test_whoever_comes_too_late_must_list_again() -> None:
    store = Store()
    for number in range(store_module._HISTORY + 1):
        put(store, f"map-{number}")
    with pytest.raises(ApiError) as caught:
        store.changes(MAPS, 1, 0)
    assert (caught.value.code, caught.value.reason) == (410, "Expired")
    assert str(caught.value) == "too old resource version: 1 (2)"


def test_closing_wakes_who_waits() -> None:
    store = Store()
    waiting = threading.Thread(target=store.changes, args=(MAPS, store.revision, 60))
    waiting.start()
    store.close()
    waiting.join(timeout=30)
    assert not waiting.is_alive()
