"""A small sample of the pushes on bad days; `make faults` runs thousands."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.faults import pushes, subject
from tests.faults.pushes import STREAMED, Bench
from tests.faults.scripts import draw
from tests.faults.subject import Job, Verdict

pytestmark = pytest.mark.timeout(180)  # a busy machine


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with Bench(tmp_path_factory.mktemp("pushes")) as found:
        yield found


@pytest.mark.parametrize("seed", [*range(8), *range(STREAMED, STREAMED + 6)])
def test_a_push_on_a_bad_day_keeps_its_word(seed: int, bench: Bench) -> None:
    outcome = bench.run(seed, skopeo=shutil.which("skopeo") is not None)
    promises = outcome.judged()
    broken = {key: why for key, why in promises.items() if why and key not in ("unaided", "pauses")}
    assert broken == {}, f"{outcome.plan}\nalone: python -m tests.faults push --seed {seed}"


@pytest.mark.parametrize("seed", [1, 3, 7, 16, 28, 51, 157, 283, 536, 872, 3387, 3449])
def test_it_survives_up_to_four_faults_in_a_row(seed: int, bench: Bench) -> None:
    outcome = bench.run(seed)
    assert outcome.judged()["unaided"] == "", outcome.plan


@pytest.mark.parametrize("seed", [139, 144, 284])
def test_an_immutable_tag_is_refused_before_bytes_are_sent(seed: int, bench: Bench) -> None:
    outcome = bench.run(seed)
    assert outcome.verdict.end == "refused"
    assert "its tags never move" in outcome.verdict.message
    assert outcome.judged()["immutable first"] == ""


def test_mounts_are_tried_and_declined(bench: Bench) -> None:
    plan = next(plan for plan in map(draw, range(100)) if any(one.endpoint == "mount" for one in plan.faults))
    outcome = bench.run(plan.seed)
    entries = bench.rig(plan.profile.name).faulty.ledger.entries
    assert any(one.endpoint == "mount" and one.fault.startswith("decline") for one in entries)
    assert set(outcome.judged().values()) == {""}


# The judge judged


def test_a_success_that_is_none_is_found_out(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "push", lambda _: Verdict("done"))
    outcome = bench.run(0)
    assert "cannot be pulled" in outcome.judged()["true success"]


def test_a_failure_that_passes_is_counted_and_one_that_is_no_failure_too(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = iter([Verdict("crashed", "KeyError: x"), Verdict("temporary", "still down")])
    monkeypatch.setattr(subject, "push", lambda _: next(ends))
    found = bench.run(0).judged()
    assert (found["typed end"], found["same again"]) == ("crashed: KeyError: x", "still down")


def test_a_tag_that_was_moved_too_early_is_found_out(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    seed = next(seed for seed in range(100) if draw(seed).old and not draw(seed).trouble)
    rig = bench.rig(draw(seed).profile.name)

    def break_it(job: Job) -> Verdict:
        rig.registry.delete(job.repository, "v1")
        return Verdict("temporary")

    monkeypatch.setattr(subject, "push", break_it)
    assert bench.run(seed).judged()["old tag"] == "the tag lost its old image"


def test_requests_in_a_pause_are_counted(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    import http.client
    import time

    seed = next(
        seed
        for seed in range(500)
        if any(
            f.endpoint == "head-blob" and (f.retry_after or 0) > 3 and f.nth == 1 for f in draw(seed).faults
        )
    )

    def hurry(job: Job) -> Verdict:
        for _ in range(2):
            connection = http.client.HTTPConnection(job.host)
            connection.request("HEAD", f"/v2/{job.repository}/blobs/sha256:{'0' * 64}")
            connection.getresponse().read()
            connection.close()
            time.sleep(pushes.UNDER_WAY)
        return Verdict("temporary")

    monkeypatch.setattr(subject, "push", hurry)
    assert bench.run(seed).judged()["pauses"] == "1 requests"
