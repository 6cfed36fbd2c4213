"""Making and deleting an EKS cluster with everything it needs, as steps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from clouddeploy.contract import ClusterSpec, Cost, Leftover, Step
from clouddeploy.errors import ConfigError
from clouddeploy_aws.costs import costs
from clouddeploy_aws.leftovers import leftovers
from clouddeploy_aws.quotas import require_room
from clouddeploy_aws.session import Session
from clouddeploy_aws.steps.control_plane import ControlPlaneStep, check, find_ours
from clouddeploy_aws.steps.doubt import Doubt
from clouddeploy_aws.steps.gateway import GatewayStep
from clouddeploy_aws.steps.network import Network
from clouddeploy_aws.steps.roles import CLUSTER, NODES, RoleStep
from clouddeploy_aws.steps.routes import RoutesStep
from clouddeploy_aws.steps.subnets import SubnetsStep
from clouddeploy_aws.steps.upgrade import next_version, upgrade_steps
from clouddeploy_aws.steps.vpc import VpcStep

_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,99}")


class EksProvisioner:
    """EKS in Auto Mode, in a network of its own."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def steps(self, spec: ClusterSpec) -> Sequence[Step]:
        """Roles, network, control plane.

        The role for the control plane comes first. Its name can be had only once, so that a run knows whether
        another one began before it, whose network EC2 may not show yet.

        Asks who the credentials belong to: CredentialsError for the wrong account, before any
        write. ConfigError for a name that EKS would refuse.
        """
        _checked(spec.name)
        self._session.identity()
        network = Network(self._session, spec.name)
        possible = cache(lambda: self._check(spec))
        role = RoleStep(self._session, spec.name, CLUSTER, before=possible)
        nodes = RoleStep(self._session, spec.name, NODES)
        return (
            role,
            nodes,
            VpcStep(network, Doubt(lambda: not role.made), before=possible),
            GatewayStep(network, Doubt(lambda: not role.made)),
            SubnetsStep(network),
            RoutesStep(network),
            ControlPlaneStep(self._session, spec, network, (role, nodes)),
        )

    def check(self, spec: ClusterSpec) -> None:
        """ConfigError for what is not offered, PreconditionError for a quota without room."""
        if find_ours(self._session, spec.name) is not None:
            return
        check(self._session, spec)
        if Network(self._session, spec.name).vpc() is None:
            require_room(self._session)

    def _check(self, spec: ClusterSpec) -> None:
        """Whatever can be known before the first write."""
        check(self._session, spec)
        require_room(self._session)

    def upgrade(self, name: str, version: str | None) -> Sequence[Step]:
        """One step for each minor version on the way; asks EKS which it offers."""
        _checked(name)
        self._session.identity()
        return upgrade_steps(self._session, name, version)

    def next_version(self, name: str) -> str:
        """The next minor version that EKS offers; NotFoundError for a missing cluster."""
        return next_version(self._session, name)

    def costs(self, spec: ClusterSpec) -> Sequence[Cost]:
        """The same for every spec: Auto Mode sizes the nodes by the pods."""
        return costs()

    def leftovers(self, name: str) -> Sequence[Leftover]:
        """What the cluster's controllers made and deleting the cluster did not take away."""
        return leftovers(self._session, name)


def _checked(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"{name!r} is no EKS cluster name",
            fix="use 1 to 100 letters, digits, - and _, the first one a letter or digit",
        )
