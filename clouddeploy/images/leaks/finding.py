"""What a detector saw, and what may be said about it: never the secret itself."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Match:
    """A secret at a byte offset of some text; `hint` is the public part of it.

    `random` says that the secret cannot be guessed, so that a digest of it gives nothing away.
    """

    offset: int
    secret: bytes = field(repr=False)
    hint: str = ""
    random: bool = True


@dataclass(frozen=True, order=True)
class Finding:
    """A secret in an image: where it is, what kind it is, and how to name it in a list of allowed ones.

    `layer` is the digest of the layer or of the image's config, `line` is 0 where there are no lines.
    `fingerprint` stays the same when the image is built again.
    """

    layer: str
    path: str
    line: int
    kind: str
    hint: str
    fingerprint: str

    def __str__(self) -> str:
        where = f"{self.path}:{self.line}" if self.line else self.path
        hint = f" {self.hint}" if self.hint else ""
        return f"{where}: {self.kind}{hint} (layer {self.layer[:19]}, {self.fingerprint})"


def finding(layer: str, path: str, line: int, kind: str, match: Match) -> Finding:
    """The public side of a match.

    The fingerprint of a random secret is bound to the secret and survives a moved line; that of a
    password is bound to the line, since its digest could be guessed from.
    """
    shown = readable(path.replace(match.secret.decode("utf-8", "backslashreplace"), "…"))
    proof = match.secret if match.random else str(line).encode()
    content = b"\0".join((kind.encode(), shown.encode(), proof))
    return Finding(layer, shown, line, kind, match.hint, hashlib.sha256(content).hexdigest()[:16])


def readable(text: str) -> str:
    """The text on one line and without what a terminal would obey."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
