"""A command in a fix that names no target is aimed at the one that failed."""

from __future__ import annotations

import pytest

from clouddeploy.cli.aim import aimed, target_of


@pytest.mark.parametrize(
    ("fix", "shown"),
    [
        ("clouddeploy cluster create", "clouddeploy cluster create --to lab"),
        (
            "delete what is there: clouddeploy cluster delete",
            "delete what is there: clouddeploy cluster delete --to lab",
        ),
        ("clouddeploy cluster create --to aws, or wait", "clouddeploy cluster create --to aws, or wait"),
        ("clouddeploy doctor", "clouddeploy doctor"),
        (None, None),
    ],
)
def test_the_target_is_added_where_none_is_named(fix: str | None, shown: str | None) -> None:
    assert aimed(fix, "lab") == shown


@pytest.mark.parametrize(
    ("words", "target"),
    [
        (("cluster", "show", "--to", "lab"), "lab"),
        (("cluster", "show", "--to=lab"), "lab"),
        (("cluster", "show"), None),
        (("push", "--to", "all"), None),
        (("push", "--to", "a,b"), None),
        (("push", "--to", "a", "--to", "b"), None),
    ],
)
def test_only_one_target_is_aimed_at(words: tuple[str, ...], target: str | None) -> None:
    assert target_of(words) == target
