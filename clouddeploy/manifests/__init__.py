"""App + target to Kubernetes objects: templates, checks, YAML."""

from __future__ import annotations

from clouddeploy.manifests.dump import to_yaml
from clouddeploy.manifests.render import render

__all__ = ["render", "to_yaml"]
