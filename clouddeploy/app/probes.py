"""Recognises health check commands that an HTTP request from outside can stand in for."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from urllib.parse import urlsplit

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "0.0.0.0", "::1"})  # noqa: S104  # compared, never bound
_TAIL = re.compile(r"\s*(?:(?:1|2|&)?>+\s*(?:/dev/null|&1|&2)\s*)*(?:\|\|\s*(?:exit\s+1|false)\s*;?\s*)?$")
_CURL = re.compile(r"-[fsSiIkLv]+|--(?:fail|fail-with-body|silent|show-error|location|insecure|include|head)")
_CURL_FAILS = re.compile(r"-[sSiIkLv]*f[fsSiIkLv]*|--fail|--fail-with-body")
_WGET = re.compile(
    r"-q|-nv|-S|-qO-|-O-|-O/dev/null|--(?:quiet|no-verbose|spider|no-check-certificate|tries=\d+|timeout=\d+)"
)
_WITH_VALUE = {
    "curl": ("-o", "--output", "-m", "--max-time", "--connect-timeout"),
    "wget": ("-O", "-T", "-t"),
}


def http_path(command: Sequence[str], port: int | None) -> str | None:
    """The path that a plain curl or wget of our own port asks for; None for any other command."""
    program, *rest = command or ("",)
    program = program.rsplit("/", 1)[-1]
    if port is None or program not in _WITH_VALUE or not _fails_on_error(program, rest):
        return None
    urls: list[str] = []
    words = iter(rest)
    for word in words:
        if word in _WITH_VALUE[program]:
            next(words, None)
        elif not word.startswith("-"):
            urls.append(word)
        elif not (_CURL if program == "curl" else _WGET).fullmatch(word):
            return None
    return _own_path(urls[0], port) if len(urls) == 1 else None


def _fails_on_error(program: str, words: Sequence[str]) -> bool:
    """curl takes an error page for success unless it is told to fail, which an HTTP check never does."""
    return program == "wget" or any(_CURL_FAILS.fullmatch(word) for word in words)


def _own_path(url: str, port: int) -> str | None:
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        asked = parts.port or 80
    except ValueError:
        return None
    plain = re.fullmatch(r"[!-~]*", parts.path + parts.query) and "$" not in url and not parts.username
    if parts.scheme != "http" or parts.hostname not in _LOOPBACK or asked != port or not plain:
        return None
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def shell_words(line: str) -> Sequence[str]:
    """The words of one simple shell command, without `|| exit 1` and the like; none for anything more."""
    command = _TAIL.sub("", line)
    if re.search(r"[;&|<>`$()\n]", command):
        return ()
    try:
        return shlex.split(command)
    except ValueError:
        return ()
