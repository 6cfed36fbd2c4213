"""The report of a push as data, for the jobs that come after it.

Its schema is `push-report.schema.json` beside this file; keys are added, never changed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from clouddeploy import __version__
from clouddeploy.app.model import Target
from clouddeploy.errors import CloudDeployError, ConfigError
from clouddeploy.release.push import Pushed
from clouddeploy.release.targets import Outcome
from clouddeploy.seam.secret import redact

SCHEMA = "clouddeploy/push-report/v1"

Pushes = list[Outcome[list[Pushed]]]


def push_report(release: str, outcomes: Sequence[Outcome[list[Pushed]]]) -> dict[str, Any]:
    """What a push did at each target: sizes in bytes, times in seconds, moments in UTC."""
    return {
        "schema": SCHEMA,
        "release": release,
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "version": __version__,
        "targets": [_target(one) for one in outcomes],
    }


def claim(path: Path) -> None:
    """Before a push: ConfigError when no report can be written there. An older one is not about this push."""
    try:
        path.write_text("")
    except OSError as error:
        raise ConfigError(
            f"the report cannot be written to {path}: {error.strerror}; nothing was pushed",
            fix="name a file in a folder that exists: --report FILE",
        ) from error


def reported(path: Path | None, release: str, targets: Sequence[Target], act: Callable[[], Pushes]) -> Pushes:
    """What the push `act` does, with a report where `path` says.

    What it raises is raised, and reported of every target.
    """
    try:
        outcomes = act()
    except CloudDeployError as error:
        _write(path, push_report(release, [Outcome(one, 0.0, error=error) for one in targets]))
        raise
    _write(path, push_report(release, outcomes))
    return outcomes


def _write(path: Path | None, report: Mapping[str, Any]) -> None:
    if path is None:
        return
    try:
        path.write_text(json.dumps(report, indent=2) + "\n")
    except OSError as error:
        raise CloudDeployError(
            f"the push is over, but its report cannot be written to {path}: {error.strerror}",
            fix="push again: what has arrived is not sent again",
        ) from error


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
