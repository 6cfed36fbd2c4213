"""What a person would have seen who typed a command."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence
from pathlib import Path

_SECRET = ("get-login-password", "get-token", "print-access-token")
_WIDTH, _LINES = 100, 4


def typed(command: Sequence[str], said: str, home: Path) -> str:
    """A command line and the beginning of its answer, or its error; `home` is written as ~.

    Of what would log somebody in, not a character.
    """
    shown = "(a password)" if set(_SECRET) & set(command) else _compact(said).replace(str(home), "~")
    shown = shown[max(shown.find("ERROR:"), 0) :]
    lines = textwrap.wrap(shown, _WIDTH, max_lines=_LINES, placeholder=" …")
    return "\n".join(["$ " + " ".join(command), *lines])


def _compact(said: str) -> str:
    """JSON on one line; everything else without its line breaks."""
    try:
        return json.dumps(json.loads(said)) if said.strip() else ""
    except ValueError:
        return " ".join(said.split())
