"""Watches: what changes comes, in order, once."""

from __future__ import annotations

from tests.emulator.kube_rig import Json, Rig, config_map


def version(kube: Rig) -> str:
    return str(kube.call("GET", kube.path("v1/configmaps"))["metadata"]["resourceVersion"])


def seen(event: Json) -> tuple[str, str]:
    return event["type"], event["object"]["metadata"]["name"]


def test_a_watch_from_a_version_sees_what_came_after(kube: Rig) -> None:
    start = version(kube)
    kube.create("v1/configmaps", config_map("a"))
    with kube.watch("v1/configmaps", resourceVersion=start) as events:
        kube.patch("v1/configmaps", "a", {"data": {"color": "red"}})
        kube.delete("v1/configmaps", "a")
        assert [seen(next(events)) for _ in range(3)] == [("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "a")]


def test_a_watch_without_a_version_begins_with_what_is_there(kube: Rig) -> None:
    kube.create("v1/configmaps", config_map("a", {"test": "yes"}))
    with kube.watch("v1/configmaps", labelSelector="test=yes") as events:
        assert seen(next(events)) == ("ADDED", "a")


def test_events_carry_the_version_to_go_on_from(kube: Rig) -> None:
    start = version(kube)
    made = kube.create("v1/configmaps", config_map("a"))["metadata"]["resourceVersion"]
    kube.create("v1/configmaps", config_map("b"))
    with kube.watch("v1/configmaps", resourceVersion=start) as events:
        assert next(events)["object"]["metadata"]["resourceVersion"] == made
    with kube.watch("v1/configmaps", resourceVersion=made) as events:
        assert seen(next(events)) == ("ADDED", "b")


def test_an_object_that_starts_or_stops_to_match_is_added_or_deleted(kube: Rig) -> None:
    kube.create("v1/configmaps", config_map("a"))
    query = {"resourceVersion": version(kube), "labelSelector": "chosen=yes"}
    with kube.watch("v1/configmaps", **query) as events:
        for value in ("yes", "no"):
            kube.patch("v1/configmaps", "a", {"metadata": {"labels": {"chosen": value}}})
        assert [seen(next(events)) for _ in range(2)] == [("ADDED", "a"), ("DELETED", "a")]


def test_one_object_can_be_watched_by_its_name(kube: Rig) -> None:
    query = {"resourceVersion": version(kube), "fieldSelector": "metadata.name=b"}
    with kube.watch("v1/configmaps", **query) as events:
        kube.create("v1/configmaps", config_map("a"))
        kube.create("v1/configmaps", config_map("b"))
        assert seen(next(events)) == ("ADDED", "b")


def test_a_watch_ends_after_its_timeout(kube: Rig) -> None:
    with kube.watch("v1/configmaps", resourceVersion=version(kube), timeoutSeconds=1) as events:
        assert list(events) == []


def test_bookmarks_tell_how_far_the_watch_has_come(kube: Rig) -> None:
    query: dict[str, str | int] = {"resourceVersion": version(kube), "timeoutSeconds": 1}
    with kube.watch("v1/configmaps", **query, allowWatchBookmarks="true") as events:
        kinds = {event["type"] for event in events}
    assert kinds <= {"BOOKMARK"}
