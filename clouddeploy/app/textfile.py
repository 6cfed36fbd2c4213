"""Reads a text file that a person wrote, or says why it cannot be read."""

from __future__ import annotations

from pathlib import Path

from clouddeploy.app.problems import display
from clouddeploy.errors import ConfigError

MOST_BYTES = 1024 * 1024


def read_text(path: Path) -> str:
    """The file's text, UTF-8 with or without a byte-order mark; ConfigError for anything else.

    Refuses more than 1 MiB: nobody writes such a file, a wrong path finds one.
    """
    name = display(path)
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except FileNotFoundError as error:
        raise ConfigError(f"{name} does not exist", fix="check the path") from error
    except IsADirectoryError as error:
        raise ConfigError(f"{name} is a folder, not a file", fix="give the path of the file in it") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ConfigError(f"{name} cannot be read: {reason}", fix=f"make {name} readable") from error
    if len(data) > MOST_BYTES:
        raise ConfigError(f"{name} is larger than 1 MiB", fix="check that this is the right file")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ConfigError(f"{name}:{line}: not UTF-8 text", fix=f"save {name} as UTF-8") from error
