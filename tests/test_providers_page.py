"""The manual's table of abilities says what the code can do."""

from __future__ import annotations

from tests.providers_page import OURS, PAGE, matrix, written


def test_the_page_is_up_to_date() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == written(page), "out of date: make docs"


def test_every_provider_of_ours_is_a_column_and_every_row_is_whole() -> None:
    head, *rows = matrix(OURS).splitlines()
    assert all(f"`{name}`" in head for name in ("aws", "kubernetes", *OURS))
    assert {row.count("|") for row in rows} == {len(OURS) + 2}
