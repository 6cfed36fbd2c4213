"""Names and tags: how everything is found again on the next run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from clouddeploy.contract import State, Status
from clouddeploy.errors import ForeignResourceError

OWNER_TAG = "clouddeploy/cluster"
"""Our ownership tag here. ACK makes Kubernetes labels of a cluster's tags, and those allow no colon."""

ZONES_TAG = "clouddeploy/zones"
"""Tag of the VPC: the zones that its vSwitches belong into, so that a half-made network is noticed."""

ABSENT = State(Status.ABSENT)


def incomplete(what: str) -> State:
    """Half-made: `create` goes on where it stopped."""
    return State(Status.ABSENT, f"incomplete: {what}")


def resource_name(cluster: str, part: str = "") -> str:
    """The name of what belongs to a cluster."""
    return f"clouddeploy-{cluster}-{part}" if part else f"clouddeploy-{cluster}"


def rpc_tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as VPC, ECS and SLB take them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def ack_tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as ACK takes them."""
    return [{"key": key, "value": value} for key, value in tags.items()]


def tag_map(tags: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    """A list of keys and values, in either spelling, as a dict."""
    return {_of(tag, "key"): _of(tag, "value") for tag in tags or ()}


def foreign(what: str, cluster: str) -> ForeignResourceError:
    """The refusal to touch what does not carry our tag."""
    return ForeignResourceError(
        f"{what} exists but does not carry the tag {OWNER_TAG}={cluster}: it is not ours",
        fix=f"to only use a cluster, write cluster: {{existing: {cluster}}}; else choose another name",
    )


def _of(tag: Mapping[str, str], key: str) -> str:
    upper = key.capitalize()
    return tag.get(key) or tag.get(upper) or tag.get(f"Tag{upper}") or ""
