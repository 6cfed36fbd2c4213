"""Making, upgrading and deleting an ACK cluster with everything it needs, as steps."""

from __future__ import annotations

import re
from collections.abc import Sequence

from clouddeploy.contract import ClusterSpec, Cost, Leftover, Step
from clouddeploy.errors import ConfigError
from clouddeploy_alibaba.costs import costs
from clouddeploy_alibaba.instances import Instances
from clouddeploy_alibaba.leftovers import leftovers
from clouddeploy_alibaba.session import Session
from clouddeploy_alibaba.steps.control_plane import ControlPlaneStep, find_ours
from clouddeploy_alibaba.steps.network import Network
from clouddeploy_alibaba.steps.node_pool import NodePoolStep
from clouddeploy_alibaba.steps.pulls import PullsStep
from clouddeploy_alibaba.steps.upgrade import ControlPlaneUpgrade, NodesUpgrade, Upgrade
from clouddeploy_alibaba.steps.vpc import VpcStep
from clouddeploy_alibaba.steps.vswitches import VSwitchesStep
from clouddeploy_alibaba.wishes import PRO, Wishes

_NAME = re.compile(r"[0-9A-Za-z](?:[0-9A-Za-z-]{0,61}[0-9A-Za-z])?")


class AckProvisioner:
    """ACK managed clusters, in a network of their own."""

    def __init__(self, session: Session, instances: Instances) -> None:
        self._session = session
        self._instances = instances
        self._checked: Wishes | None = None

    def steps(self, spec: ClusterSpec) -> Sequence[Step]:
        """Network, control plane, nodes, pulls.

        Asks who the credentials belong to: CredentialsError for the wrong account, before any
        write. ConfigError for a name that ACK would refuse.
        """
        _checked(spec.name)
        self._session.identity()
        wishes = Wishes(self._session, spec)
        network = Network(self._session, spec.name)
        steps: list[Step] = [
            VpcStep(network, wishes),
            VSwitchesStep(network),
            ControlPlaneStep(network, wishes),
            NodePoolStep(network, wishes),
        ]
        if self._session.target.registry.get("edition") != "personal":
            steps.append(PullsStep(self._session, spec.name, self._instances))
        return steps

    def check(self, spec: ClusterSpec) -> None:
        """As `Wishes.check`."""
        if find_ours(self._session, spec.name) is None:
            wishes = Wishes(self._session, spec)
            wishes.check()
            self._checked = wishes

    def upgrade(self, name: str, version: str | None) -> Sequence[Step]:
        """Control plane, then nodes. ConfigError for a version that is not offered, before any write."""
        _checked(name)
        self._session.identity()
        upgrade = Upgrade(self._session, name, version)
        upgrade.check()
        return (ControlPlaneUpgrade(upgrade), NodesUpgrade(upgrade))

    def next_version(self, name: str) -> str:
        """The full version that ACK offers next, such as `1.34.1-aliyun.1`."""
        _checked(name)
        return Upgrade(self._session, name, None).version

    def costs(self, spec: ClusterSpec) -> Sequence[Cost]:
        """By a dated table; None for what it does not hold.

        Once `check` has asked what the region has in stock, of the instance type that will be made.
        """
        checked = self._checked if self._checked and self._checked.spec == spec else None
        wishes = checked or Wishes(self._session, spec)
        machine = checked.machine if checked else None
        region = self._session.region
        return costs(spec, region, nodes=wishes.nodes, pro=wishes.edition == PRO, machine=machine)

    def leftovers(self, name: str) -> Sequence[Leftover]:
        """What the cluster's controllers made and deleting the cluster did not take away."""
        return leftovers(self._session, name)


def _checked(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"{name!r} is no ACK cluster name",
            fix="use 1 to 63 letters, digits and -, the first and the last one a letter or digit",
        )
