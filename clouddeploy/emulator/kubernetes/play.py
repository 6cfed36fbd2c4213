"""How a pod is told to fail: an annotation on its template, or a variable of a container, names its fate.

metadata:
  annotations:
    emulator.clouddeploy.dev/play: crash
    emulator.clouddeploy.dev/log: "panic: no database"

The variable is `CLOUDDEPLOY_EMULATOR_PLAY`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

PLAY = "emulator.clouddeploy.dev/play"
VARIABLE = "CLOUDDEPLOY_EMULATOR_PLAY"
LOG = "emulator.clouddeploy.dev/log"

Fate = Literal["run", "crash", "not-ready", "config-error", "unschedulable", "complete"]

_FATES: Mapping[str, Fate] = {name: name for name in get_args(Fate)}


def fate(pod: Mapping[str, Any]) -> Fate:
    """What becomes of a pod: it runs, unless its annotation or variable says otherwise; a Job's completes."""
    wanted = (pod["metadata"].get("annotations") or {}).get(PLAY) or _variable(pod)
    default: Fate = "run" if pod["spec"].get("restartPolicy", "Always") == "Always" else "complete"
    return _FATES.get(str(wanted), default)


def _variable(pod: Mapping[str, Any]) -> str | None:
    variables = (variable for spec in pod["spec"]["containers"] for variable in spec.get("env") or [])
    return next((variable.get("value") for variable in variables if variable["name"] == VARIABLE), None)
