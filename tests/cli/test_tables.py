"""Tables keep every character of every cell: folded on a terminal, in whole lines everywhere else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from rich.console import Console

from clouddeploy.cli import view
from clouddeploy.cli.widths import GAP, fitted, total
from tests.cli.conftest import Zeta
from tests.commandline import Run

Rows = Sequence[Sequence[str]]
Table = tuple[Sequence[str], Rows]

REPOSITORY = "projects/acme-production/locations/europe-west1/repositories/shop"
TABLES: dict[str, Table] = {
    "leftovers": (
        ("LEFT BEHIND", "ID", "USD/MONTH", ""),
        [
            (
                "load balancer",
                "a7396412f2a84b6d9c1be46ae9b9cbc0d2",
                "18.25",
                "203.0.113.1, of Service shop/web",
            ),
            ("images", REPOSITORY, "0.10", "1034 MB"),
            ("total", "", ">= 1,218.35 (+1 unknown)", ""),
        ],
    ),
    "images prune": (
        ("", "TARGET", "REPOSITORY", "TAG", "DIGEST", "SIZE", "PUSHED", "WHY"),
        [
            ("keep", "aws", "shop/web", "sha-7158698a2640", "c2233d9158eb", "914 B", "53s", "newest 1"),
            (
                "keep",
                "digitalocean",
                "shop/web",
                "v1 stable",
                "96cf2b56b985",
                "1.3 KiB",
                "1m",
                "used by gcp/web",
            ),
            ("delete", "alibaba", "shop/web", "<none>", "0123456789ab", "123.4 MiB", "400d", ""),
        ],
    ),
    "images ls": (
        ("TARGET", "REPOSITORY", "TAG", "DIGEST", "SIZE", "PUSHED", "USED BY"),
        [
            (
                "digitalocean",
                "shop/web",
                "sha-7158698a2640",
                "c2233d9158eb",
                "1.3 KiB",
                "1m",
                "gcp/web aws/web",
            )
        ],
    ),
    "doctor": (
        ("", "TARGET", "CHECK", ""),
        [
            ("✗", "aws", "permissions", "not allowed: " + "eks:CreateCluster, " * 9 + "eks:TagResource"),
            ("", "", "", "fix: ask"),
        ],
    ),
    "costs": (
        ("BILLED", "USD/MONTH", ""),
        [("nodes", "unknown", "2 x m6i.large, Auto Mode fee"), ("total", ">= 275.75 (+3 unknown)", "x" * 90)],
    ),
}


@pytest.fixture(params=TABLES)
def shown(request: pytest.FixtureRequest) -> Table:
    return TABLES[request.param]


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., list[str]]:
    """The lines that a table becomes on a terminal so many characters wide, or in a pipe."""

    def show(table: Table, width: int | None) -> list[str]:
        monkeypatch.delenv("COLUMNS", raising=False)
        console = Console(width=width, force_terminal=width is not None, color_system=None, soft_wrap=True)
        monkeypatch.setattr(view, "_out", console)
        view.table(*table)
        return capsys.readouterr().out.splitlines()

    return show


def columns_of(lines: Sequence[str], widths: Sequence[int]) -> list[str]:
    """All that stands in each column, without blanks."""
    starts = [sum(widths[:at]) + GAP * at for at in range(len(widths))]
    return [
        "".join("".join(line[start : start + width].split()) for line in lines)
        for start, width in zip(starts, widths, strict=True)
    ]


@pytest.mark.parametrize("width", [100, 80])
def test_on_a_terminal_every_cell_is_there(
    width: int, shown: Table, printed: Callable[..., list[str]]
) -> None:
    lines = printed(shown, width)
    assert max(map(len, lines)) <= width
    cells = ["".join("".join(column).split()) for column in zip(shown[0], *shown[1], strict=True)]
    assert columns_of(lines, fitted(*shown, width)) == cells


def test_a_pipe_gets_whole_lines(shown: Table, printed: Callable[..., list[str]]) -> None:
    heading, *lines = printed(shown, None)
    assert heading.split() == " ".join(shown[0]).split()
    assert len(lines) == len(shown[1])
    for line, row in zip(lines, shown[1], strict=True):
        assert all(cell in line for cell in row)


def test_amounts_and_headings_stay_in_one_piece_however_narrow(printed: Callable[..., list[str]]) -> None:
    lines = printed(TABLES["leftovers"], 40)
    text = "\n".join(lines)
    assert all(word in text for word in ("LEFT BEHIND", "USD/MONTH", "18.25", ">= 1,218.35 (+1 unknown)"))
    assert max(map(len, lines)) > 40, "wider than the terminal, which wraps it, rather than cropped"


def test_words_fold_before_ids_break() -> None:
    columns, rows = ("ID", ""), [("i" * 40, "some words " * 5)]
    assert fitted(columns, rows, 80) == [40, 38]
    assert fitted(columns, rows, 60) == [34, 24]
    assert total(fitted(columns, rows, None)) == 40 + GAP + 55


def test_a_command_in_a_pipe(run: Run, zeta: Zeta, folder: Path) -> None:
    name = "a-target-with-a-name-longer-than-most"
    config = folder / "clouddeploy.yaml"
    config.write_text(config.read_text().replace("  zeta:", f"  {name}:"))
    whole = run("doctor", env={**zeta.env, "COLUMNS": ""}).out
    assert f"✓  {name}  credentials  somebody@zeta.example of account acct-1\n" in whole
    folded = run("doctor", env={**zeta.env, "COLUMNS": "80"}).out
    assert max(map(len, folded.splitlines())) <= 80, "whoever says how wide it may be is heard"
