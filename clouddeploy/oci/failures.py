"""A registry's refusals and silences, as errors that say who answered what and what to do."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from clouddeploy.errors import CloudDeployError, CredentialsError, NotFoundError, TemporaryError
from clouddeploy.seam.secret import redact

RETRIABLE = frozenset({408, 429, 500, 502, 503, 504})

_QUERY = re.compile(r"(https?://[^\s?\"'<>]+)\?[^\s\"'<>]*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]+")
_LONGEST = 300
_AGAIN = "run the same command again; what is already in the registry is not sent twice"


class UnavailableError(TemporaryError):
    """A try that may succeed when repeated; `after` is how many seconds the server asks for."""

    def __init__(self, message: str, *, after: float | None = None, code: str | None = None) -> None:
        super().__init__(message, fix=_AGAIN, code=code)
        self.after = after


@dataclass(frozen=True)
class Refusal:
    """What a server said instead of doing its work."""

    host: str
    status: int
    content_type: str
    body: bytes
    retry_after: float | None = None


def failure(refusal: Refusal, what: str) -> CloudDeployError:
    """The error for a refusal; `what` goes behind "to", as in `push to shop/web`."""
    code, said = _said(refusal)
    host = refusal.host
    match refusal.status:
        case 401 | 403:
            message = f"{host} does not allow us to {what}: {said}"
            return CredentialsError(message, fix=f"check that the login for {host} may {what}", code=code)
        case 404:
            fix = "check the name, and create the repository in the registry if it is missing"
            return NotFoundError(f"{host} could not {what}: {said}", fix=fix, code=code)
        case status if status in RETRIABLE:
            message = f"{host} could not {what} for the moment: {said}"
            return UnavailableError(message, after=refusal.retry_after, code=code)
    fix = f"the registry's own words say why; check the limits and settings of {host}"
    return CloudDeployError(f"{host} refused to {what}: {said}", fix=fix, code=code)


def garbage(host: str, what: str, why: str) -> CloudDeployError:
    """The error for an answer that no registry gives."""
    return CloudDeployError(
        f"{host} did not answer like a registry when asked to {what}: {why}",
        fix=f"check that {host} is an OCI registry and that no proxy or login page answers for it",
    )


def clean(text: str) -> str:
    """A server's words, fit to be shown: one line, no secrets, no query strings, not too long."""
    line = _CONTROL.sub(" ", _QUERY.sub(r"\1", redact(text))).strip()
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def _said(refusal: Refusal) -> tuple[str | None, str]:
    code, text = _error(refusal.body)
    if not text and refusal.content_type == "text/plain":
        text = refusal.body.decode(errors="replace")
    if not text:
        kind = f" and {clean(refusal.content_type)}" if refusal.body and refusal.content_type else ""
        return code, f"it answered HTTP {refusal.status}{kind}"
    return code, f"{clean(text)} (HTTP {refusal.status})"


def _error(body: bytes) -> tuple[str | None, str]:
    """Code and message of the specification's error document."""
    try:
        document: Any = json.loads(body)
        errors = document["errors"]
        first = errors[0]
        code, message = first.get("code"), first.get("message")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None, ""
    code = clean(code) if isinstance(code, str) else None
    return code, message if isinstance(message, str) and message else code or ""
