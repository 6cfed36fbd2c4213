"""Values that look like secrets and are none: examples, place holders, published test keys."""

from __future__ import annotations

import re

_EXAMPLE = re.compile(
    rb"example|x{5}|\*{3}|0{8}|1234567|abcdefg|deadbeef|placeholder|redacted|your|<|\$\{|\$\(|\{\{|^\$|^%",
    re.IGNORECASE,
)
_WORDS = re.compile(
    rb"change.?me|change.?this|dummy|fake|sample|test|insecure|default|todo|none|null|foobar|foo|bar|passw|secret"
    rb"|token|admin|undefined|not.?set|true|false|localhost|replace|development|postgres|root",
    re.IGNORECASE,
)
_NOT_A_VALUE = re.compile(rb"[./~@].*|[a-z]+://\S*|\d{1,5}|[A-Za-z_.]+\(.*", re.IGNORECASE)

AZURITE = b"Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq"
"""The storage key that Microsoft publishes for its emulator."""


def is_dummy_token(token: bytes, body: bytes) -> bool:
    """Whether a token is one of a documentation's: the word example, few characters, a row of digits."""
    return bool(_EXAMPLE.search(token)) or len(set(body)) < min(10, len(body) // 2) or AZURITE in token


def is_dummy_value(value: bytes) -> bool:
    """Whether a password is a place holder, a reference, a path or a default that everybody knows."""
    return (
        len(value) < 6
        or len(set(value)) < 4
        or bool(_EXAMPLE.search(value) or _WORDS.search(value) or _NOT_A_VALUE.fullmatch(value))
    )
