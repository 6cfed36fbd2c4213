"""Credentials that end while a cluster is being made, and that somebody has renewed meanwhile.

botocore renews what it can by itself: SSO, roles, instance and container credentials. A session
token in a file or in a variable it reads only once. A single sign-on tool that writes a fresh one
there makes a run of twenty minutes go on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from clouddeploy_aws.errors import EXPIRED

Find = Callable[[], Any]
"""Looks for credentials anew, where the SDK looks for them."""

_ATTEMPTS = 3
_FIELDS = ("access_key", "secret_key", "token")


class Renewal:
    """Looks again, once for each refused request, when AWS says that `current` has expired."""

    def __init__(self, current: Any, find: Find) -> None:
        self._current = current
        self._find = find

    def watch(self, client: Any) -> None:
        """Have the client's expired requests signed again, with other credentials if there are any."""
        service = client.meta.service_model.service_id.hyphenize()
        client.meta.events.register_first(f"needs-retry.{service}", self._retry)

    def _retry(self, response: Any = None, attempts: int = 1, **_: object) -> int | None:
        """Seconds to wait before the next attempt; None for "not because of this"."""
        code = response[1].get("Error", {}).get("Code") if response else None
        if attempts > _ATTEMPTS or code not in EXPIRED or not _read_once(self._current):
            return None
        found = self._find()
        if found is None or found.access_key == self._current.access_key:
            return None
        for field in _FIELDS:  # every client signs with this one object
            setattr(self._current, field, getattr(found, field))
        return 0


def _read_once(credentials: Any) -> bool:
    """Whether botocore does not renew them itself."""
    return credentials is not None and not hasattr(credentials, "refresh_needed")
