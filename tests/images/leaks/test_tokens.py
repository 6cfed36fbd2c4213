"""Tokens that their issuers made recognisable are found, and what only looks like one is not."""

from __future__ import annotations

import pytest

from tests.images.leaks.samples import ALNUM, FINE_GRAINED, TOKENS, rolled
from tests.images.leaks.scanning import kinds, scan


@pytest.mark.parametrize("kind", TOKENS)
def test_each_kind_is_found_with_its_line_and_its_public_prefix_only(kind: str) -> None:
    (found,) = scan([("app/settings.py", f"DEBUG = False\n\nKEY = '{TOKENS[kind]}'\n".encode())])
    assert (found.path, found.line, found.kind) == ("app/settings.py", 3, kind)
    assert TOKENS[kind].startswith(found.hint.rstrip("…"))
    assert TOKENS[kind] not in f"{found} {found!r}"


def test_a_fine_grained_github_token_is_one() -> None:
    assert kinds([("run.sh", f"export T={FINE_GRAINED}".encode())]) == ["GitHub token"]


@pytest.mark.parametrize("kind", TOKENS)
def test_a_token_that_is_part_of_a_longer_word_is_none(kind: str) -> None:
    assert kinds([("data", f"x{TOKENS[kind]}".encode())]) == []


@pytest.mark.parametrize(
    "text",
    [
        "AKIA" + "IOSFODNN7EXAMPLE",
        "AKIA" + "AAAAAAAAAAAAAAAA",
        "gh" + "p_" + "x" * 36,
        "gh" + "p_" + "1234567890abcdefghijklmnopqrstuvwxyz",
        "gh" + "p_" + rolled(ALNUM, 30),
        "sk_" + "test_" + rolled(ALNUM, 24),
        "xox" + "b-your-token-goes-here-and-not-there",
        "npm_config_registry_and_npm_lifecycle_event",
        "AWS_SECRET_ACCESS_KEY=" + "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    ],
)
def test_examples_of_documentation_are_none(text: str) -> None:
    assert kinds([("README.md", text.encode())]) == []


def test_google_api_keys_are_public_in_what_browsers_get() -> None:
    key = TOKENS["Google API key"].encode()
    assert kinds([("srv/static/app.js", key), ("srv/index.html", key)]) == []
    assert kinds([("srv/settings.py", key)]) == ["Google API key"]
