"""Before a deploy: the target's cluster may pull from the target's registry."""

from __future__ import annotations

from dataclasses import dataclass

from clouddeploy.errors import CloudDeployError, PreconditionError
from clouddeploy.progress import SILENT, Progress
from clouddeploy.seam.provider import Provider

_TIMEOUT = 600.0
"""Seconds that an add-on of the cluster may take to be there."""


@dataclass(frozen=True)
class Pulling:
    """What was done, or would be, so that the cluster may pull; empty for nothing.

    `refused` is why it could not be done. The cluster may be let in all the same, by a grant to the whole
    project or by a pull secret, so that alone is no reason not to deploy.
    """

    done: str = ""
    refused: CloudDeployError | None = None


def let_pull(
    provider: Provider, cluster: str, *, dry_run: bool = False, progress: Progress = SILENT
) -> Pulling:
    """See to it that the cluster may pull; a dry run only looks.

    Raises TemporaryError when it takes too long.
    """
    from clouddeploy.clusters import Action, plan_up, require_possible, up

    if provider.let_pull is None:
        return Pulling()
    step = provider.let_pull(cluster)
    try:
        plan = plan_up([step])
        require_possible(plan)
        if plan[0].action is Action.KEEP:
            return Pulling()
        if not dry_run:
            up([step], progress=progress, timeout=_TIMEOUT)
    except PreconditionError as error:
        return Pulling(refused=error)
    return Pulling(step.title)
