"""How a provider's steps are run up and down, against a cloud in virtual time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clouddeploy.clusters import (
    Action,
    down,
    plan_down,
    plan_up,
    require_ours,
    steps_of,
    up,
)
from clouddeploy.contract import Cluster, ClusterSpec, Provider, State, Status, Step, TargetSettings
from clouddeploy.errors import (
    CloudDeployError,
    ConfigError,
    CredentialsError,
    ForeignResourceError,
    TemporaryError,
)

T = TypeVar("T")
ABSENT, READY = State(Status.ABSENT), State(Status.READY)


class VirtualClock:
    """Time that passes only by waiting, and remembers how it was waited."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.naps: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float, /) -> None:
        assert seconds > 0
        self.naps.append(seconds)
        self.now += seconds


@dataclass
class Thing:
    """A resource that takes `life` seconds to come and `death` to go, in parts if `parts` is over 1."""

    title: str
    clock: VirtualClock
    life: float = 0
    death: float = 0
    parts: int = 1
    made: int = 0
    calls: list[str] = field(default_factory=list)
    troubles: list[CloudDeployError] = field(default_factory=list)
    refuses_until: float = 0
    _moving: tuple[float, str] = (0, "")

    def state(self) -> State:
        self._stumble()
        until, what = self._moving
        if self.clock.now < until:
            return State(Status.PENDING, what)
        if self.made == self.parts:
            return READY
        return State(Status.ABSENT, f"{self.made} of {self.parts} parts" if self.made else "")

    def create(self) -> None:
        self._change("create")
        self.made += 1
        self._moving = (self.clock.now + self.life, "creating")

    def delete(self) -> None:
        self._change("delete")
        if self.made:
            self._moving = (self.clock.now + self.death, "deleting")
        self.made = 0

    def _change(self, name: str) -> None:
        self._stumble()
        if self.clock.now < self.refuses_until:
            raise TemporaryError("the role could not be assumed")
        self.calls.append(name)

    def _stumble(self) -> None:
        if self.troubles:
            raise self.troubles.pop(0)


class Scripted:
    """A resource that says what the script says; the last state stays."""

    title = "cluster shop"

    def __init__(self, *states: State | CloudDeployError) -> None:
        self._states = list(states)
        self.creates = self.deletes = 0

    def state(self) -> State:
        state = self._states.pop(0) if len(self._states) > 1 else self._states[0]
        if isinstance(state, CloudDeployError):
            raise state
        return state

    def create(self) -> None:
        self.creates += 1

    def delete(self) -> None:
        self.deletes += 1


@dataclass
class Diary:
    """A progress that remembers every task, what it said and how it ended."""

    said: list[str] = field(default_factory=list)
    ended: list[tuple[str, type[BaseException] | None]] = field(default_factory=list)

    def task(self, title: str, *, total: int | None = None) -> DiaryTask:
        return DiaryTask(title, self)


