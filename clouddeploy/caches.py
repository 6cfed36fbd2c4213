"""Where this user's caches are."""

from __future__ import annotations

import os
from pathlib import Path

from clouddeploy.errors import ConfigError


def cache_folder() -> Path:
    """$CLOUDDEPLOY_CACHE, else `clouddeploy` in $XDG_CACHE_HOME, else in ~/.cache.

    ConfigError for a user without a home, as in a container that runs under a number.
    """
    own, shared = os.environ.get("CLOUDDEPLOY_CACHE"), os.environ.get("XDG_CACHE_HOME")
    if own:
        return Path(own)
    try:
        return (Path(shared) if shared else Path.home() / ".cache") / "clouddeploy"
    except RuntimeError as error:
        raise ConfigError(
            "this user has no home folder for a cache", fix="export CLOUDDEPLOY_CACHE=/a/folder"
        ) from error
