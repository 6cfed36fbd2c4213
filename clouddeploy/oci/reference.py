"""Image references as Docker reads them: `[host[:port]/]path[:tag][@digest]`.

https://github.com/distribution/reference: a first part with a dot, a colon or a capital
letter, or `localhost`, is a host; otherwise the host is docker.io.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from clouddeploy.errors import ConfigError
from clouddeploy.oci.descriptor import check_digest

DOCKER_HUB = "docker.io"

_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_HOST = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:]+\])(?::[0-9]{{1,5}})?", re.ASCII)
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_PART}(?:/{_PART})*", re.ASCII)
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}", re.ASCII)
_LONGEST = 255


@dataclass(frozen=True)
class Reference:
    """An image's full name; at least one of tag and digest is set, except in an address."""

    host: str
    repository: str
    tag: str | None = None
    digest: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """A reference with Docker's defaults filled in; ConfigError when it is none."""
        rest, at, digest = text.partition("@")
        name, tag = _split_tag(rest)
        host, repository = _split_host(name)
        if host == DOCKER_HUB and "/" not in repository:
            repository = f"library/{repository}"
        if tag is None and not at:
            tag = "latest"
        _check(text, host, repository, tag)
        return cls(host, repository, tag, _digest(text, digest) if at else None)

    @classmethod
    def parse_address(cls, text: str) -> Self:
        """A repository's address, `host[:port]/path`, without tag and digest."""
        host, _, repository = text.partition("/")
        _check(text, host, repository, None)
        return cls(host, repository)

    def familiar(self) -> str:
        """As people write it: without docker.io/ and library/."""
        if self.host != DOCKER_HUB:
            return str(self)
        return str(self).removeprefix(f"{DOCKER_HUB}/").removeprefix("library/")

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.host}/{self.repository}{tag}{digest}"


def is_host(text: str) -> bool:
    """Whether `text` is `host` or `host:port`."""
    return bool(_HOST.fullmatch(text))


def is_repository(text: str) -> bool:
    """Whether `text` is a repository's path, safe in a URL."""
    return len(text) <= _LONGEST and bool(_REPOSITORY.fullmatch(text))


def is_tag(text: str) -> bool:
    """Whether `text` is a tag, safe in a URL."""
    return bool(_TAG.fullmatch(text))


def _split_tag(text: str) -> tuple[str, str | None]:
    before, colon, after = text.rpartition(":")
    return (before, after) if colon and "/" not in after else (text, None)


def _split_host(name: str) -> tuple[str, str]:
    first, slash, rest = name.partition("/")
    is_a_host = "." in first or ":" in first or first == "localhost" or first != first.lower()
    if not slash or not is_a_host:
        return DOCKER_HUB, name
    return (DOCKER_HUB if first == "index.docker.io" else first), rest


def _digest(text: str, digest: str) -> str:
    try:
        return check_digest(digest)
    except ValueError as error:
        raise _invalid(text, "the digest is not sha256: and 64 lowercase hex digits") from error


def _check(text: str, host: str, repository: str, tag: str | None) -> None:
    if not is_host(host):
        raise _invalid(text, "the host is not a host name with an optional port")
    if not is_repository(repository):
        raise _invalid(text, "the path may have lowercase letters, digits and single . _ - between them")
    if tag is not None and not is_tag(tag):
        raise _invalid(text, "a tag has up to 128 letters, digits, . _ and -")


def _invalid(text: str, why: str) -> ConfigError:
    return ConfigError(
        f"{text[:200]!r} is not an image reference: {why}",
        fix="write it as [host[:port]/]path[:tag][@sha256:…]",
    )
