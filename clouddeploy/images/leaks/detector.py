"""All rules at once: one pass of Hyperscan over the bytes, then the rules that it named, over the file.

No library for finding secrets was small, alive and precise at once (docs/design.md), so the expressions
are ours and the engine that matches them all in one pass is not.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from clouddeploy.images.leaks.finding import Match
from clouddeploy.images.leaks.formats import FORMATS, NAMED_FILES
from clouddeploy.images.leaks.keys import PrivateKey
from clouddeploy.images.leaks.places import is_of_a_package, is_published, is_served_to_browsers
from clouddeploy.images.leaks.tokens import GOOGLE_API_KEY, TOKENS

if TYPE_CHECKING:
    from hyperscan import Database

MAX_MATCHES = 20
"""How many secrets of one kind are told of in one file."""
_SNIFFED = 1024


class Rule(Protocol):
    """A kind of secret: where it may be (`anchor`), and where it is (`find`)."""

    @property
    def kind(self) -> str: ...
    @property
    def anchor(self) -> bytes: ...
    def find(self, text: bytes, /) -> Iterator[Match]: ...


RULES: tuple[Rule, ...] = (PrivateKey(), *FORMATS, *TOKENS)


class Detector:
    """Finds secrets; one for each thread, since it holds Hyperscan's working memory."""

    def __init__(self) -> None:
        from hyperscan import Scratch

        self._database = _database()
        self._scratch = Scratch(self._database)

    def anchors(self, data: bytes) -> list[tuple[int, int]]:
        """Each place where a rule may apply: the end of its anchor, the rule's number."""
        hits: list[tuple[int, int]] = []

        def note(rule: int, _start: int, end: int, _flags: int, _context: object) -> None:
            hits.append((end, rule))

        self._database.scan(data, match_event_handler=note, scratch=self._scratch)
        return hits

    def confirmed(self, text: bytes, path: bytes, rules: set[int]) -> Iterator[tuple[str, Match]]:
        """What the rules of these numbers, and those for files of this name, find; by kind of secret."""
        if is_published(path) or b"\0" in text[:_SNIFFED]:
            return
        for number in sorted(rules):
            rule = RULES[number]
            if not (rule.kind == GOOGLE_API_KEY and (is_served_to_browsers(path) or is_of_a_package(path))):
                yield from _some(rule.kind, rule.find(text))
        if not is_of_a_package(path):
            for named in NAMED_FILES:
                if named.path.fullmatch(path):
                    yield from _some(named.kind, named.find(text))

    def search(self, text: bytes, path: bytes = b"") -> Iterator[tuple[str, Match]]:
        """The secrets of a whole text, by kind."""
        return self.confirmed(text, path, {rule for _, rule in self.anchors(text)})


def _some(kind: str, matches: Iterator[Match]) -> Iterator[tuple[str, Match]]:
    for _, match in zip(range(MAX_MATCHES), matches, strict=False):
        yield kind, match


@functools.cache
def _database() -> Database:
    import hyperscan

    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    numbers = list(range(len(RULES)))
    database.compile(expressions=[rule.anchor for rule in RULES], ids=numbers, flags=[0] * len(RULES))
    return database
