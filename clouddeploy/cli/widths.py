"""How wide each column of a table is, so that no cell loses a character."""

from __future__ import annotations

import re
from collections.abc import Sequence

GAP = 2
"""Blanks between two columns."""

_AMOUNT = re.compile(r"-|(>= )?-?[\d.,]+( \(\+\d+ unknown\))?|unknown|")

_STAGES = ((True, 24), (False, 12), (True, 8), (False, 8))
"""How columns fold, the least harm first: with their words whole or not, and to how many characters."""


def natural(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    """The width of each column when nothing is folded."""
    return [max(map(len, column)) for column in zip(columns, *rows, strict=True)]


def total(widths: Sequence[int]) -> int:
    """The width of a whole line."""
    return sum(widths) + GAP * (len(widths) - 1)


def fitted(columns: Sequence[str], rows: Sequence[Sequence[str]], limit: int | None) -> list[int]:
    """The width of each column in a table of `limit` characters; None is any number.

    The widest fold first: between words, then anywhere. Headings and amounts never do, so where
    even that has no room, the table is wider than `limit`.
    """
    widths = natural(columns, rows)
    if limit is None:
        return widths
    every = list(zip(columns, *rows, strict=True))
    for whole, least in _STAGES:
        _shrink(widths, [max(_narrowest(cells, whole), least) for cells in every], limit)
    return widths


def _narrowest(cells: Sequence[str], whole: bool) -> int:
    """How few characters a column may have: the heading's, a word's, of amounts the widest one's."""
    heading, *rest = cells
    if all(map(_AMOUNT.fullmatch, rest)):
        return max(map(len, cells))
    words = [word for cell in rest for word in cell.split()] if whole else []
    return max(map(len, (heading, *words)))


def _shrink(widths: list[int], floors: Sequence[int], limit: int) -> None:
    """Take what is too much from the widest column, then from the next; of equal ones the last."""
    for at in sorted(range(len(widths)), key=lambda at: (widths[at], at), reverse=True):
        excess = max(total(widths) - limit, 0)
        widths[at] = max(widths[at] - excess, min(floors[at], widths[at]))
