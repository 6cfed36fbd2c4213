"""`.dockerignore` has rules of its own, which are not Git's."""

from __future__ import annotations

from pathlib import Path

import pytest

from clouddeploy.app.ignore import Ignore
from clouddeploy.errors import ConfigError


def ignoring(*lines: str) -> Ignore:
    return Ignore.parse("\n".join(lines), Path(".dockerignore"))


@pytest.mark.parametrize(
    ("pattern", "excluded", "kept"),
    [
        ("*.log", ["a.log"], ["dir/a.log", "log"]),
        ("**/*.log", ["a.log", "dir/a.log", "a/b/c.log"], ["a.logs"]),
        ("dir", ["dir", "dir/file", "dir/a/b"], ["other/dir", "dirs"]),
        ("/dir", ["dir", "dir/file"], ["other/dir"]),
        ("dir/", ["dir", "dir/file"], ["dirs"]),
        ("./a/../dir", ["dir/file"], ["a/dir"]),
        ("*/temp*", ["a/temp", "a/temporary.txt"], ["temp", "a/b/temp"]),
        ("temp?", ["tempa", "tempb"], ["temp", "tempab"]),
        ("a/**", ["a/b", "a/b/c"], ["a", "b"]),
        ("**/node_modules", ["node_modules/x", "a/b/node_modules/y"], ["node_modules2"]),
        ("a/**/z", ["a/z", "a/b/z", "a/b/c/z"], ["az", "b/z"]),
        ("**", ["anything", "a/b"], []),
        ("**secret", ["secret", "a/my-secret"], ["secrets"]),
        ("[a-c]x", ["ax", "cx"], ["dx"]),
        ("[^a-c]x", ["dx"], ["ax", "x"]),
        ("[a\\]]x", ["]x", "ax"], ["bx"]),
        ("a\\*b", ["a*b"], ["aab"]),
        ("a.b+(c)|{d}$", ["a.b+(c)|{d}$"], ["aab+(c)|{d}$"]),
        ("*", ["a", ".hidden", "a/b"], []),
    ],
)
def test_patterns(pattern: str, excluded: list[str], kept: list[str]) -> None:
    rules = ignoring(pattern)
    assert [path for path in excluded if not rules.excludes(path)] == []
    assert [path for path in kept if rules.excludes(path)] == []


def test_the_last_pattern_that_matches_decides() -> None:
    rules = ignoring("*.md", "!README*.md", "README-secret.md")
    kept = [path for path in ("a.md", "README.md", "README-secret.md") if not rules.excludes(path)]
    assert kept == ["README.md"]
    assert ignoring("!a.md", "*.md").excludes("a.md")


def test_an_exception_takes_in_what_lies_below_an_excluded_folder() -> None:
    rules = ignoring("dist", "!dist/keep")
    assert rules.excludes("dist")
    assert not rules.excludes("dist/keep")
    assert not rules.excludes("dist/keep/deep")


def test_comments_blank_lines_and_blanks_around_are_left_out() -> None:
    rules = ignoring("# *.txt", "", "  a.txt  ", " # b.txt", "! a.txt")
    assert [rules.excludes(path) for path in ("x.txt", "a.txt", "# b.txt")] == [False, False, True]


def test_only_folders_that_hold_nothing_wanted_are_pruned() -> None:
    rules = ignoring("a", "b", "c", "!b/keep", "!*/x/y")
    assert [rules.prunes(path) for path in ("a", "b", "b/other", "free")] == [False, False, False, False]
    rules = ignoring("a", "b", "!b/keep/deep")
    assert [rules.prunes(path) for path in ("a", "b", "b/keep", "b/other", "free")] == [
        True,
        False,
        False,
        True,
        False,
    ]


def test_a_dockerfile_may_have_an_ignore_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").write_text("shared")
    assert Ignore.load(tmp_path, tmp_path / "Dockerfile").excludes("shared")
    (tmp_path / "Dockerfile.dockerignore").write_text("own")
    rules = Ignore.load(tmp_path, tmp_path / "Dockerfile")
    assert (rules.excludes("own"), rules.excludes("shared")) == (True, False)


def test_without_a_file_nothing_is_excluded(tmp_path: Path) -> None:
    assert not Ignore.load(tmp_path, tmp_path / "Dockerfile").excludes("anything")


@pytest.mark.parametrize(
    ("line", "column", "message"),
    [
        ("!", 1, '"!" needs a pattern'),
        ("  [a", 3, "malformed pattern: a bracket is not closed"),
        ("a[]b", 1, 'malformed pattern: "]" must be escaped inside brackets'),
        ("[-a]", 1, 'malformed pattern: "-" must be escaped inside brackets'),
        ("[z-a]", 1, "malformed pattern: the range z-a is backwards"),
        ("a\\", 1, "malformed pattern: nothing follows the backslash"),
    ],
)
def test_malformed_patterns_are_shown(line: str, column: int, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        ignoring("ok", line)
    assert caught.value.message.splitlines()[0] == f".dockerignore:2:{column}: {message}"
    assert (
        caught.value.fix == 'write patterns such as "**/*.log" or "!keep.log"; inside brackets escape - and ]'
    )
