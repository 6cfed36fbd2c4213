"""What files, YAML, JSON and programs raise -> clouddeploy's error tree.

Messages name files and keys and never quote content: a kubeconfig and docker's config.json
hold tokens.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path

from clouddeploy.errors import ConfigError


def require_known(where: str, given: Iterable[str], known: Iterable[str]) -> None:
    """ConfigError with the nearest valid key for the first key of `given` that is not `known`."""
    valid = list(known)
    for key in given:
        if key not in valid:
            near = difflib.get_close_matches(key, valid, n=1)
            meant = f"; did you mean {near[0]}?" if near else ""
            raise ConfigError(
                f"targets.{where}: the provider kubernetes knows no key {key}{meant}",
                fix=f"use one of: {', '.join(valid)}",
            )


def read_text(path: Path, what: str) -> str:
    """The file's text; ConfigError when it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"{what} {path} cannot be read: {error.strerror}", fix="correct the path or its permissions"
        ) from error
    except UnicodeDecodeError:
        raise ConfigError(f"{what} {path} is no text", fix="correct the file") from None
