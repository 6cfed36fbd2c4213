"""One object's use of an image; apart from what finds it, which needs the Kubernetes client."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Use:
    """An object that names an image, as it is written there; `release` is empty for none."""

    image: str
    namespace: str
    kind: str
    name: str
    release: str = ""
