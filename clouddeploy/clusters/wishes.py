"""Whether a cluster can be, or is, as it is wished."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence

from clouddeploy.clusters.attempt import Attempt, Clock
from clouddeploy.clusters.engine import LOOK_PATIENCE, plan_up, reword
from clouddeploy.clusters.ownership import provisioner_of
from clouddeploy.errors import CloudDeployError, ConfigError
from clouddeploy.progress import SILENT
from clouddeploy.seam.cluster import Cluster, Provisioner, State, Status
from clouddeploy.seam.provider import Provider
from clouddeploy.seam.target import ClusterSpec, TargetSettings


def require_offered(provider: Provider, target: TargetSettings, *, clock: Clock = time) -> None:
    """Raise what making the target's cluster would be refused with, before anything is made.

    TemporaryErrors are waited out, as when the steps look at the cloud.
    """
    step = _Check(provisioner_of(provider, target), target.cluster)
    try:
        Attempt(step, SILENT.task(step.title), clock, clock.monotonic() + LOOK_PATIENCE).look()
    except CloudDeployError as error:
        reword(error, f"{error.message}; nothing was changed")
        raise


def differences(
    provider: Provider, target: TargetSettings, cluster: Cluster, *, complete: bool, again: str
) -> Iterator[str]:
    """What of the wishes a cluster that is there does not fulfil, and which command would change it.

    `again` are the options that name the target and the cluster. Nodes are counted once everything is
    made (`complete`): before, `create` brings them.
    """
    spec = target.cluster
    if spec.version and cluster.version and not _means(spec.version, cluster.version):
        yield _other_version(spec.version, cluster.version, again)
    if spec.nodes is not None and complete:
        yield from _other_nodes(provider, spec.name, spec.nodes, again)


class _Check:
    """The check as something to look at, which is READY when nothing is refused."""

    title = "what is wished"

    def __init__(self, provisioner: Provisioner, spec: ClusterSpec) -> None:
        self._provisioner = provisioner
        self._spec = spec

    def state(self) -> State:
        self._provisioner.check(self._spec)
        return State(Status.READY)

    def create(self) -> None:
        """Nothing."""

    def delete(self) -> None:
        """Nothing."""


def _other_version(wanted: str, present: str, again: str) -> str:
    later = _numbers(wanted) > _numbers(present)
    change = f"clouddeploy cluster upgrade {again} --version {wanted}" if later else "no version goes back"
    return f"it runs Kubernetes {present} and not {wanted}: {change}"


def _other_nodes(provider: Provider, name: str, wanted: int, again: str) -> Iterator[str]:
    if provider.nodes is None:
        return
    try:
        states: Sequence[State] = [one.state for one in plan_up(provider.nodes.scale(name, wanted))]
    except ConfigError as error:
        yield f"it does not get {wanted} nodes: {error.message}"
        return
    other = [state for state in states if state.status is Status.ABSENT]
    if other:
        change = f"clouddeploy cluster scale {again} --nodes {wanted}"
        yield f"it does not have {wanted} nodes ({other[0].detail}): {change}"


def _means(wanted: str, present: str) -> bool:
    """Whether `wanted`, a minor such as 1.33 or a full version, is what runs."""
    return present == wanted or present.startswith((f"{wanted}.", f"{wanted}-"))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version))
