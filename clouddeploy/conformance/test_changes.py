"""What a provisioner that is there does besides making clusters: prices, upgrades, more nodes."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from clouddeploy import clusters
from clouddeploy.conformance.checks import assert_helpful, change
from clouddeploy.conformance.rig import Site
from clouddeploy.contract import Nodes, Provider, Provisioner
from clouddeploy.errors import ConfigError, NotFoundError


@pytest.fixture
def provisioner(provider: Provider) -> Provisioner:
    assert provider.provisioner
    return provider.provisioner


@pytest.fixture
def nodes(provisioner: Provisioner, provider: Provider) -> Nodes:
    if provider.nodes is None:
        pytest.skip("this provider makes nodes as pods need them")
    return provider.nodes


def up(site: Site, provisioner: Provisioner) -> str:
    """The name of the cluster, made."""
    clusters.up(provisioner.steps(site.target.cluster), clock=site.clock)
    return site.target.cluster.name


def test_costs_are_known_without_asking(
    site: Site, provisioner: Provisioner, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(monkeypatch, site.refused["none"])
    spec = replace(site.target.cluster, nodes=2)
    found = provisioner.costs(spec)
    assert found
    assert all(cost.kind and (cost.monthly is None or cost.monthly >= 0) for cost in found)
    assert _known(provisioner, 5, site) >= _known(provisioner, 2, site)


def test_an_upgrade_arrives_and_the_second_time_writes_nothing(
    site: Site, provider: Provider, provisioner: Provisioner
) -> None:
    assert site.writes
    name = up(site, provisioner)
    (before,) = provider.clusters.list()
    following = provisioner.next_version(name)
    clusters.up(provisioner.upgrade(name, following), clock=site.clock)
    (after,) = provider.clusters.list()
    assert _number(after.version) >= _number(before.version)
    assert after.owned

    written = site.writes()
    # The exact version, too: it is what an interrupted upgrade is gone on with.
    for version in (".".join(map(str, _number(after.version))), following):
        again = provisioner.upgrade(name, version)
        assert {done.action for done in clusters.up(again, clock=site.clock)} <= {clusters.Action.KEEP}
    assert site.writes() == written


def test_a_version_that_no_cloud_offers_is_refused(site: Site, provisioner: Provisioner) -> None:
    name = up(site, provisioner)
    assert site.writes
    before = site.writes()
    with pytest.raises(ConfigError) as caught:
        clusters.plan_up(provisioner.upgrade(name, "1.999"))
    assert_helpful(caught.value, site)
    assert site.writes() == before


def test_what_is_not_there_is_neither_upgraded_nor_scaled(
    site: Site, provider: Provider, provisioner: Provisioner
) -> None:
    with pytest.raises(NotFoundError) as caught:
        clusters.next_version(provider, site.target)
    assert_helpful(caught.value, site)
    if provider.nodes:
        with pytest.raises(NotFoundError):
            clusters.scale_steps(provider, site.target, 3)


def test_nodes_are_scaled_and_the_second_time_writes_nothing(
    site: Site, provisioner: Provisioner, nodes: Nodes
) -> None:
    assert site.writes
    name = up(site, provisioner)
    for count in (4, 3):
        clusters.up(nodes.scale(name, count), clock=site.clock)
        written = site.writes()
        again = clusters.up(nodes.scale(name, count), clock=site.clock)
        assert {done.action for done in again} == {clusters.Action.KEEP}
        assert site.writes() == written


def _known(provisioner: Provisioner, nodes: int, site: Site) -> Decimal:
    found = provisioner.costs(replace(site.target.cluster, nodes=nodes))
    return sum((cost.monthly for cost in found if cost.monthly is not None), Decimal(0))


def _number(version: str) -> tuple[int, int]:
    """(1, 33) of 1.33, v1.33.4 or 1.33.4-gke.100."""
    major, minor = version.removeprefix("v").split(".")[:2]
    return int(major), int(minor)
