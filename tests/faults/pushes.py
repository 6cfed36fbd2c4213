"""One push on a bad day, judged: by an independent reader and by the registry's books."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from clouddeploy.emulator.registry import PROFILES
from tests.faults import archives, layouts, subject
from tests.faults.layouts import Layout
from tests.faults.rig import Rig
from tests.faults.scripts import IMAGES, Plan, draw
from tests.faults.subject import Job, Verdict

PROMISES = {
    "true success": "a reported success is the image, byte for byte",
    "unaided": "up to four transient faults in a row need nobody",
    "typed end": "other ends: exit 75, or refused where it is final",
    "same again": "the same command finishes what was begun",
    "old tag": "a tag means the old image or the whole new one",
    "pauses": "no request to a host in its Retry-After pause",
    "immutable first": "an immutable tag is refused before bytes are sent",
}
ARCHIVES = 6
STREAMED = 3000
"""Seeds from here on push archives, whose digests nobody knows before."""
UNDER_WAY = 0.03
"""Seconds that a request may have been under way when a pause was asked for; this machine is busy."""


@dataclass
class Outcome:
    """What came of a plan; `problems` by promise, `early` counts requests in Retry-After pauses."""

    plan: Plan
    verdict: Verdict
    hits: int = 0
    seconds: float = 0.0
    early: int = 0
    pauses: int = 0
    again: bool = False
    problems: dict[str, str] = field(default_factory=dict)

    def judged(self) -> dict[str, str]:
        """The promises that this run could break, "" for those that it kept."""
        plan, end = self.plan, self.verdict.end
        found = {"true success": ""} if end == "done" else {"typed end": "", "old tag": ""}
        if not plan.hard and self.hits:
            found["unaided"] = "" if end == "done" else self.verdict.message[:200]
        if self.pauses:
            found["pauses"] = f"{self.early} requests" if self.early else ""
        if self.again:
            found["same again"] = ""
        if plan.trouble == "immutable other":
            found["immutable first"] = ""
        return found | self.problems


class Bench:
    """The rigs of all profiles and the images; a context manager."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._layouts = [layouts.make(directory / f"image-{number}", number) for number in range(IMAGES)]
        self._rigs: Mapping[str, Rig] = {
            name: Rig(directory / name, profile) for name, profile in PROFILES.items()
        }

    def __enter__(self) -> Bench:
        for rig in self._rigs.values():
            rig.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        for rig in self._rigs.values():
            rig.__exit__()

    def run(self, seed: int, *, skopeo: bool = False) -> Outcome:
        """Push as the seed says, and judge it."""
        plan = draw(seed)
        images = self._archives if seed >= STREAMED else self._layouts
        return _Run(plan, self.rig(plan.profile.name), images, skopeo).judge()

    @cached_property
    def _archives(self) -> list[Layout]:
        rig = self.rig("spec")
        return [
            archives.make(self._directory / f"archive-{number}", number, rig) for number in range(ARCHIVES)
        ]

    def rig(self, profile: str) -> Rig:
        return self._rigs[profile]


class _Run:
    def __init__(self, plan: Plan, rig: Rig, images: list[Layout], skopeo: bool) -> None:
        self._plan = plan
        self._rig = rig
        self._layout = images[plan.image % len(images)]
        self._other = images[(plan.image + 1) % len(images)]
        self._skopeo = skopeo
        immutable = plan.trouble.startswith("immutable")
        self._repository = rig.repository(immutable=immutable)
        self._job: Job = rig.job(self._layout, self._repository, immutable=immutable)

    def judge(self) -> Outcome:
        self._prepare()
        begin = time.monotonic()
        verdict = subject.push(self._job)
        outcome = Outcome(self._plan, verdict, seconds=time.monotonic() - begin)
        self._read_books(outcome)
        self._judge_end(outcome)
        if verdict.end != "done" and self._plan.again:
            self._run_again(outcome)
        return outcome

    def _prepare(self) -> None:
        plan, rig = self._plan, self._rig
        rig.clear()
        reader = rig.reader(self._repository)
        if plan.old:
            reader.write(self._other, "v1")
        if plan.trouble == "immutable same":
            reader.write(self._layout, "v1")
        if any(fault.endpoint == "mount" for fault in plan.faults):
            # Only who knows that another repository has a blob asks for a mount.
            subject.push(replace(self._job, repository=rig.repository()))
        if plan.trouble == "no repository":
            rig.registry.delete_repository(self._repository)
        rig.authority.plan_limit = "registry contains 1 repositories, limit is 1" * (
            plan.trouble == "plan limit"
        )
        rig.authority.read_only = plan.trouble == "read only"
        rig.faulty.begin(plan.faults)
        rig.tokens.begin(plan.token_faults)

    def _read_books(self, outcome: Outcome) -> None:
        for faulty in (self._rig.faulty, self._rig.tokens):
            faulty.settle()
            entries = faulty.ledger.entries
            outcome.hits += sum(bool(entry.fault) for entry in entries)
            outcome.pauses += sum(" after " in entry.fault for entry in entries)
            outcome.early += len(faulty.ledger.early(lead=UNDER_WAY, grace=0.002))

    def _judge_end(self, outcome: Outcome) -> None:
        plan, end, rig = self._plan, outcome.verdict.end, self._rig
        sent = sum(rig.faulty.ledger.sent().values())
        if end == "done":
            if wrong := rig.differences(self._layout, self._repository, skopeo=self._skopeo):
                outcome.problems["true success"] = wrong
        elif self._old_is_lost():
            outcome.problems["old tag"] = "the tag lost its old image"
        if end not in plan.ends and (plan.hard or end != "temporary"):
            outcome.problems["typed end"] = f"{end}: {outcome.verdict.message[:300]}"
        if plan.trouble == "immutable other" and sent:
            outcome.problems["immutable first"] = f"{sent} bytes were sent before"

    def _old_is_lost(self) -> bool:
        """After a failure the tag means what it meant, or already the new image as a whole."""
        self._rig.clear()
        found = self._rig.reader(self._repository).digest_of("v1")
        if found == self._layout.digest:
            return bool(self._rig.differences(self._layout, self._repository))
        return found != (self._other.digest if self._plan.old else "")

    def _run_again(self, outcome: Outcome) -> None:
        outcome.again = True
        self._rig.clear()
        verdict = subject.push(self._job)
        wrong = (
            verdict.message
            if verdict.end != "done"
            else self._rig.differences(self._layout, self._repository)
        )
        if wrong:
            outcome.problems["same again"] = wrong[:300]
