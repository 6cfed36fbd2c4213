"""The service roles in whose name ACK acts: somebody authorizes them once in an account, in the console."""

from __future__ import annotations

from collections.abc import Sequence

from clouddeploy.errors import CredentialsError, PreconditionError
from clouddeploy_alibaba.errors import AUTHORIZE
from clouddeploy_alibaba.session import Session

ROLES = (
    "AliyunCSDefaultRole",
    "AliyunCSManagedKubernetesRole",
    "AliyunCSManagedCsiPluginRole",
    "AliyunCSManagedCsiProvisionerRole",
)
PULLING = "AliyunCSManagedAcrRole"
"""For the credential helper, which Personal Edition does not use.

Source of both: ACK documentation, "ACK roles", and the release notes of csi-provisioner (December 2024). The
console asks for more, of add-ons that our clusters do not have; whether ACK insists on those is UNVERIFIED.
"""


def needed_roles(session: Session) -> Sequence[str]:
    """The roles without which a cluster of this target cannot be made, or would not work."""
    personal = session.target.registry.get("edition") == "personal"
    return ROLES if personal else (*ROLES, PULLING)


def missing_roles(session: Session) -> list[str]:
    """Those that nobody has authorized."""
    body = {"roles": [{"name": name} for name in needed_roles(session)]}
    answer = session.sdk.ack("look for the service roles of ACK", "check_service_role", body=body)
    return [str(one["name"]) for one in answer.get("roles") or () if not one.get("granted")]


def check_roles(session: Session) -> None:
    """PreconditionError for a role that is missing. Whoever may not ask is told by ACK, a little later."""
    try:
        missing = missing_roles(session)
    except CredentialsError as error:
        if not str(error.code).startswith(("Forbidden", "NoPermission", "StatusForbidden")):
            raise
        return
    if missing:
        raise PreconditionError(f"ACK has no service role {', '.join(missing)}", fix=AUTHORIZE)
