"""YAML is read by the core schema of YAML 1.2, with places, without surprises."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clouddeploy.app.scalar import Scalar
from clouddeploy.app.source import Document, read_document
from clouddeploy.errors import ConfigError


def read(text: str) -> Document:
    return read_document(text, Path("clouddeploy.yaml"))


def value(scalar: str) -> Any:
    return read(f"key: {scalar}\n").root.plain()["key"]


def refused(text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        read(text)
    return caught.value


@pytest.mark.parametrize(
    "text", ["no", "No", "off", "on", "yes", "y", "12:30", "1_000", "2026-11-23", "0b1", "1.2.3", "=", "Tr"]
)
def test_text_that_other_versions_of_yaml_guess_about_stays_text(text: str) -> None:
    assert value(text) == text


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("true", True),
        ("False", False),
        ("0123", 123),
        ("-7", -7),
        ("0x1F", 31),
        ("0o17", 15),
        ("1.50", 1.5),
        (".5e1", 5.0),
        ("-.inf", float("-inf")),
    ],
)
def test_numbers_and_booleans_keep_their_spelling(text: str, meaning: object) -> None:
    assert value(text) == Scalar(meaning, text)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", "~", "null", "Null", "# nothing"])
def test_nothing_is_none(text: str) -> None:
    assert value(text) is None


@pytest.mark.parametrize("text", ['"true"', "'12'", "!!str 12", "|\n  12", ">-\n  12"])
def test_quoted_and_block_scalars_are_text(text: str) -> None:
    assert isinstance(value(text), str)


def test_a_number_of_a_thousand_digits_is_no_number() -> None:
    assert value("9" * 1000) == "9" * 1000


def test_aliases_stand_for_what_they_name() -> None:
    assert read("a: &x {k: [1]}\nb: *x\n").root.plain()["b"] == {"k": [Scalar(1, "1")]}


def test_places_count_from_one_and_in_characters() -> None:
    document = read("ключ:\n  - x\n  - {a: b}\n")
    found = document.problem(("ключ", 1, "a"), "here")
    assert (found.line, found.column) == (3, 9)
    key = document.problem(("ключ", 1, "a"), "here", at_key=True)
    assert (key.line, key.column) == (3, 6)


def test_what_is_missing_is_placed_at_the_key_of_what_lacks_it() -> None:
    found = read("a:\n  b:\n    c: 1\n").problem(("a", "b", "missing"), "here")
    assert (found.line, found.column) == (2, 3)


def test_every_duplicate_key_is_shown_with_both_lines() -> None:
    error = refused("a: 1\nb: {c: 1, c: 2}\na: 3\n")
    assert error.message == (
        'clouddeploy.yaml:2:11: "c" is given twice, first on line 2\n'
        "  1 | a: 1\n"
        "  2 | b: {c: 1, c: 2}\n"
        "    |           ^\n"
        "  fix: keep one of them\n"
        'clouddeploy.yaml:3:1: "a" is given twice, first on line 1\n'
        "  1 | a: 1\n"
        "  2 | b: {c: 1, c: 2}\n"
        "  3 | a: 3\n"
        "    | ^\n"
        "  fix: keep one of them\n"
        "nothing was changed"
    )
    assert error.fix == "correct these places in clouddeploy.yaml and run the same command again"


@pytest.mark.parametrize(
    ("text", "place", "message", "fix"),
    [
        ("", "1:1", "the file is empty", 'begin with "apiVersion: clouddeploy/v1"'),
        ("# only a comment\n", "1:1", "the file is empty", 'begin with "apiVersion: clouddeploy/v1"'),
        ("- a\n", "1:1", "the file does not hold a mapping", 'begin with "apiVersion: clouddeploy/v1"'),
        ("just text\n", "1:1", "the file does not hold a mapping", 'begin with "apiVersion: clouddeploy/v1"'),
        ("a: 1\n---\nb: 2\n", "2:1", "a second document begins here", "keep one document in the file"),
        ("<<: {a: 1}\n", "1:1", "merge keys (<<) are not supported", "write the keys out"),
        ("a: *nope\n", "1:4", 'the anchor "nope" is not defined above', "define it with &"),
        ("a: &a [*a]\n", "1:8", 'the anchor "a" is not defined above', "define it with &"),
        ("a: \x07\n", "1:4", "the character U+0007 is not allowed in YAML", "remove it"),
        (
            "ok: 1\n? [a]\n: b\n",
            "2:3",
            "a key must be text",
            'put quotes around text that begins with { [ * or "',
        ),
        ("a:\n\tb: 1\n", "2:1", "not valid YAML: a tab cannot indent or separate here", "use spaces"),
    ],
)
def test_what_a_person_would_not_mean_is_refused(text: str, place: str, message: str, fix: str) -> None:
    error = refused(text)
    assert error.message.splitlines()[0] == f"clouddeploy.yaml:{place}: {message}"
    assert error.message.endswith("\nnothing was changed")
    assert error.fix == fix


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: b: c\n", "1:5"),
        ("a: [1,\nb: 2\n", "1:4"),
        ("a: 'x\n", "1:4"),
        ("a: @x\n", "1:4"),
        ("a: {b: c\n", "1:4"),
        (" a: 1\nb: 2\n", "2:1"),
    ],
)
def test_syntax_errors_are_shown_where_they_begin(text: str, place: str) -> None:
    error = refused(text)
    assert error.message.startswith(f"clouddeploy.yaml:{place}: not valid YAML: ")
    assert error.fix == "indent with spaces; quote text that holds : # { [ * & ! | > % @ or `"


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.system", "!!int", "!mine", "!!binary"])
def test_tags_are_refused_and_never_executed(tag: str) -> None:
    assert "is not supported" in refused(f"a: {tag} [echo]\n").message


def test_aliases_cannot_multiply_without_end() -> None:
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    error = refused("\n".join(lines))
    assert "more than 10000 values" in error.message
    assert error.fix == "check the aliases (*name) in this file"


@pytest.mark.parametrize("text", ["[" * 10_000, "a: " + "{a: " * 10_000, "- " * 10_000])
def test_depth_is_bounded(text: str) -> None:
    assert "too deeply nested" in refused(text).message
