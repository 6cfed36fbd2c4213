"""Who may come in: a service account's signed assertions, access tokens, self-signed JWTs, refresh tokens.

Sources: "Using OAuth 2.0 for Server to Server Applications" (developers.google.com/identity) and
https://google.aip.dev/auth/4111 (self-signed JWTs).
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import secrets
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from clouddeploy_gcp.emulator.answers import ApiError, Json

LIFE = 3600  # seconds
_SKEW = 300
_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_SCOPES = "https://www.googleapis.com/auth/"
_GOOGLES = "https://oauth2.googleapis.com/token"  # google-auth signs for it whatever the file says
_INVALID = (
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or "
    "other valid authentication credential. See https://developers.google.com/identity/sign-in/web/"
    "devconsole-project."
)
_MISSING = (
    "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or "
    "other valid authentication credential. See https://developers.google.com/identity/sign-in/web/"
    "devconsole-project."
)


class RefusedError(Exception):
    """What the token endpoint says no with: RFC 6749's `error` and its description."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.body = {"error": error, "error_description": description}


class Accounts:
    """One service account, its key, and every token that was given out. `now` is real time."""

    def __init__(
        self, project: str, token_uri: Callable[[], str], now: Callable[[], float] = time.time
    ) -> None:
        self.email = f"clouddeploy@{project}.iam.gserviceaccount.com"
        self.now = now
        self.refresh_tokens: dict[str, str] = {}
        self._project = project
        self._token_uri = token_uri
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._key_id = secrets.token_hex(20)
        self._tokens: dict[str, tuple[str, float]] = {}

    def write_key(self, file: Path, *, stranger: bool = False) -> Path:
        """The service account's JSON key file, mode 0600; with `stranger`, of a key that nobody knows."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048) if stranger else self._key
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        document = {
            "type": "service_account",
            "project_id": self._project,
            "private_key_id": self._key_id,
            "private_key": pem.decode(),
            "client_email": self.email,
            "client_id": "100000000000000000000",
            "token_uri": self._token_uri(),
            "universe_domain": "googleapis.com",
        }
        return write_private(file, json.dumps(document, indent=2))

    def issue(self, email: str | None = None, life: float = LIFE) -> str:
        """An access token."""
        token = f"ya29.{secrets.token_urlsafe(48)}"
        self._tokens[token] = (email or self.email, self.now() + life)
        return token

    def expire_all(self) -> None:
        """Let every token that was given out be too old."""
        self._tokens = {token: (email, 0.0) for token, (email, _) in self._tokens.items()}

    def exchange(self, body: bytes) -> Json:
        """The token endpoint; RefusedError says why not."""
        form = {key: values[0] for key, values in parse_qs(body.decode()).items()}
        match form.get("grant_type"):
            case grant if grant == _BEARER:
                email = self._asserted(form.get("assertion", ""))
            case "refresh_token":
                found = self.refresh_tokens.get(form.get("refresh_token", ""))
                if found is None:
                    raise RefusedError("invalid_grant", "Token has been expired or revoked.")
                email = found
            case _:
                raise RefusedError("unsupported_grant_type", "Invalid grant_type")
        return {"access_token": self.issue(email), "expires_in": LIFE - 1, "token_type": "Bearer"}

    def info(self, token: str) -> Json | None:
        """What tokeninfo says; None for an unknown or expired token."""
        email, expires = self._tokens.get(token, ("", 0.0))
        if expires <= self.now():
            return None
        return {
            "email": email,
            "expires_in": str(int(expires - self.now())),
            "scope": f"{_SCOPES}cloud-platform",
        }

    def bearer(self, header: str | None) -> str:
        """The principal of an Authorization header; UNAUTHENTICATED for none."""
        scheme, _, token = (header or "").partition(" ")
        if not token:
            raise ApiError("UNAUTHENTICATED", _MISSING, reason="CREDENTIALS_MISSING")
        email = self.principal(token) if scheme.lower() == "bearer" else None
        if email is None:
            raise ApiError("UNAUTHENTICATED", _INVALID, reason="ACCESS_TOKEN_EXPIRED")
        return email

    def principal(self, token: str) -> str | None:
        """Whom an access token or a self-signed JWT stands for; None for neither."""
        email, expires = self._tokens.get(token, ("", 0.0))
        if expires > self.now():
            return email
        if email or token.count(".") != 2 or token.startswith("ya29."):
            return None
        try:
            claims = self._verified(token)
        except RefusedError:
            return None
        meant = claims.get("sub") == self.email and (claims.get("aud") or _SCOPES in claims.get("scope", ""))
        return self.email if meant else None

    def token_principal(self, token: str) -> str | None:
        """As `principal`, for what takes access tokens only: the registry, Kubernetes."""
        email, expires = self._tokens.get(token, ("", 0.0))
        return email if expires > self.now() else None

    def _asserted(self, assertion: str) -> str:
        claims = self._verified(assertion)
        if claims.get("aud") not in {self._token_uri(), _GOOGLES}:
            raise RefusedError(
                "invalid_grant",
                f"Invalid JWT: Failed audience check. The right audience is {self._token_uri()}.",
            )
        if _SCOPES not in str(claims.get("scope", "")):
            raise RefusedError("invalid_scope", "Empty or missing scope not allowed.")
        return self.email

    def _verified(self, token: str) -> Mapping[str, Any]:
        """The claims of a JWT that our key signed and whose time is now."""
        parts = token.split(".")
        try:
            header, claims = (json.loads(_decode(part)) for part in parts[:2])
            signature = _decode(parts[2])
        except (ValueError, IndexError, binascii.Error) as error:
            raise RefusedError("invalid_grant", "Invalid JWT: malformed.") from error
        if header.get("alg") != "RS256" or header.get("kid") != self._key_id:
            raise RefusedError("invalid_grant", "Invalid grant: account not found")
        try:
            signed = ".".join(parts[:2]).encode()
            self._key.public_key().verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature as error:
            raise RefusedError("invalid_grant", "Invalid JWT Signature.") from error
        if claims.get("iss") != self.email:
            raise RefusedError("invalid_grant", "Invalid grant: account not found")
        self._check_time(claims)
        return dict(claims)

    def _check_time(self, claims: Mapping[str, Any]) -> None:
        issued, expires, now = float(claims.get("iat", 0)), float(claims.get("exp", 0)), self.now()
        if issued > now + _SKEW or expires < now - _SKEW or expires - issued > LIFE + _SKEW:
            raise RefusedError(
                "invalid_grant",
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. "
                "Check your iat and exp values in the JWT claim.",
            )


def write_private(file: Path, text: str) -> Path:
    """A file that only its owner can read."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as open_file:
        open_file.write(text)
    return file


def _decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
