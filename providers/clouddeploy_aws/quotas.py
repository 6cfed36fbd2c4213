"""How much room the account has for a cluster, asked before anything is made.

Quota codes: Service Quotas console, Amazon VPC and Amazon EKS.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from clouddeploy.errors import CloudDeployError, PreconditionError
from clouddeploy_aws.errors import translated
from clouddeploy_aws.session import Session


@dataclass(frozen=True)
class Room:
    """How many of something there are; `limit` is None where the account may not ask for it."""

    what: str
    service: str
    code: str
    used: int
    limit: int | None

    @property
    def full(self) -> bool:
        return self.limit is not None and self.used >= self.limit


def rooms(session: Session) -> Sequence[Room]:
    """VPCs and EKS clusters in the region; a new cluster takes one of each."""
    return (
        _room(session, "VPCs", ("vpc", "L-F678F1CE"), _vpcs(session)),
        _room(session, "EKS clusters", ("eks", "L-1194D53C"), _clusters(session)),
    )


def require_room(session: Session) -> None:
    """Raises PreconditionError when a quota is used up that a new cluster needs."""
    for room in rooms(session):
        if room.full:
            raise PreconditionError(
                f"the account's quota for {room.what} in {session.region} is used up: "
                f"{room.used} of {room.limit}",
                fix=more(room),
            )


def more(room: Room) -> str:
    """The command that asks AWS for more."""
    return (
        f"delete one that is unused, or ask for more: aws service-quotas request-service-quota-increase "
        f"--service-code {room.service} --quota-code {room.code} --desired-value {room.used + 5}"
    )


def _room(session: Session, what: str, key: tuple[str, str], used: int) -> Room:
    service, code = key
    return Room(what, service, code, used, limit(session, service, code))


def limit(session: Session, service: str, code: str) -> int | None:
    """None when it cannot be asked for: then the service itself refuses what is too much."""
    try:
        with translated(f"ask for the quota {code}"):
            answer = session.quotas.get_service_quota(ServiceCode=service, QuotaCode=code)
    except CloudDeployError:
        return None
    value = answer["Quota"].get("Value")
    return None if value is None else int(value)


def _vpcs(session: Session) -> int:
    with translated("count the VPCs"):
        pages = session.ec2.get_paginator("describe_vpcs").paginate()
        return sum(len(page["Vpcs"]) for page in pages)


def _clusters(session: Session) -> int:
    with translated("count the EKS clusters"):
        pages = session.eks.get_paginator("list_clusters").paginate()
        return sum(len(page["clusters"]) for page in pages)
