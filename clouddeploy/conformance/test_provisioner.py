"""What every provisioner does: from nothing to a cluster and back, however often it is cut off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from clouddeploy import clusters
from clouddeploy.conformance.checks import assert_helpful
from clouddeploy.conformance.rig import Site
from clouddeploy.contract import ClusterSpec, Provider, Provisioner, State, Status, Step
from clouddeploy.errors import ConfigError, ForeignResourceError, TemporaryError

ABSENT = State(Status.ABSENT)


@pytest.fixture
def provisioner(provider: Provider) -> Provisioner:
    assert provider.provisioner
    return provider.provisioner


@pytest.fixture
def steps(provisioner: Provisioner, site: Site) -> Sequence[Step]:
    return provisioner.steps(site.target.cluster)


class Interrupted:
    """A step after whose every first create or delete Ctrl-C is pressed."""

    def __init__(self, step: Step) -> None:
        self._step = step
        self._hit: set[str] = set()
        self.title = step.title

    def state(self) -> State:
        return self._step.state()

    def create(self) -> None:
        self._step.create()
        self._interrupt("create")

    def delete(self) -> None:
        self._step.delete()
        self._interrupt("delete")

    def _interrupt(self, what: str) -> None:
        if what not in self._hit:
            self._hit.add(what)
            raise KeyboardInterrupt


def test_an_empty_account_plans_to_make_everything_and_writes_nothing(
    steps: Sequence[Step], site: Site
) -> None:
    assert site.writes
    plan = clusters.plan_up(steps)
    assert plan
    assert {one.action for one in plan} == {clusters.Action.CREATE}
    assert {one.action for one in clusters.plan_down(steps)} == {clusters.Action.GONE}
    assert len({one.title for one in plan}) == len(plan)
    assert site.writes() == 0


def test_deleting_nothing_writes_nothing(steps: Sequence[Step], site: Site) -> None:
    assert site.writes
    clusters.down(steps, clock=site.clock)
    assert site.writes() == 0


def test_up_then_up_again_then_down(
    steps: Sequence[Step], site: Site, provider: Provider, provisioner: Provisioner
) -> None:
    assert site.writes
    name = site.target.cluster.name
    clusters.up(steps, clock=site.clock)
    (listed,) = provider.clusters.list()
    assert (listed.name, listed.state.status, listed.owned) == (name, Status.READY, True)
    assert clusters.require_ours(listed) is listed

    before = site.writes()
    again = provisioner.steps(site.target.cluster)
    assert {done.action for done in clusters.up(again, clock=site.clock)} == {clusters.Action.KEEP}
    assert site.writes() == before

    clusters.down(again, clock=site.clock)
    assert [step.state() for step in provisioner.steps(site.target.cluster)] == [ABSENT] * len(steps)
    assert provider.clusters.list() == []
    assert provisioner.leftovers(name) == []


def test_it_goes_on_after_every_interruption(
    steps: Sequence[Step], site: Site, provider: Provider, provisioner: Provisioner
) -> None:
    fragile = [Interrupted(step) for step in steps]
    assert len(list(_until_done(lambda: clusters.up(fragile, clock=site.clock)))) == len(steps)
    assert len(provider.clusters.list()) == 1
    assert len(list(_until_done(lambda: clusters.down(fragile, clock=site.clock)))) == len(steps)
    assert [step.state() for step in steps] == [ABSENT] * len(steps)
    assert provisioner.leftovers(site.target.cluster.name) == []


def test_a_cluster_on_its_way_is_waited_for_and_not_reached(
    steps: Sequence[Step], site: Site, provider: Provider, provisioner: Provisioner
) -> None:
    name = site.target.cluster.name
    with pytest.raises(TemporaryError) as stopped:
        clusters.up(steps, clock=site.clock, timeout=60)
    assert_helpful(stopped.value, site)
    assert "run the same command again" in str(stopped.value.fix)
    with pytest.raises(TemporaryError) as caught:
        provider.clusters.access(name)
    assert_helpful(caught.value, site)
    assert clusters.plan_up(steps)[-1].action is clusters.Action.WAIT

    clusters.down(steps, clock=site.clock)
    assert provider.clusters.list() == []


def test_a_foreign_cluster_is_neither_changed_nor_deleted(
    steps: Sequence[Step], site: Site, provider: Provider
) -> None:
    assert site.writes
    assert site.disown
    clusters.up(steps, clock=site.clock)
    site.disown(site.target.cluster.name)
    (listed,) = provider.clusters.list()
    assert listed.owned is False

    before = site.writes()
    for run in (clusters.up, clusters.down):
        with pytest.raises(ForeignResourceError, match="nothing was changed") as caught:
            run(steps, clock=site.clock)
        assert_helpful(caught.value, site)
    assert clusters.Action.REFUSE in {one.action for one in clusters.plan_down(steps)}
    assert site.writes() == before


def test_two_clusters_do_not_meet(site: Site, provider: Provider, provisioner: Provisioner) -> None:
    one, other = (provisioner.steps(ClusterSpec(name)) for name in ("shop", "shop-2"))
    clusters.up(one, clock=site.clock)
    clusters.up(other, clock=site.clock)
    clusters.down(one, clock=site.clock)
    assert [cluster.name for cluster in provider.clusters.list()] == ["shop-2"]
    assert {planned.action for planned in clusters.plan_up(other)} == {clusters.Action.KEEP}


def test_what_is_not_offered_is_refused_before_any_write(
    site: Site, provisioner: Provisioner, monkeypatch: pytest.MonkeyPatch
) -> None:
    provisioner.check(site.target.cluster)
    with pytest.raises(ConfigError) as caught:
        provisioner.check(replace(site.target.cluster, version="1.999"))
    assert_helpful(caught.value, site)
    assert not site.writes or site.writes() == 0


def test_a_name_that_the_cloud_refuses_is_refused_before_any_write(
    site: Site, provisioner: Provisioner
) -> None:
    assert site.writes
    for name in ("", "-shop", "shop/web", "sh op", "s" * 200):
        with pytest.raises(ConfigError) as caught:
            provisioner.steps(replace(site.target.cluster, name=name))
        assert_helpful(caught.value, site)
    assert site.writes() == 0


def _until_done(run: object) -> Iterator[None]:
    """Calls `run` until it ends by itself; yields once for each interruption."""
    assert callable(run)
    while True:
        try:
            run()
        except KeyboardInterrupt:
            yield
        else:
            return
