"""What several tests do with a project."""

from __future__ import annotations

from collections.abc import Sequence

from clouddeploy.clusters import Done, down, up
from clouddeploy.contract import ClusterSpec, Provisioner, Repository, Step
from clouddeploy_gcp import connect
from clouddeploy_gcp.registry import ArtifactRegistry
from moto_fixtures.gcp import GcpAccount


def provisioner(account: GcpAccount, spec: ClusterSpec, /, **settings: object) -> Provisioner:
    """As in a process of its own: nothing is remembered."""
    found = connect(account.target(spec=spec, **settings)).provisioner
    assert found
    return found


def steps(account: GcpAccount, spec: ClusterSpec, /, **settings: object) -> Sequence[Step]:
    return provisioner(account, spec, **settings).steps(spec)


def make(account: GcpAccount, spec: ClusterSpec, /, **settings: object) -> list[Done]:
    return up(steps(account, spec, **settings), clock=account.clock)


def remove(account: GcpAccount, spec: ClusterSpec, /, **settings: object) -> list[Done]:
    return down(steps(account, spec, **settings), clock=account.clock)


def ensure(account: GcpAccount, /, cluster: str = "demo", **settings: object) -> Repository:
    """The repository, waited for in emulated time."""
    session = account.session(cluster=cluster, **settings)
    return ArtifactRegistry(session, account.cloud.clock.advance).ensure("shop/web")
