"""The cluster's own private network: free, and the memory of what was made in it.

Load balancers of a cluster carry no tag, and volumes only the cluster's id. The VPC has both: every
load balancer names its VPC, and the VPC's description keeps the ids of the clusters that lived in it.
It stays for as long as anything is left in it, so leftovers are found on any later day.
"""

from __future__ import annotations

from clouddeploy.contract import State, Status
from clouddeploy.errors import CloudDeployError, ConfigError, CredentialsError, NotFoundError, TemporaryError
from clouddeploy_digitalocean.names import (
    ABSENT,
    cluster_tag,
    foreign,
    marked_ids,
    owner_tag,
    vpc_mark,
    vpc_name,
)
from clouddeploy_digitalocean.records import Volume, Vpc
from clouddeploy_digitalocean.session import Session
from clouddeploy_digitalocean.steps.preflight import Preflight

_REMEMBERED = 4  # cluster ids; a description has 255 characters


class VpcStep:
    """Finds the VPC by its name, which is unique in an account."""

    title = "VPC"

    def __init__(self, session: Session, name: str, preflight: Preflight) -> None:
        self._session = session
        self._name = name
        self._preflight = preflight

    def state(self) -> State:
        vpc = self.find()
        return State(Status.READY, vpc.id) if vpc else ABSENT

    def create(self) -> None:
        """Checks first that all that comes later can be had: nothing is made for a wrong version."""
        self._preflight.check()
        vpcs = self._session.api.vpcs()
        if self._mine(vpcs):
            return
        region = self._session.region
        if not any(vpc.region == region for vpc in vpcs):
            # The first VPC of a region becomes its default and can never be deleted: make the one
            # that DigitalOcean itself would make, so that ours is not it.
            self._make(f"default-{region}", "")
        self._make(vpc_name(self._name), vpc_mark(self._name))

    def delete(self) -> None:
        vpc = self.find()
        if vpc is None:
            return
        left = volumes_of(self._session, vpc)
        if left:
            raise TemporaryError(
                f"the volume {left[0].name} of the cluster {self._name} is still there",
                fix=f"doctl compute volume delete {left[0].id}",
            )
        try:
            self._session.api.delete_vpc(vpc)
        except NotFoundError:
            return
        except CredentialsError as error:
            # 403 stands for a missing scope and for a VPC that is not empty; its text is no promise.
            members = self._session.api.members(vpc)
            if not members:
                raise
            raise TemporaryError(
                f"the VPC {vpc.name} still holds {', '.join(members)}",
                fix="wait until that is gone, or delete it: doctl compute load-balancer list",
                code=error.code,
            ) from error

    def find(self) -> Vpc | None:
        """Raises ForeignResourceError for one without our mark, ConfigError for another region's."""
        return self._mine(self._session.api.vpcs())

    def remember(self, cluster_id: str) -> None:
        """Write a cluster's id into the description, unless it is there."""
        vpc = self.find()
        if vpc and cluster_id not in marked_ids(vpc.description):
            ids = [*marked_ids(vpc.description), cluster_id][-_REMEMBERED:]
            self._session.api.describe_vpc(vpc, vpc_mark(self._name, ids))

    def _mine(self, vpcs: list[Vpc]) -> Vpc | None:
        name = vpc_name(self._name)
        vpc = next((one for one in vpcs if one.name == name), None)
        if vpc is None:
            return None
        if owner_tag(self._name) not in vpc.description.split():
            raise foreign(f"the VPC {name}", self._name)
        if vpc.region != self._session.region:
            raise ConfigError(
                f"the cluster {self._name} was made in {vpc.region}, "
                f"target {self._session.target.name} says {self._session.region}",
                fix=f"set region: {vpc.region}, or choose another cluster name",
            )
        return vpc

    def _make(self, name: str, description: str) -> None:
        body = {"name": name, "region": self._session.region, "description": description}
        try:
            self._session.api.create_vpc({key: value for key, value in body.items() if value})
        except CloudDeployError as error:
            # A lost reply, or somebody was faster: the name is unique, so it is there or it is not.
            if any(vpc.name == name for vpc in self._session.api.vpcs()):
                return
            if "already" in error.message:
                raise TemporaryError(error.message, fix="run it again", code=error.code) from error
            raise


def volumes_of(session: Session, vpc: Vpc) -> list[Volume]:
    """The volumes of the clusters that lived in a VPC, by the tag that DOKS gives them."""
    tags = {cluster_tag(one) for one in marked_ids(vpc.description)}
    return [one for one in session.api.volumes() if tags & one.tags] if tags else []
