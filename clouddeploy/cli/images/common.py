"""What the images commands share: how an image is shown."""

from __future__ import annotations

from datetime import UTC, datetime

from clouddeploy.cli.project import size
from clouddeploy.kube.use import Use
from clouddeploy.release.uses import Uses
from clouddeploy.seam.registry import StoredImage


def ago(moment: datetime | None) -> str:
    """How long ago, in one unit; `-` when nobody knows."""
    if moment is None:
        return "-"
    seconds = max(0.0, (datetime.now(UTC) - moment).total_seconds())
    for limit, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= limit:
            return f"{seconds // limit:.0f}{unit}"
    return f"{seconds:.0f}s"


def bytes_of(image: StoredImage) -> str:
    """The size as people read it; `-` when nobody knows."""
    return "-" if image.size is None else size(image.size)


def named_by(uses: Uses, address: str, image: StoredImage) -> list[str]:
    """`target/workload` of everything that names an image, each once."""
    return list(dict.fromkeys(f"{target}/{_workload(use)}" for target, use in uses.of(address, image)))


def plain(image: StoredImage) -> dict[str, object]:
    """For machine-readable output; sizes in bytes, times in ISO 8601."""
    return {
        "digest": image.digest,
        "tags": list(image.tags),
        "size": image.size,
        "pushed": image.pushed.isoformat() if image.pushed else None,
    }


def _workload(use: Use) -> str:
    """A pod and a ReplicaSet are named after what owns them, with a hash or two behind."""
    cut = {"Pod": 2, "ReplicaSet": 1}.get(use.kind, 0)
    return "-".join(use.name.split("-")[: -cut or None]) or use.name
