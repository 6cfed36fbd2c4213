"""Names with a value: `.env` files, ENV and build arguments. The name says that the value is a secret."""

from __future__ import annotations

import re
from collections.abc import Iterator

from clouddeploy.images.leaks.dummies import is_dummy_value
from clouddeploy.images.leaks.finding import Match

_SECRET = re.compile(
    rb"(?:^|.*[_.-])(?:pass(?:word|wd|phrase)?|secret|token|(?:api|access|private|secret|signing|encryption)[_-]?key"
    rb"|secret_key_base|credentials?)",
    re.IGNORECASE,
)
_PUBLIC = re.compile(rb"(?:NEXT_PUBLIC|VITE|REACT_APP|NUXT_PUBLIC|EXPO_PUBLIC|PUBLIC|GATSBY)_", re.IGNORECASE)
_LOGIN = re.compile(
    rb"\b[a-z][a-z0-9+.-]{1,20}://([^\s:/@\"']{1,100}):([^\s:/@\"']{1,200})@([^\s/:\"']{1,200})",
    re.IGNORECASE,
)
_LINE = re.compile(rb"^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.]*)[ \t]*=[ \t]*([^\r\n]*)", re.MULTILINE)


def secret_value(name: bytes, value: bytes) -> bytes | None:
    """The secret in a named value: the value itself, or the password of a URL in it; None without one."""
    value = value.strip().strip(b"\"'")
    if _SECRET.fullmatch(name) and not _PUBLIC.match(name) and not is_dummy_value(value):
        return value
    return next((login.secret for login in logins(value)), None)


def logins(text: bytes) -> Iterator[Match]:
    """The passwords of URLs; one that equals the user's name is a default."""
    for found in _LOGIN.finditer(text):
        user, password, _ = found.groups()
        if password != user and not is_dummy_value(password):
            yield Match(found.start(2), password, random=False)


def dotenv(text: bytes) -> Iterator[Match]:
    """The secrets of a file with a NAME=value on each line."""
    for found in _LINE.finditer(text):
        secret = secret_value(found[1], found[2])
        if secret is not None:
            yield Match(found.start(), secret, found[1].decode(), random=False)
