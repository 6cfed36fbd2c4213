"""A small sample of the pushes that are killed; `make faults` kills two hundred."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from clouddeploy.emulator.registry import Fault
from tests.faults import kills
from tests.faults.kills import STREAMED, Bench, Child
from tests.faults.subject import Job, Verdict

pytestmark = pytest.mark.timeout(180)  # a busy machine


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with Bench(tmp_path_factory.mktemp("kills")) as found:
        yield found


@pytest.mark.parametrize("seed", [*range(5), *range(STREAMED, STREAMED + 5)])
def test_a_killed_push_goes_on_where_it_was(seed: int, bench: Bench) -> None:
    killed = bench.run(seed)
    assert killed.died, killed.where
    broken = {key: why for key, why in killed.judged().items() if why}
    assert broken == {}, f"{killed.where}\nalone: python -m tests.faults kill --seed {seed}"


def test_blobs_that_are_sent_again_are_found_out(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The judge judged: a client that sends everything every time."""
    monkeypatch.setattr(kills.subject, "push", send_all)
    killed = bench.judge(2, 0, Fault("close", "call-after", 2))
    assert killed.died
    assert "sha256:" in killed.judged()["sent once"]


def test_a_child_that_is_killed_has_no_result(tmp_path: Path) -> None:
    job = Job(tmp_path, "127.0.0.1:1", "a", ("v1",), "", "", tmp_path)
    child = Child(sleep, job).start()
    child.kill()
    assert child.result() is None
    assert Child(hello, job).start().result() == Verdict("done")


def send_all(job: Job) -> Verdict:
    """A push that never asks what is there."""
    import json

    from tests.faults.layouts import Layout
    from tests.faults.reader import Registry

    root = json.loads((job.layout / "index.json").read_text())["manifests"][0]["digest"]
    blobs = job.layout / "blobs" / "sha256"
    sizes = {f"sha256:{one.name}": one.stat().st_size for one in sorted(blobs.iterdir())}
    registry = Registry(job.host, job.repository, job.username, job.password)
    registry.write(Layout(job.layout, root, sizes), job.tags[0])
    return Verdict("done", digest=root)


def sleep(job: Job) -> Verdict:
    import time

    time.sleep(60)
    return Verdict("done")


def hello(job: Job) -> Verdict:
    return Verdict("done")
