"""Signatures checked as Alibaba Cloud checks them.

Source: "Request syntax and signature method V3" (ACS3-HMAC-SHA256) of the OpenAPI documentation.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote

from clouddeploy_alibaba.emulator.answers import Received, ServiceError

_ALGORITHM = "ACS3-HMAC-SHA256"
_HEADER = re.compile(
    rf"{_ALGORITHM} Credential=(?P<key>[^,]+),SignedHeaders=(?P<headers>[^,]+),"
    r"Signature=(?P<signature>[0-9a-f]+)"
)
_SKEW = timedelta(minutes=15)
_NEEDED = (
    "host",
    "x-acs-action",
    "x-acs-content-sha256",
    "x-acs-date",
    "x-acs-signature-nonce",
    "x-acs-version",
)


class Signatures:
    """Who may sign: access keys and their secrets, and tokens for temporary keys. Nonces count once."""

    def __init__(self, secrets: dict[str, str], tokens: dict[str, str] | None = None) -> None:
        self.secrets = secrets
        self.tokens = tokens or {}
        self._nonces: set[str] = set()

    def check(self, request: Received) -> str:
        """The access key's id of a rightly signed request; ServiceError for any other."""
        match = _HEADER.fullmatch(request.headers.get("authorization", ""))
        if match is None:
            raise ServiceError("MissingAccessKeyId", "AccessKeyId is mandatory for this action.")
        secret = self.secrets.get(match["key"])
        if secret is None:
            raise ServiceError("InvalidAccessKeyId.NotFound", "Specified access key is not found.", 404)
        self._check_token(match["key"], request)
        _check_date(request.headers.get("x-acs-date", ""))
        names = match["headers"].split(";")
        _check_names(names, request)
        canonical = canonical_request(request, names)
        if not hmac.compare_digest(sign(secret, canonical), match["signature"]):
            text = "Specified signature is not matched with our calculation."
            raise ServiceError("SignatureDoesNotMatch", text, 400)
        self._check_nonce(request.headers["x-acs-signature-nonce"])
        return match["key"]

    def _check_token(self, key: str, request: Received) -> None:
        wanted = self.tokens.get(key)
        given = request.headers.get("x-acs-security-token")
        if wanted is None and not given:
            return
        if not given:
            raise ServiceError("MissingSecurityToken", "SecurityToken is mandatory for this action.")
        if wanted == "":
            raise ServiceError("InvalidSecurityToken.Expired", "Specified SecurityToken is expired.")
        if given != wanted:
            raise ServiceError("InvalidSecurityToken.Malformed", "Specified SecurityToken is malformed.")

    def _check_nonce(self, nonce: str) -> None:
        if nonce in self._nonces:
            raise ServiceError("SignatureNonceUsed", "Specified signature nonce was used already.")
        self._nonces.add(nonce)


def sign(secret: str, canonical: str) -> str:
    """The signature of a canonical request."""
    text = f"{_ALGORITHM}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    return hmac.new(secret.encode(), text.encode(), "sha256").hexdigest()


def canonical_request(request: Received, names: list[str]) -> str:
    """What is signed. The body's digest is computed here, whatever the header says."""
    pairs = sorted(parse_qsl(request.query, keep_blank_values=True))
    query = "&".join(f"{quote(key, safe='~')}={quote(value, safe='~')}" for key, value in pairs)
    headers = "".join(f"{name}:{request.headers.get(name, '').strip()}\n" for name in names)
    digest = hashlib.sha256(request.body).hexdigest()
    return "\n".join((request.method, request.path or "/", query, headers, ";".join(names), digest))


def _check_names(names: list[str], request: Received) -> None:
    missing = [name for name in _NEEDED if name not in names and name in request.headers]
    if missing or names != sorted(names):
        text = "The request signature does not conform to Aliyun standards."
        raise ServiceError("IncompleteSignature", text)


def _check_date(text: str) -> None:
    try:
        signed = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        message = "Specified time stamp or date value is not well formatted."
        raise ServiceError("InvalidTimeStamp.Format", message) from None
    if abs(datetime.now(UTC) - signed) > _SKEW:
        raise ServiceError("InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")
