"""The report of a push as data, for the jobs that come after it.

Its schema is `push-report.schema.json` beside this file; keys are added, never changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from clouddeploy import __version__
from clouddeploy.contract import redact
from clouddeploy.release.push import Pushed
from clouddeploy.release.targets import Outcome

SCHEMA = "clouddeploy/push-report/v1"


def push_report(release: str, outcomes: Sequence[Outcome[list[Pushed]]]) -> dict[str, Any]:
    """What a push did at each target: sizes in bytes, times in seconds, moments in UTC."""
    return {
        "schema": SCHEMA,
        "release": release,
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "version": __version__,
        "targets": [_target(one) for one in outcomes],
    }


def _target(outcome: Outcome[list[Pushed]]) -> dict[str, Any]:
    settings, error = outcome.target.settings, outcome.error
    found: dict[str, Any] = {
        "name": outcome.name,
        "provider": settings.provider,
        "region": settings.region,
        "done": error is None,
        "seconds": round(outcome.seconds, 3),
        "images": [_image(one) for one in outcome.value or ()],
    }
    if error is not None:
        found["error"] = {
            "message": redact(error.message),
            "fix": redact(error.fix) if error.fix else None,
            "code": error.code,
            "exit_code": error.exit_code,
        }
    return found


def _image(pushed: Pushed) -> dict[str, Any]:
    result = pushed.result
    return {
        "service": pushed.service,
        "reference": result.reference,
        "digest": result.digest,
        "unchanged": result.unchanged,
        "repository_created": pushed.created,
        "blobs": {"uploaded": result.uploaded, "skipped": result.skipped, "mounted": result.mounted},
        "bytes_sent": result.bytes_sent,
        "requests": result.requests,
        "seconds": round(result.seconds, 3),
    }