@dataclass
class DiaryTask:
    title: str
    diary: Diary

    def advance(self, amount: int) -> None: ...

    def say(self, detail: str) -> None:
        self.diary.said.append(f"{self.title}: {detail}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.diary.ended.append((self.title, kind))


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def cloud(clock: VirtualClock) -> list[Thing]:
    """A network in two parts, a role at once, a cluster that takes ten minutes each way."""
    return [
        Thing("network shop", clock, parts=2),
        Thing("role shop", clock),
        Thing("cluster shop", clock, life=600, death=400),
    ]


class TestPlan:
    def test_says_what_would_be_created(self, cloud: list[Thing]) -> None:
        plan = plan_up(cloud)
        assert [(one.title, one.action) for one in plan] == [
            ("network shop", Action.CREATE),
            ("role shop", Action.CREATE),
            ("cluster shop", Action.CREATE),
        ]

    def test_only_reads(self, cloud: list[Thing]) -> None:
        plan_up(cloud)
        plan_down(cloud)
        assert [thing.calls for thing in cloud] == [[], [], []]

    @pytest.mark.parametrize(
        ("state", "going_up", "going_down"),
        [
            (ABSENT, "create", "gone"),
            (State(Status.ABSENT, "1 of 2 parts"), "create", "delete"),
            (State(Status.PENDING, "creating"), "wait", "delete"),
            (READY, "keep", "delete"),
            (State(Status.FAILED, "no capacity"), "refuse", "delete"),
        ],
    )
    def test_action_follows_from_the_state(self, state: State, going_up: str, going_down: str) -> None:
        assert [one.action for one in plan_up([Scripted(state)])] == [going_up]
        assert [one.action for one in plan_down([Scripted(state)])] == [going_down]

    def test_goes_down_in_reverse(self, cloud: list[Thing]) -> None:
        assert [one.title for one in plan_down(cloud)] == ["cluster shop", "role shop", "network shop"]

    def test_gives_the_clouds_words_as_the_reason(self) -> None:
        assert plan_up([Scripted(State(Status.PENDING, "CREATING"))])[0].reason == "CREATING"

    def test_refuses_what_is_not_ours_with_a_reason(self) -> None:
        foreign = ForeignResourceError("the VPC shop has no tag of ours", fix="choose another name")
        for plan in (plan_up([Scripted(foreign)]), plan_down([Scripted(foreign)])):
            assert plan[0].action is Action.REFUSE
            assert plan[0].reason == "the VPC shop has no tag of ours"
            assert plan[0].error is foreign

    def test_waits_out_a_hiccup(self, clock: VirtualClock) -> None:
        assert plan_up([Scripted(TemporaryError("throttled"), READY)], clock=clock)[0].action is Action.KEEP

    def test_gives_up_on_a_cloud_that_does_not_answer_within_a_minute(self, clock: VirtualClock) -> None:
        with pytest.raises(TemporaryError, match="no route to host"):
            plan_up([Scripted(TemporaryError("no route to host"))], clock=clock)
        assert 60 <= clock.now - 1000 <= 76


class TestUp:
    def test_makes_everything_in_order_and_reports_the_seconds(
        self, cloud: list[Thing], clock: VirtualClock
    ) -> None:
        report = up(cloud, clock=clock)
        assert [(one.title, one.action) for one in report] == [
            ("network shop", "create"),
            ("role shop", "create"),
            ("cluster shop", "create"),
        ]
        assert report[0].seconds == 0
        assert 600 <= report[2].seconds <= 615

    def test_a_second_run_writes_nothing(self, cloud: list[Thing], clock: VirtualClock) -> None:
        up(cloud, clock=clock)
        before = [list(thing.calls) for thing in cloud]
        assert [one.action for one in up(cloud, clock=clock)] == ["keep", "keep", "keep"]
        assert [thing.calls for thing in cloud] == before

    def test_completes_what_is_half_made(self, cloud: list[Thing], clock: VirtualClock) -> None:
        cloud[0].made = 1
        up(cloud, clock=clock)
        assert cloud[0].calls == ["create"]

    def test_waits_for_what_is_already_on_its_way(self, clock: VirtualClock) -> None:
        creating = State(Status.PENDING, "CREATING")
        step = Scripted(creating, creating, creating, READY)
        assert up([step], clock=clock)[0].action is Action.WAIT
        assert step.creates == 0

    def test_looks_often_at_first_and_every_15_seconds_later(
        self, cloud: list[Thing], clock: VirtualClock
    ) -> None:
        up(cloud, clock=clock)
        assert clock.naps[0] == 0.5
        assert clock.naps == sorted(clock.naps)
        assert max(clock.naps) == 15

    def test_goes_on_where_a_run_was_cut_off(self, cloud: list[Thing], clock: VirtualClock) -> None:
        for _ in _interrupted_ever_later(cloud):
            with pytest.raises(KeyboardInterrupt):
                up(cloud, clock=clock)
        up(cloud, clock=clock)
        assert [thing.calls.count("create") for thing in cloud] == [2, 1, 1]

    def test_does_not_make_a_twin_while_the_cloud_still_lists_nothing(self, clock: VirtualClock) -> None:
        step = Scripted(*[ABSENT] * 8, READY)
        up([step], clock=clock)
        assert step.creates == 1

    def test_creates_again_when_the_first_was_lost(self, clock: VirtualClock) -> None:
        step = Scripted(*[ABSENT] * 25, READY)
        up([step], clock=clock)
        assert 2 <= step.creates <= 4

    def test_stops_creating_what_never_appears(self, clock: VirtualClock) -> None:
        step = Scripted(ABSENT)
        with pytest.raises(CloudDeployError, match="cluster shop: still absent after 5 tries") as caught:
            up([step], clock=clock)
        assert step.creates == 5
        assert caught.value.fix == (
            "look at it in the cloud's console; then run the same command again to go on"
        )

    def test_a_failed_step_refuses_before_anything_is_made(
        self, cloud: list[Thing], clock: VirtualClock
    ) -> None:
        failed = Scripted(State(Status.FAILED, "no capacity in eu-west-1a"))
        with pytest.raises(CloudDeployError) as caught:
            up([*cloud, failed], clock=clock)
        assert caught.value.message == (
            "cluster shop: failed: no capacity in eu-west-1a; nothing was changed"
        )
        assert "clouddeploy cluster delete" in str(caught.value.fix)
        assert not cloud[0].calls

    def test_a_step_that_fails_on_its_way_stops_with_the_clouds_words(self, clock: VirtualClock) -> None:
        step = Scripted(ABSENT, ABSENT, State(Status.PENDING), State(Status.FAILED, "no capacity"))
        with pytest.raises(CloudDeployError, match="cluster shop: failed: no capacity") as caught:
            up([step], clock=clock)
        assert caught.value.fix == (
            "delete what is there: clouddeploy cluster delete with the same --to and --name; "
            "then run the same command again to go on"
        )

    def test_a_foreign_step_refuses_before_anything_is_made(
        self, cloud: list[Thing], clock: VirtualClock
    ) -> None:
        foreign = Scripted(ForeignResourceError("has no tag of ours", fix="choose another name"))
        with pytest.raises(ForeignResourceError) as caught:
            up([*cloud, foreign], clock=clock)
        assert caught.value.message == "cluster shop: has no tag of ours; nothing was changed"
        assert caught.value.fix == "choose another name"
        assert not cloud[0].calls

    def test_the_time_for_all_steps_is_bounded(self, cloud: list[Thing], clock: VirtualClock) -> None:
        with pytest.raises(TemporaryError, match="cluster shop: still creating after 5m00s") as caught:
            up(cloud, clock=clock, timeout=300)
        assert clock.now == 1300
        assert caught.value.fix == "run the same command again to go on"
        assert str(caught.value) == caught.value.message


class TestTrouble:
    def test_eventual_consistency_is_waited_out(self, cloud: list[Thing], clock: VirtualClock) -> None:
        cloud[2].refuses_until = clock.now + 180
        up(cloud, clock=clock)
        assert cloud[2].calls == ["create"]

    def test_waits_between_tries_grow_and_vary(self, cloud: list[Thing], clock: VirtualClock) -> None:
        cloud[1].troubles = [TemporaryError("throttled") for _ in range(6)]
        up(cloud[:2], clock=clock)
        assert len(set(clock.naps)) == 6
        assert all(top / 2 <= nap <= top for nap, top in zip(clock.naps, (0.5, 1, 2, 4, 8, 15), strict=True))

    def test_patience_ends(self, cloud: list[Thing], clock: VirtualClock) -> None:
        cloud[1].refuses_until = clock.now + 86400
        with pytest.raises(TemporaryError, match="role shop: the role could not be assumed") as caught:
            up(cloud, clock=clock)
        assert 600 <= clock.now - 1000 <= 615
        assert "1 of 3 steps done: network shop" in caught.value.message

    def test_patience_starts_anew_after_each_success(self, clock: VirtualClock) -> None:
        creating = State(Status.PENDING, "CREATING")
        long_wait = [creating] * 80
        step = Scripted(TemporaryError("reset"), *long_wait, TemporaryError("reset"), creating, READY)
        up([step], clock=clock)
        assert clock.now - 1000 > 600

    def test_other_errors_stop_at_once_and_say_what_is_done(
        self, cloud: list[Thing], clock: VirtualClock
    ) -> None:
        up(cloud[:2], clock=clock)
        denied = CredentialsError("not allowed: eks:CreateCluster", fix="ask for it", code="AccessDenied")
        cloud[2].create = _raiser(denied)  # type: ignore[method-assign]
        with pytest.raises(CredentialsError) as caught:
            up(cloud, clock=clock)
        assert caught.value.message == (
            "cluster shop: not allowed: eks:CreateCluster (2 of 3 steps done: network shop, role shop)"
        )
        assert caught.value.fix == "ask for it; then run the same command again to go on"
        assert caught.value.code == "AccessDenied"

    def test_interrupt_passes_through(self, cloud: list[Thing], clock: VirtualClock) -> None:
        cloud[1].create = _raiser(KeyboardInterrupt())  # type: ignore[method-assign]
        diary = Diary()
        with pytest.raises(KeyboardInterrupt):
            up(cloud, clock=clock, progress=diary)
        assert diary.ended == [("network shop", None), ("role shop", KeyboardInterrupt)]


class TestProgress:
    def test_one_task_for_each_step(self, cloud: list[Thing], clock: VirtualClock) -> None:
        diary = Diary()
        up(cloud, clock=clock, progress=diary)
        assert diary.ended == [("network shop", None), ("role shop", None), ("cluster shop", None)]

    def test_tells_the_state(self, cloud: list[Thing], clock: VirtualClock) -> None:
        diary = Diary()
        up(cloud, clock=clock, progress=diary)
        assert "cluster shop: absent" in diary.said
        assert "cluster shop: creating" in diary.said
        assert diary.said[-1] == "cluster shop: ready"

    def test_tells_what_it_is_waiting_out(self, cloud: list[Thing], clock: VirtualClock) -> None:
        diary = Diary()
        cloud[1].refuses_until = clock.now + 3
        up(cloud, clock=clock, progress=diary)
        assert "role shop: the role could not be assumed" in diary.said


class TestDown:
    def test_deletes_everything_in_reverse(self, cloud: list[Thing], clock: VirtualClock) -> None:
        up(cloud, clock=clock)
        report = down(cloud, clock=clock)
        assert [(one.title, one.action) for one in report] == [
            ("cluster shop", "delete"),
            ("role shop", "delete"),
            ("network shop", "delete"),
        ]
        assert [thing.state() for thing in cloud] == [ABSENT, ABSENT, ABSENT]

    def test_of_nothing_writes_nothing(self, cloud: list[Thing], clock: VirtualClock) -> None:
        assert [one.action for one in down(cloud, clock=clock)] == ["gone", "gone", "gone"]
        assert [thing.calls for thing in cloud] == [[], [], []]

    def test_deletes_what_is_half_made(self, cloud: list[Thing], clock: VirtualClock) -> None:
        cloud[0].made = 1
        down(cloud, clock=clock)
        assert cloud[0].state() == ABSENT

    def test_deletes_what_has_failed(self, clock: VirtualClock) -> None:
        failed = State(Status.FAILED, "no capacity")
        step = Scripted(failed, failed, State(Status.PENDING, "deleting"), ABSENT)
        assert down([step], clock=clock)[0].action is Action.DELETE
        assert step.deletes >= 1

    def test_deletes_again_after_each_part(self, clock: VirtualClock) -> None:
        step = Scripted(READY, READY, State(Status.PENDING, "nodes deleting"), State(Status.FAILED), ABSENT)
        down([step], clock=clock)
        assert step.deletes == 3

    def test_waits_as_long_as_a_cluster_is_still_being_created(
        self, cloud: list[Thing], clock: VirtualClock
    ) -> None:
        up(cloud[:2], clock=clock)
        cloud[2].life = 1200
        cloud[2].create()
        cloud[2].refuses_until = clock.now + 1200
        down(cloud, clock=clock)
        assert cloud[2].state() == ABSENT

    def test_goes_on_where_a_run_was_cut_off(self, cloud: list[Thing], clock: VirtualClock) -> None:
        up(cloud, clock=clock)
        for _ in _interrupted_ever_later(cloud[::-1]):
            with pytest.raises(KeyboardInterrupt):
                down(cloud, clock=clock)
        down(cloud, clock=clock)
        assert [thing.state() for thing in cloud] == [ABSENT, ABSENT, ABSENT]

    def test_stops_deleting_what_stays(self, clock: VirtualClock) -> None:
        step = Scripted(State(Status.FAILED, "DELETE_FAILED: in use by eni-1"))
        with pytest.raises(CloudDeployError, match="still DELETE_FAILED: in use by eni-1 after 5 tries"):
            down([step], clock=clock)
        assert step.deletes == 5

    def test_deletes_nothing_when_one_is_foreign(self, cloud: list[Thing], clock: VirtualClock) -> None:
        up(cloud, clock=clock)
        foreign = Scripted(ForeignResourceError("has no tag of ours"))
        with pytest.raises(ForeignResourceError, match="nothing was changed"):
            down([foreign, *cloud], clock=clock)
        assert all("delete" not in thing.calls for thing in cloud)


FAULTS = st.sampled_from(["none", "refused", "lost answer", "interrupted before", "interrupted after"])


class Faulty(Thing):
    """A resource whose calls fail as `faults` say, in the order of the calls."""

    faults: list[str]

    def state(self) -> State:
        return self._faulty(super().state)

    def create(self) -> None:
        assert self.made < self.parts, "a twin was made"
        self._faulty(super().create)

    def delete(self) -> None:
        self._faulty(super().delete)

    def _faulty(self, call: Callable[[], T]) -> T:
        fault = self.faults.pop() if self.faults else "none"
        if fault == "refused":
            raise TemporaryError("throttled")
        if fault == "interrupted before":
            raise KeyboardInterrupt
        answer = call()
        if fault == "lost answer":
            raise TemporaryError("connection reset")
        if fault == "interrupted after":
            raise KeyboardInterrupt
        return answer


@settings(max_examples=60, deadline=None)
@given(faults=st.lists(FAULTS, max_size=40))
def test_whatever_goes_wrong_running_it_again_gets_there(faults: list[str]) -> None:
    clock = VirtualClock()
    steps = [Faulty("network", clock, parts=3), Faulty("cluster", clock, life=600, death=400)]
    for step in steps:
        step.faults = faults
    for run, wanted in ((up, READY), (down, ABSENT)):
        _again_and_again(run, steps, clock)
        assert [Thing.state(step) for step in steps] == [wanted, wanted]


class TestOwnership:
    def test_a_cluster_without_our_tag_is_left_alone(self) -> None:
        with pytest.raises(ForeignResourceError, match="cluster prod was not made by clouddeploy") as caught:
            require_ours(Cluster("prod", READY))
        assert "cluster: {existing: prod}" in str(caught.value.fix)

    def test_our_own_is_ours(self) -> None:
        ours = Cluster("shop", READY, owned=True)
        assert require_ours(ours) is ours

    def test_an_existing_cluster_has_no_steps(self) -> None:
        target = TargetSettings("live", "aws", ClusterSpec("prod"), existing=True)
        with pytest.raises(ConfigError, match="uses the existing cluster prod") as caught:
            steps_of(_provider(), target)
        assert caught.value.fix

    def test_a_provider_without_a_provisioner_says_so(self) -> None:
        target = TargetSettings("lab", "kubernetes", ClusterSpec("lab"))
        with pytest.raises(ConfigError, match="the provider kubernetes does not make clusters"):
            steps_of(_provider(), target)

    def test_steps_are_those_of_the_spec(self) -> None:
        spec = ClusterSpec("shop", nodes=3)
        provisioner = _Provisioner()
        steps_of(_provider(provisioner), TargetSettings("aws", "aws", spec))
        assert provisioner.asked == [spec]


class _Provisioner:
    def __init__(self) -> None:
        self.asked: list[ClusterSpec] = []

    def steps(self, spec: ClusterSpec) -> list[Scripted]:
        self.asked.append(spec)
        return []

    def leftovers(self, name: str) -> list[object]:
        return []


def _provider(provisioner: _Provisioner | None = None) -> Provider:
    nothing: object = None
    return Provider("kubernetes", nothing, nothing, nothing, nothing, provisioner=provisioner)  # type: ignore[arg-type]


def _raiser(error: BaseException) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


def _interrupted_ever_later(cloud: list[Thing]) -> Iterator[None]:
    """Has Ctrl-C hit at the first look at the cloud after the first write, then after the second, …"""
    for thing in cloud:
        original, state = len(thing.calls), thing.state

        def look(thing: Thing = thing, original: int = original) -> State:
            if len(thing.calls) > original:
                raise KeyboardInterrupt
            return Thing.state(thing)

        thing.state = look  # type: ignore[method-assign]
        yield
        thing.state = state  # type: ignore[method-assign]


def _again_and_again(run: Callable[..., object], steps: Sequence[Step], clock: VirtualClock) -> None:
    for _ in range(100):
        try:
            run(steps, clock=clock)
        except KeyboardInterrupt:
            continue
        return
    raise AssertionError("it never got there")
