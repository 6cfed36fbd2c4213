"""Names, tags and marks: how everything is found again on the next run.

DigitalOcean's tags are single words without a value, of letters, digits, `:`, `-` and `_`; so the
tag is `clouddeploy:<cluster>`. VPCs have no tags: theirs is a mark in the description.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Iterable

from clouddeploy.contract import State, Status
from clouddeploy.errors import ConfigError, ForeignResourceError

ABSENT = State(Status.ABSENT)
POOL = "workers"
"""The name of the one node pool that we make."""

_CLUSTER = re.compile(r"[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?")
_MARK = re.compile(r"\bk8s:([0-9a-f-]{36})\b")


def owner_tag(cluster: str) -> str:
    """The tag of everything that is made for a cluster."""
    return f"clouddeploy:{cluster}"


def cluster_tag(cluster_id: str) -> str:
    """The tag that DOKS itself puts on a cluster's volumes."""
    return f"k8s:{cluster_id}"


def vpc_name(cluster: str) -> str:
    return f"clouddeploy-{cluster}"


def vpc_mark(cluster: str, ids: Iterable[str] = ()) -> str:
    """The VPC's description: whose it is, and the ids of the clusters that lived in it."""
    return " ".join([owner_tag(cluster), *(cluster_tag(one) for one in ids)])


def marked_ids(description: str) -> list[str]:
    """The cluster ids that a VPC's description holds."""
    return _MARK.findall(description)


def checked(name: str) -> str:
    """`name`, when DOKS takes it; else ConfigError."""
    if _CLUSTER.fullmatch(name):
        return name
    raise ConfigError(
        f"{name!r} is no DOKS cluster name",
        fix="use 1 to 63 lower-case letters, digits and -, a letter first and no - at the end",
    )


def default_registry(account: str) -> str:
    """The registry's name when the target has none: registry names are unique in all of DigitalOcean."""
    return f"clouddeploy-{hashlib.sha256(account.encode()).hexdigest()[:12]}"


def nearest(wrong: str, known: Iterable[str]) -> str:
    """What was probably meant, as the beginning of a fix; empty when nothing is near."""
    found = difflib.get_close_matches(wrong, list(known), n=1, cutoff=0.5)
    return f"did you mean {found[0]}? " if found else ""


def incomplete(what: str) -> State:
    """Half-made: `create` goes on where it stopped."""
    return State(Status.ABSENT, f"incomplete: {what}")


def foreign(what: str, cluster: str) -> ForeignResourceError:
    """The refusal to touch what does not carry our tag."""
    return ForeignResourceError(
        f"{what} exists but does not carry {owner_tag(cluster)}: it is not ours",
        fix=f"choose another cluster name, or to only use a cluster write cluster: {{existing: {cluster}}}",
    )
