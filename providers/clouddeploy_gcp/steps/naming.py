"""Names and labels: how everything is found again on the next run."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from clouddeploy.contract import OWNER_TAG, State, Status
from clouddeploy.errors import ConfigError, ForeignResourceError

LABEL = OWNER_TAG.replace(":", "-")
"""`clouddeploy-cluster`: keys of Google's labels have lower-case letters, digits, - and _ only."""

POOL = "clouddeploy"
ABSENT = State(Status.ABSENT)

_NAME = re.compile(r"[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?")


def incomplete(what: str) -> State:
    """Half-made: `create` goes on where it stopped."""
    return State(Status.ABSENT, f"incomplete: {what}")


def checked(name: str) -> str:
    """The name; ConfigError for one that GKE would refuse."""
    if _NAME.fullmatch(name):
        return name
    raise ConfigError(
        f"{name!r} is no GKE cluster name",
        fix="use 1 to 40 lower-case letters, digits and -, the first one a letter, the last one not -",
    )


def foreign(what: str, cluster: str, fix: str) -> ForeignResourceError:
    """The refusal to touch what does not carry our label."""
    return ForeignResourceError(
        f"{what} exists but does not carry the label {LABEL}={cluster}: it is not ours", fix=fix
    )


def nearest(wanted: str, offered: Sequence[str]) -> str:
    """The name that was probably meant, else what there is."""
    close = difflib.get_close_matches(wanted, offered, n=1, cutoff=0.5)
    return close[0] if close else "one of: " + ", ".join(sorted(offered)[:20])
