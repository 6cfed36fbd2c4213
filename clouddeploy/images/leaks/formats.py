"""Credentials in well-known files of tools: npm, Docker, kubectl, AWS, netrc, PostgreSQL, git, pip, MySQL."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from clouddeploy.images.leaks.assignments import dotenv, logins
from clouddeploy.images.leaks.dummies import is_dummy_token, is_dummy_value
from clouddeploy.images.leaks.finding import Match

Find = Callable[[bytes], Iterator[Match]]


@dataclass(frozen=True)
class Format:
    """A rule that begins where `anchor`, an expression for Hyperscan, matches."""

    kind: str
    anchor: bytes
    find: Find


@dataclass(frozen=True)
class NamedFile:
    """A rule for the files whose whole path matches `path`."""

    kind: str
    path: re.Pattern[bytes]
    find: Find


def _values(pattern: bytes, *, random: bool = False) -> Find:
    compiled = re.compile(pattern, re.IGNORECASE | re.MULTILINE)

    def find(text: bytes) -> Iterator[Match]:
        for found in compiled.finditer(text):
            if not is_dummy_value(found[1]):
                yield Match(found.start(1), found[1], random=random)

    return find


def _aws_secrets(text: bytes) -> Iterator[Match]:
    for found in _AWS_SECRET.finditer(text):
        if not is_dummy_token(found[1], found[1]):
            yield Match(found.start(1), found[1])


_AWS_SECRET = re.compile(
    rb"aws_?secret_?(?:access_?)?key[\"']?\s{0,8}[:=]>?\s{0,8}[\"']?([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])",
    re.IGNORECASE,
)


def _docker_logins(text: bytes) -> Iterator[Match]:
    """config.json keeps base64 of `user:password` (docker-config.json(5))."""
    if b'"auths"' not in text:
        return
    for found in re.finditer(rb'"auth"\s{0,8}:\s{0,8}"([A-Za-z0-9+/]{8,8192}={0,2})"', text):
        _, _, password = _decoded(found[1]).partition(b":")
        if password.isascii() and not is_dummy_value(password):
            yield Match(found.start(1), found[1], random=False)


def _client_keys(text: bytes) -> Iterator[Match]:
    for found in re.finditer(rb"client-key-data[\"']?\s{0,8}:\s{0,8}[\"']?([A-Za-z0-9+/=]{100,16384})", text):
        if b"PRIVATE KEY-----" in _decoded(found[1]):
            yield Match(found.start(1), found[1])


def _decoded(text: bytes) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return b""


FORMATS = (
    Format("AWS secret key", rb"(?i)aws_?secret_?(?:access_?)?key", _aws_secrets),
    Format(
        "npm login",
        rb"/:_(?:authToken|password|auth)",
        _values(rb"//[^\s:=]{1,200}/:_(?:authToken|password|auth)[ \t]*=[ \t]*[\"']?([^\s\"']{8,4096})"),
    ),
    Format("Docker registry login", rb'"auth"\s{0,8}:', _docker_logins),
    Format("kubeconfig client key", rb"client-key-data", _client_keys),
)

_PASSWORD_LINE = rb"^[ \t]*password[ \t]*[=:][ \t]*[\"']?([^\s\"'#]+)"

NAMED_FILES = (
    NamedFile(
        "password in .netrc",
        re.compile(rb"(?:.*/)?[._]netrc|etc/apt/auth\.conf(?:\.d/[^/]+\.conf)?"),
        _values(rb"^(?!#).*?\bpassword[ \t]+(\S+)"),
    ),
    NamedFile(
        "password in .pgpass",
        re.compile(rb"(?:.*/)?\.pgpass"),
        _values(rb"^(?!#)(?:(?:[^:\\\n]|\\.)*:){4}([^\r\n]+)"),
    ),
    NamedFile("git login", re.compile(rb"(?:.*/)?(?:\.git-credentials|\.git/config|\.gitconfig)"), logins),
    NamedFile("package index login", re.compile(rb"(?:.*/)?(?:pip\.conf|\.?pip/pip\.conf)"), logins),
    NamedFile("package index login", re.compile(rb"(?:.*/)?\.pypirc"), _values(_PASSWORD_LINE)),
    NamedFile("MySQL password", re.compile(rb"(?:.*/)?\.my\.cnf"), _values(_PASSWORD_LINE)),
    NamedFile(
        "secret in .env",
        re.compile(
            rb"(?:.*/)?\.env(?:\.(?!.*(?:example|sample|template|dist|test|ci)).*)?|(?:.*/)?[^/.]+\.env"
        ),
        dotenv,
    ),
)
_ENDS = (b"netrc", b".conf", b".pgpass", b"-credentials", b"config", b".pypirc", b".cnf", b".env")


def may_be_named(path: bytes) -> bool:
    """Whether a path is worth matching with `NAMED_FILES`: a test that costs next to nothing."""
    return path.endswith(_ENDS) or b".env." in path
