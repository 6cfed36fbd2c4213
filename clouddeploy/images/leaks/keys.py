"""Private keys that open without a passphrase: PEM, in plain or escaped lines, and OpenSSH's form of it.

A header alone proves nothing, source code is full of them: the body must decode to a whole key.
"""

from __future__ import annotations

import base64
import itertools
import re
from collections.abc import Iterator

from clouddeploy.images.leaks.finding import Match

ANCHOR = rb"-----BEGIN [A-Z ]{0,16}PRIVATE KEY"
MAX_HEADERS = 20
"""How many headers of one file are looked at: more of them are a list, not a key."""
MAX_KEY = 16 << 10

_HEADER = re.compile(rb"-----BEGIN (?:RSA |DSA |EC |OPENSSH |PGP )?PRIVATE KEY(?: BLOCK)?-----")
_NOISE = re.compile(rb"[\"']\s{0,4}[+.]\s{0,40}[\"']|\\+[nr]|[\s\"',|#>*]")
_BODY = re.compile(rb"[A-Za-z0-9+/]{40,}={0,2}")
_OPENSSH = b"openssh-key-v1\0"
_NO_CIPHER = b"\0\0\0\4none\0\0\0\4none"
_ACCOUNT, _SERVICE_ACCOUNT = b'"service_account"', "of a Google service account"


class PrivateKey:
    """The rule for private keys; the hint says when it is in Google Cloud's JSON of a service account."""

    kind = "private key"
    anchor = ANCHOR

    def find(self, text: bytes) -> Iterator[Match]:
        """The keys in a text that are whole and not encrypted."""
        for found in itertools.islice(_HEADER.finditer(text), MAX_HEADERS):
            body = text[found.end() : found.end() + MAX_KEY]
            end = body.find(b"-----END")
            if end >= 0 and _opens(body[:end], found[0]):
                yield Match(found.start(), body[:end], _SERVICE_ACCOUNT if _ACCOUNT in text else "")


def _opens(body: bytes, header: bytes) -> bool:
    if b"PGP" in header:
        return _is_pgp(body)
    plain = _NOISE.sub(b"", body)
    if not _BODY.fullmatch(plain):
        return False
    try:
        der = base64.b64decode(plain + b"=" * (-len(plain) % 4))
    except ValueError:
        return False
    if b"OPENSSH" in header:
        return der.startswith(_OPENSSH + _NO_CIPHER)
    return _is_sequence(der)


def _is_sequence(der: bytes) -> bool:
    """Whether the bytes are one whole DER SEQUENCE (X.690, 8.1.3) of an INTEGER and more."""
    if len(der) < 40 or der[0] != 0x30:
        return False
    start, length = 2, der[1]
    if length & 0x80:
        count = length & 0x7F
        start, length = 2 + count, int.from_bytes(der[2 : 2 + count], "big")
    return start + length == len(der) and der[start] == 0x02


def _is_pgp(body: bytes) -> bool:
    """Whether base64 lines are in the block; a passphrase cannot be told without parsing packets."""
    return sum(len(line) for line in body.split() if len(line) >= 60) >= 200
