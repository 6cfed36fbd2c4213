"""The harness's own parts: seeds, figures, and a reader that sees every byte."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest

from clouddeploy.emulator.registry import DOCR, ECR, PROFILES, Profile
from tests.faults import layouts
from tests.faults.figures import Figure, show, upper_bound
from tests.faults.rig import Rig
from tests.faults.scripts import IMAGES, draw

SEEDS = range(3000)


def test_a_seed_is_a_plan_for_good() -> None:
    assert [str(draw(seed)) for seed in range(50)] == [str(draw(seed)) for seed in range(50)]
    assert (
        str(draw(7))
        == "seed 7, docr, image 19: 429 after 2 x2 from head-manifest 4; 502 x1 from put-manifest 3"
    )


def test_three_thousand_seeds_meet_everything() -> None:
    plans = [draw(seed) for seed in SEEDS]
    assert set(Counter(plan.profile.name for plan in plans).values()) == {600}
    assert {plan.image for plan in plans} == set(range(IMAGES))
    faults = [fault for plan in plans for fault in (*plan.faults, *plan.token_faults)]
    assert {fault.action for fault in faults} == {
        "reset", "stall", "status", "lose", "cut", "forget", "expire", "empty", "decline",
    }  # fmt: skip
    assert {fault.status for fault in faults} >= {401, 408, 429, 500, 502, 503, 504}
    assert {plan.trouble for plan in plans} == {
        "", "plan limit", "read only", "immutable same", "immutable other", "no repository",
    }  # fmt: skip
    assert 0.05 < sum(plan.hard for plan in plans) / len(plans) < 0.15


def test_transient_faults_come_at_most_four_in_a_row() -> None:
    for plan in map(draw, SEEDS):
        if plan.ends == {"done"} and not plan.trouble:
            faults = [*plan.faults, *plan.token_faults]
            assert all(fault.times is not None and fault.times <= 4 for fault in faults)
            answers = [fault.endpoint for fault in faults if fault.endpoint != "mount"]
            assert len(answers) == len(set(answers))


def test_images_are_the_same_for_the_same_number(tmp_path: Path) -> None:
    first, again, other = (
        layouts.make(tmp_path / name, number) for name, number in (("a", 3), ("b", 3), ("c", 4))
    )
    assert first.digest == again.digest != other.digest
    assert first.sizes == {digest: len(first.read(digest)) for digest in first.sizes}


@pytest.mark.parametrize("profile", [ECR, DOCR], ids=lambda one: one.name)
@pytest.mark.parametrize("number", [1, 3], ids=["image", "index"])
def test_the_readers_miss_no_byte(number: int, profile: Profile, tmp_path: Path) -> None:
    layout = layouts.make(tmp_path / "image", number)
    skopeo = shutil.which("skopeo") is not None
    with Rig(tmp_path, profile) as rig:
        repository = rig.repository()
        assert rig.differences(layout, repository).startswith("v1 cannot be pulled")
        rig.reader(repository).write(layout, "v1")
        assert rig.differences(layout, repository, skopeo=skopeo) == ""
        largest = max(layout.sizes, key=lambda digest: layout.sizes[digest])
        stored = next((tmp_path / "registry" / "blobs").rglob(largest.removeprefix("sha256:")))
        body = bytearray(stored.read_bytes())
        body[-1] ^= 1
        stored.write_bytes(body)
        assert rig.differences(layout, repository) == f"1 parts differ, {largest}"


def test_the_profiles_are_the_issues_five() -> None:
    assert list(PROFILES) == ["ecr", "gar", "docr", "acr", "spec"]


@pytest.mark.parametrize(
    ("failures", "trials", "bound"),
    [
        (0, 3000, 0.000998),
        (0, 200, 0.014867),
        (0, 1, 0.95),
        (1, 10, 0.394163),
        (15, 3000, 0.007689),
        (3, 3, 1.0),
    ],
)
def test_the_bound_of_clopper_and_pearson(failures: int, trials: int, bound: float) -> None:
    assert upper_bound(failures, trials) == pytest.approx(bound, abs=2e-6)


def test_a_figure_tells_how_sure_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    kept, broken, unmet = Figure("none is lost"), Figure("few are lost", most=0.5), Figure("never tried")
    for seed in range(3000):
        kept.count(seed, "")
    for seed in range(10):
        broken.count(seed, "gone" if seed == 4 else "")
    assert (kept.met, broken.met, unmet.met) == (True, True, False)
    assert not show([kept, broken, unmet])
    out = capsys.readouterr().out
    assert "3000 of 3000, broken in less than 0.10%" in out
    assert "9 of 10, broken in less than 39.42%" in out
    assert "seed 4: gone" in out
