"""Which names a search takes."""

from __future__ import annotations

import pytest

from clouddeploy.contract import StoredImage
from clouddeploy.errors import ConfigError
from clouddeploy.release.search import Pattern


@pytest.mark.parametrize(
    ("text", "repository", "takes"),
    [
        ("web", "shop/web", True),
        ("web", "shop/worker", False),
        ("shop/*", "shop/web", True),
        ("shop/*", "old/shop/web", False),
        ("*/w??", "shop/web", True),
        ("Web", "shop/web", False),
        (":v1", "anything", True),
    ],
)
def test_a_part_of_the_name_or_wildcards_for_the_whole(text: str, repository: str, takes: bool) -> None:
    assert Pattern.parse(text).takes(repository) is takes


@pytest.mark.parametrize(
    ("text", "tags"),
    [("web", ["latest", "v1", "v1.2"]), ("web:v1", ["v1", "v1.2"]), ("web:v1.*", ["v1.2"]), ("web:x", [])],
)
def test_tags_likewise(text: str, tags: list[str]) -> None:
    image = StoredImage("sha256:0", ("latest", "v1", "v1.2"))
    assert Pattern.parse(text).tags_of(image) == tags


@pytest.mark.parametrize("text", ["", ":"])
def test_nothing_is_no_pattern(text: str) -> None:
    with pytest.raises(ConfigError, match="nothing to search for"):
        Pattern.parse(text)
