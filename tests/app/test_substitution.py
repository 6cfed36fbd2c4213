"""Words, quotes and variables as Docker and the POSIX shell know them."""

from __future__ import annotations

import pytest

from clouddeploy.app.substitution import expand, expand_words, split_words
from clouddeploy.errors import ConfigError

VARIABLES = {"A": "one", "EMPTY": "", "PATHS": "/usr/local/bin", "LIST": "80 443"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$A", "one"),
        ("${A}x$A", "onexone"),
        ("$Ax", ""),
        ("$UNSET.", "."),
        ("cost: $", "cost: $"),
        ("\\$A", "$A"),
        ("'$A'", "$A"),
        ('"$A b"', "one b"),
        ('"a \\" b \\x"', 'a " b \\x'),
        ("a\\ b", "a b"),
        ("${UNSET:-two}", "two"),
        ("${EMPTY:-two}", "two"),
        ("${EMPTY-two}", ""),
        ("${A:+two}", "two"),
        ("${EMPTY:+two}", ""),
        ("${EMPTY+two}", "two"),
        ("${A:?never}", "one"),
        ("${UNSET:-${A}/${UNSET:-x}}", "one/x"),
        ("${PATHS#*/}", "usr/local/bin"),
        ("${PATHS##*/}", "bin"),
        ("${PATHS%/*}", "/usr/local"),
        ("${PATHS%%/*}", ""),
        ("${PATHS#nothing}", "/usr/local/bin"),
        ("${PATHS/local/share}", "/usr/share/bin"),
        ("${PATHS//\\//-}", "-usr-local-bin"),
        ("${A/?n/x}", "xe"),
    ],
)
def test_expansion(text: str, value: str) -> None:
    assert expand(text, VARIABLES) == value


def test_a_backtick_can_be_the_escape_character() -> None:
    assert expand("c:\\$A `$A", VARIABLES, "`") == "c:\\one $A"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("${A", 'missing "}" in "${A"'),
        ("${A:-x", 'missing "}" in "${A:-x"'),
        ("${}", 'bad substitution in "${}"'),
        ("${A@Q}", 'unsupported modifier "@" in "${A@Q}"'),
        ("${A:=x}", 'unsupported modifier ":=" in "${A:=x}"'),
        ("'open", "a quote ' is not closed in \"'open\""),
        ('"open', 'a quote " is not closed in ""open"'),
        ("${NOPE?}", "NOPE: a value is required"),
        ("${NOPE:?set it}", "NOPE: set it"),
        ("${A:-" * 30 + "}" * 30, "too many nested substitutions"),
    ],
)
def test_what_cannot_be_expanded(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        expand(text, {} if "nested" in message else VARIABLES)
    assert caught.value.message.startswith(message)
    assert caught.value.fix


def test_words_keep_their_quotes_and_escapes() -> None:
    assert split_words("a 'b c'  d\\ e \"f 'g'\"") == ("a", "'b c'", "d\\ e", "\"f 'g'\"")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("$LIST 8080", ("80", "443", "8080")),
        ('"$LIST" x', ("80 443", "x")),
        ("a$LIST", ("a80", "443")),
        ("$UNSET", ()),
        ("a\\ b 'c d'", ("a b", "c d")),
    ],
)
def test_unquoted_values_part_words(text: str, words: tuple[str, ...]) -> None:
    assert expand_words(text, VARIABLES) == words


def test_patterns_full_of_stars_take_no_time() -> None:
    assert expand("${V#" + "*a" * 30 + "b}", {"V": "a" * 2000}) == "a" * 2000
