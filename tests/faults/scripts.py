"""What goes wrong in a run, drawn from its seed."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from clouddeploy.emulator.registry import PROFILES, Fault, Profile
from clouddeploy.emulator.registry.endpoints import Endpoint
from tests.faults.subject import End

IMAGES = 24
TRANSIENT = (408, 429, 500, 502, 503, 504)
_HARD_SHARE = 0.1
_STALL_SHARE = 0.02

Trouble = Literal["", "plan limit", "read only", "immutable same", "immutable other", "no repository"]


@dataclass(frozen=True)
class Plan:
    """One push: what it is, what goes wrong, how it may end.

    With `again` the same command must succeed once the trouble is over. `old` says that the
    tag has another image before.
    """

    seed: int
    profile: Profile
    image: int
    old: bool
    ends: frozenset[End]
    again: bool = True
    trouble: Trouble = ""
    faults: tuple[Fault, ...] = ()
    token_faults: tuple[Fault, ...] = ()

    @property
    def hard(self) -> bool:
        """Whether it may end otherwise than with success, unaided."""
        return self.ends != {"done"}

    def __str__(self) -> str:
        faults = [str(one) for one in (*self.token_faults, *self.faults)]
        wrong = "; ".join([self.trouble] * bool(self.trouble) + faults)
        return f"seed {self.seed}, {self.profile.name}, image {self.image}: {wrong}"


def draw(seed: int) -> Plan:
    """The plan of a seed; the profile is `seed` modulo their number."""
    source = random.Random(f"push {seed}")
    draft = _Draft(seed, list(PROFILES.values())[seed % len(PROFILES)], source)
    return draft.hard() if source.random() < _HARD_SHARE else draft.transient()


@dataclass
class _Draft:
    seed: int
    profile: Profile
    source: random.Random
    image: int = field(init=False)

    def __post_init__(self) -> None:
        self.image = self.source.randrange(IMAGES)

    def transient(self) -> Plan:
        """One to three series of at most four faults, each at another stage of the push."""
        stages = self.source.sample(("token", "blob", "upload", "manifest", "reading", "mount"), 3)
        chosen = stages[: self.source.randint(1, 3)]
        faults = [fault for stage in chosen for fault in self._series(stage)]
        tokens = tuple(one for one in faults if one.endpoint == "token")
        rest = tuple(one for one in faults if one.endpoint != "token")
        old = self.source.random() < 0.3
        return Plan(
            self.seed,
            self.profile,
            self.image,
            old,
            frozenset({"done"}),
            faults=rest,
            token_faults=tokens,
        )

    def hard(self) -> Plan:
        """Something that does not go away by itself."""
        kinds: list[Callable[[], Plan]] = [self._for_ever, self._for_ever, self._denied, self._empty_token]
        kinds += [lambda: self._trouble("immutable same"), lambda: self._trouble("immutable other")]
        if self.profile.name == "docr":
            kinds += [lambda: self._trouble("plan limit"), lambda: self._trouble("read only")] * 2
        if not self.profile.creates_repositories:
            kinds.append(lambda: self._trouble("no repository"))
        return self.source.choice(kinds)()

    def _for_ever(self) -> Plan:
        endpoint = self.source.choice(("head-blob", "start", "close", "put-manifest", "get-manifest", "any"))
        nth = self.source.randint(1, 4)
        action, status = self.source.choice((("reset", 0), *(("status", one) for one in TRANSIENT)))
        fault = Fault(endpoint, action, nth, None, offset=None, status=status)  # type: ignore[arg-type]
        return self._plan(frozenset({"temporary", "done"}), fault)

    def _denied(self) -> Plan:
        status = self.source.choice((400, 403, 405, 413, 422))
        fault = Fault("put-manifest", "status", self.source.randint(1, 2), None, status=status)
        return self._plan(frozenset({"refused", "done"}), fault)

    def _empty_token(self) -> Plan:
        fault = Fault("token", "empty", self.source.randint(1, 2), None)
        ends: frozenset[End] = frozenset({"refused", "temporary", "done"})
        return Plan(self.seed, self.profile, self.image, False, ends, token_faults=(fault,))

    def _trouble(self, trouble: Trouble) -> Plan:
        ends: frozenset[End] = frozenset({"done"} if trouble == "immutable same" else {"refused"})
        again = trouble in ("plan limit", "read only", "immutable same")
        old = trouble == "immutable other"
        return Plan(self.seed, self.profile, self.image, old, ends, again, trouble)

    def _plan(self, ends: frozenset[End], *faults: Fault) -> Plan:
        return Plan(self.seed, self.profile, self.image, self.source.random() < 0.3, ends, faults=faults)

    def _series(self, stage: str) -> list[Fault]:
        match stage:
            case "token":
                return [self._answer("token", 2)]
            case "blob":
                return [self._answer("head-blob", 6)]
            case "manifest":
                return [self._answer("put-manifest", 3, bodies=True)]
            case "reading":
                return [self._answer(self.source.choice(("get-manifest", "head-manifest")), 4)]
            case "mount":
                status = self.source.choice((400, 401))
                return [
                    Fault("mount", "decline", times=self.source.randint(1, 4)),
                    Fault("mount", "status", 5, self.source.randint(1, 4), status=status),
                ]
        endpoint = self.source.choice(("start", "chunk", "close", "close"))
        return [self._answer(endpoint, 5, bodies=endpoint != "start", session=endpoint != "start")]

    def _answer(
        self, endpoint: Endpoint, latest: int, *, bodies: bool = False, session: bool = False
    ) -> Fault:
        nth, times = self.source.randint(1, latest), self.source.randint(1, 4)
        share = self.source.random()
        offset = self.source.choice((0, 1, 1000, 65_536, 200_000, 1_000_000)) if bodies else 0
        if share < _STALL_SHARE:
            return Fault(endpoint, "stall", nth, 1, offset, seconds=3)
        if share < 0.2:
            return Fault(endpoint, "reset", nth, times, offset)
        if share < 0.35:
            return Fault(endpoint, "lose", nth, times)
        if share < 0.45:
            return Fault(endpoint, "cut", nth, times, self.source.randint(0, 300))
        if share < 0.55 and session:
            return Fault(endpoint, "forget", nth, min(times, 2))
        if share < 0.65 and self.profile.name != "ecr" and endpoint != "token":
            return Fault(endpoint, "expire", nth, 1)
        return self._refusal(endpoint, nth, times, offset if bodies and share < 0.8 else None)

    def _refusal(self, endpoint: Endpoint, nth: int, times: int, offset: int | None) -> Fault:
        status = self.source.choice(TRANSIENT)
        after = self.source.randint(1, 5) if status in (429, 503) and self.source.random() < 0.6 else None
        dated = self.source.random() < 0.5
        return Fault(endpoint, "status", nth, times, offset, status, after, dated)
