"""What an engine's last words say about a base image that it could not get.

The words are those of containerd and moby (remotes/docker, registry/session) and of
containers/image, which podman and buildah share; network errors are Go's (package net).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from clouddeploy.errors import CloudDeployError, NotFoundError, TemporaryError

_UNREACHABLE = re.compile(
    r"no such host|i/o timeout|connection refused|TLS handshake timeout|network is unreachable"
    r"|temporary failure in name resolution|Client\.Timeout|context deadline exceeded|toomanyrequests",
    re.IGNORECASE,
)
_ABSENT = re.compile(
    r"manifest unknown|manifest for \S+ not found|pull access denied|repository does not exist"
    r"|failed to resolve source metadata|name unknown|requested access to the resource is denied",
    re.IGNORECASE,
)


def base_image_error(message: str, said: Sequence[str]) -> CloudDeployError | None:
    """The error for a base image that is not there or out of reach; None when that is not the trouble."""
    words = said[-1] if said else ""
    if _UNREACHABLE.search(words):
        return TemporaryError(message, fix="check the network, or name a base image that can be reached")
    if _ABSENT.search(words):
        return NotFoundError(message, fix="correct FROM, or log in to the base image's registry")
    return None
