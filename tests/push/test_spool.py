"""One writer, several readers, bounded room: nobody waits for the slowest for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from clouddeploy.errors import CloudDeployError
from clouddeploy.push.spool import Budget, LeftBehindError, Spool

PIECE = b"x" * 1000


def everything(spool: Spool, name: str) -> bytes:
    return b"".join(spool.read(name))


def in_background(act: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    return thread


def test_every_reader_gets_every_byte() -> None:
    budget = Budget()
    spool = Spool(budget, ["a", "b"])
    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(everything, spool, name) for name in ("a", "b")]
        for number in range(100):
            spool.write(bytes([number]) * 10)
        spool.end()
        wanted = b"".join(bytes([number]) * 10 for number in range(100))
        assert [one.result(20) for one in readers] == [wanted, wanted]
    assert (budget.memory, budget.disk, budget.spools) == (Budget().memory, Budget().disk, [])


def test_what_does_not_fit_into_memory_waits_on_disk(tmp_path: Path) -> None:
    budget = Budget(memory=2000, disk=50_000, folder=tmp_path)
    spool = Spool(budget, ["a"])
    for number in range(20):
        spool.write(bytes([number]) * 1000)
    spool.end()
    assert (budget.memory, budget.disk) == (0, 50_000 - 18_000)
    assert list(tmp_path.iterdir()) == [], "the file has no name: nothing stays after a crash"
    assert everything(spool, "a") == b"".join(bytes([number]) * 1000 for number in range(20))
    assert (budget.memory, budget.disk) == (2000, 50_000)


def test_a_full_disk_is_room_that_is_not_there(tmp_path: Path) -> None:
    budget = Budget(memory=1000, disk=50_000, folder=tmp_path / "missing")
    spool = Spool(budget, ["a"])
    writer = in_background(lambda: [spool.write(PIECE) for _ in range(3)] and spool.end())
    assert everything(spool, "a") == PIECE * 3
    writer.join(20)
    assert budget.disk == 0


def test_an_only_reader_is_waited_for(tmp_path: Path) -> None:
    spool = Spool(Budget(memory=1000, disk=0, folder=tmp_path), ["a"])
    writer = in_background(lambda: [spool.write(PIECE) for _ in range(50)] and spool.end())
    assert everything(spool, "a") == PIECE * 50
    writer.join(20)


def test_a_slow_reader_is_left_behind_and_the_fast_one_goes_on(tmp_path: Path) -> None:
    budget = Budget(memory=3000, disk=2000, folder=tmp_path)
    spool = Spool(budget, ["fast", "slow"])
    slow = spool.read("slow")
    writer = in_background(lambda: [spool.write(PIECE) for _ in range(50)] and spool.end())
    assert next(slow) == PIECE
    assert everything(spool, "fast") == PIECE * 50
    writer.join(20)
    with pytest.raises(LeftBehindError):
        list(slow)
    assert (budget.memory, budget.disk) == (3000, 2000)


def test_two_slow_readers_are_waited_for(tmp_path: Path) -> None:
    """Nobody goes hungry, so nobody is left behind."""
    spool = Spool(Budget(memory=3000, disk=0, folder=tmp_path), ["a", "b"])
    a, b = spool.read("a"), spool.read("b")
    writer = in_background(lambda: [spool.write(PIECE) for _ in range(20)] and spool.end())
    got = [(next(a), next(b)) for _ in range(20)]
    writer.join(20)
    assert got == [(PIECE, PIECE)] * 20
    assert (list(a), list(b)) == ([], [])


def test_an_error_reaches_every_reader() -> None:
    spool = Spool(Budget(), ["a", "b"])
    spool.write(PIECE)
    spool.end(CloudDeployError("the archive is damaged"))
    for name in ("a", "b"):
        with pytest.raises(CloudDeployError, match="the archive is damaged"):
            everything(spool, name)


def test_nobody_listens() -> None:
    budget = Budget(memory=1000, disk=0)
    spool = Spool(budget, ["a"])
    spool.leave("a")
    for _ in range(5):
        spool.write(PIECE)
    spool.end()
    assert (budget.memory, budget.spools) == (1000, [])


def test_a_reader_that_stops_early_gives_its_room_back() -> None:
    budget = Budget(memory=2000, disk=0)
    spool = Spool(budget, ["a"])
    spool.write(PIECE)
    pieces = spool.read("a")
    next(pieces)
    pieces.close()  # type: ignore[attr-defined]
    assert budget.memory == 2000


def test_waiting_for_a_small_blob_ends_with_all_of_it() -> None:
    spool = Spool(Budget(), ["a"])
    spool.write(PIECE)
    in_background(spool.end)
    assert spool.wait(5000)
    assert Spool(Budget(), ["a"]) is not spool
    large = Spool(Budget(), ["a"])
    large.write(PIECE * 6)
    assert not large.wait(5000)
    assert large.left("a") == 6000
