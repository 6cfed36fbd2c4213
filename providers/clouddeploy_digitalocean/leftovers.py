"""Billed things that a cluster's controllers made, while it is there and after it is gone."""

from __future__ import annotations

from collections.abc import Sequence

from clouddeploy.contract import Leftover
from clouddeploy_digitalocean.clusters import alive, ours
from clouddeploy_digitalocean.costs import LOAD_BALANCER, VOLUME_GIB
from clouddeploy_digitalocean.names import cluster_tag, marked_ids, owner_tag, vpc_name
from clouddeploy_digitalocean.records import Associated, Balancer, Volume, Vpc
from clouddeploy_digitalocean.session import Session


def leftovers(session: Session, name: str) -> Sequence[Leftover]:
    """Load balancers in the cluster's VPC, volumes with its id, snapshots while it can tell them."""
    api = session.api
    vpcs = [one for one in api.vpcs() if one.name == vpc_name(name) and owner_tag(name) in one.description]
    clusters = ours(alive(session), name)
    if not vpcs and not clusters:
        return []
    found = [api.associated(one) for one in clusters]
    ids = {one.id for one in clusters} | {one for vpc in vpcs for one in marked_ids(vpc.description)}
    return [
        *(_balancer(one) for one in api.load_balancers() if _in(one, vpcs, found)),
        *(_volume(one) for one in api.volumes() if _of(one, ids, found)),
        *(Leftover("snapshot", snapshot, detail=told) for one in found for snapshot, told in one.snapshots),
    ]


def _in(balancer: Balancer, vpcs: Sequence[Vpc], found: Sequence[Associated]) -> bool:
    known = {one for each in found for one, _ in each.load_balancers}
    return balancer.id in known or balancer.vpc in {vpc.id for vpc in vpcs}


def _of(volume: Volume, ids: set[str], found: Sequence[Associated]) -> bool:
    known = {one for each in found for one, _ in each.volumes}
    return volume.id in known or bool({cluster_tag(one) for one in ids} & volume.tags)


def _balancer(balancer: Balancer) -> Leftover:
    return Leftover("load balancer", balancer.id, LOAD_BALANCER * balancer.units, balancer.name)


def _volume(volume: Volume) -> Leftover:
    return Leftover("volume", volume.id, VOLUME_GIB * volume.gib, f"{volume.name}, {volume.gib} GiB")
