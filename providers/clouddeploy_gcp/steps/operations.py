"""GKE's own kind of operation: DONE says that it ended, its error says how."""

from __future__ import annotations

from clouddeploy_gcp.errors import translated
from clouddeploy_gcp.session import Session


def failure_of(session: Session, location: str, operation: str) -> tuple[bool, str]:
    """Whether an operation is over, and what it failed with; empty for nothing."""
    with translated(f"ask about the operation {operation}"):
        found = session.sdk.container(
            "get_operation", {"name": f"{session.parent(location)}/operations/{operation}"}
        )
    error = found.get("error", {})
    conditions = found.get("clusterConditions", [])
    told = [error.get("message", "")] if error else [one.get("message", "") for one in conditions]
    over = found.get("status") == "DONE"
    return over, "; ".join(filter(None, told)) if over else ""
