"""Names and tags: how everything is found again on the next run."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from clouddeploy.contract import OWNER_TAG, State, Status
from clouddeploy.errors import ForeignResourceError

if TYPE_CHECKING:
    from mypy_boto3_ec2.literals import ResourceTypeType
    from mypy_boto3_ec2.type_defs import FilterTypeDef, TagSpecificationTypeDef, TagTypeDef
    from mypy_boto3_iam.type_defs import TagTypeDef as RoleTagTypeDef

    _Tag = TagTypeDef | RoleTagTypeDef

_ROLE_NAME_MAX = 64  # IAM quota: role name length

ABSENT = State(Status.ABSENT)


def incomplete(what: str) -> State:
    """Half-made: `create` goes on where it stopped."""
    return State(Status.ABSENT, f"incomplete: {what}")


def resource_name(cluster: str, part: str = "") -> str:
    """The Name tag of what belongs to a cluster."""
    return f"clouddeploy-{cluster}-{part}" if part else f"clouddeploy-{cluster}"


def role_name(cluster: str, region: str, kind: Literal["cluster", "nodes"]) -> str:
    """IAM is global, so the region is part of the name; a long one ends in a digest."""
    name = f"{resource_name(cluster)}-{region}-{kind}"
    if len(name) <= _ROLE_NAME_MAX:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: _ROLE_NAME_MAX - 9]}-{digest}"


def tag_map(tags: Iterable[_Tag]) -> dict[str, str]:
    """boto3's list of Key and Value as a dict."""
    return {tag.get("Key", ""): tag.get("Value", "") for tag in tags}


def tags_for(cluster: str, name: str, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """What every resource of a cluster carries."""
    return {"Name": name, OWNER_TAG: cluster, **(more or {})}


def tag_specification(kind: ResourceTypeType, tags: Mapping[str, str]) -> Sequence[TagSpecificationTypeDef]:
    """Tags that are set in the same call that creates: no moment without an owner."""
    return [{"ResourceType": kind, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}]


def named(name: str) -> list[FilterTypeDef]:
    """Filter by Name tag, to meet foreign resources too."""
    return [{"Name": "tag:Name", "Values": [name]}]


def ours(cluster: str) -> list[FilterTypeDef]:
    """Filter by our ownership tag."""
    return [{"Name": f"tag:{OWNER_TAG}", "Values": [cluster]}]


def foreign(what: str, cluster: str) -> ForeignResourceError:
    """The refusal to touch what does not carry our tag."""
    return ForeignResourceError(
        f"{what} exists but does not carry the tag {OWNER_TAG}={cluster}: it is not ours",
        fix="choose another cluster name, or delete it yourself if it is not needed",
    )
