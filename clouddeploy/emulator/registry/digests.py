"""Digests as the image specification writes them: `algorithm:hex`, sha256 or sha512."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from clouddeploy.emulator.registry.answers import digest_invalid

_LENGTHS = {"sha256": 64, "sha512": 128}
_SHAPE = re.compile(r"(sha256|sha512):([0-9a-f]+)", re.ASCII)


def is_digest(text: str) -> bool:
    """Whether `text` is a digest in a supported algorithm."""
    match = _SHAPE.fullmatch(text)
    return bool(match) and len(match[2]) == _LENGTHS[match[1]] if match else False


def check_digest(text: object) -> str:
    """`text`, when it is a digest; refused with DIGEST_INVALID otherwise."""
    if not isinstance(text, str) or not is_digest(text):
        raise digest_invalid("the digest is not sha256 or sha512 followed by its lowercase hex value")
    return text


def algorithm(digest: str) -> str:
    return digest.partition(":")[0]


def digest_of_bytes(body: bytes, name: str = "sha256") -> str:
    return f"{name}:{hashlib.new(name, body).hexdigest()}"


def digest_of_file(path: Path, name: str) -> str:
    """Hashes a file of any size in constant memory."""
    with path.open("rb") as file:
        return f"{name}:{hashlib.file_digest(file, name).hexdigest()}"
