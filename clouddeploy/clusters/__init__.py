"""The engine that makes and removes clusters: a provider's steps, run up and down.

The cloud is the only state: every round looks first and acts on what it saw. A run that was
cut off anywhere therefore goes on when the same command is run again, and a second run over
a finished cluster changes nothing.
"""

from clouddeploy.clusters.attempt import Clock
from clouddeploy.clusters.engine import (
    TIMEOUT,
    Action,
    Done,
    Planned,
    down,
    plan_down,
    plan_up,
    require_possible,
    up,
)
from clouddeploy.clusters.ownership import (
    foreign,
    next_version,
    provisioner_of,
    require_ours,
    scale_steps,
    steps_of,
    upgrade_steps,
)
from clouddeploy.clusters.wishes import differences, require_offered

__all__ = [
    "TIMEOUT",
    "Action",
    "Clock",
    "Done",
    "Planned",
    "differences",
    "down",
    "foreign",
    "next_version",
    "plan_down",
    "plan_up",
    "provisioner_of",
    "require_offered",
    "require_ours",
    "require_possible",
    "scale_steps",
    "steps_of",
    "up",
    "upgrade_steps",
]
