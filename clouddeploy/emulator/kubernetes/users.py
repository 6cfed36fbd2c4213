"""Who makes a request, and what they may do: everything as system:masters, else almost nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from clouddeploy.emulator.kubernetes import status

MASTERS = "system:masters"


@dataclass(frozen=True)
class User:
    """A Kubernetes user. Members of the group system:masters may do everything."""

    name: str
    groups: tuple[str, ...] = ()

    @property
    def master(self) -> bool:
        """Whether RBAC's cluster-admin binding holds for this user."""
        return MASTERS in self.groups


Authenticate = Callable[[str], User | None]
ANONYMOUS = User("system:anonymous", ("system:unauthenticated",))


def identify(environ: Mapping[str, Any], authenticate: Authenticate) -> User:
    """The user of a WSGI request: by client certificate, else by bearer token, else anonymous.

    Raises ApiError 401 for a token that nobody knows.
    """
    if environ.get("SSL_CLIENT_VERIFY") == "SUCCESS":
        groups = tuple(environ.get("SSL_CLIENT_S_DN_O", "").split(","))
        return User(environ["SSL_CLIENT_S_DN_CN"], groups)
    scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    if not scheme:
        return ANONYMOUS
    user = authenticate(token.strip()) if scheme.lower() == "bearer" else None
    if user is None:
        raise status.unauthorized()
    return User(user.name, (*user.groups, "system:authenticated"))
