"""What a Kubernetes API answers, and what happens when it does not, as clouddeploy's errors."""

from __future__ import annotations

import json
import re
import socket
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx2

from clouddeploy.errors import (
    CloudDeployError,
    CredentialsError,
    NotFoundError,
    TemporaryError,
)
from clouddeploy.seam.proxies import proxy_for, refused

_LOOK = "see whether the cluster is running: clouddeploy cluster show"
_MAKE = "make the namespace (kubectl create namespace) or deploy to another with --namespace"
_DENIED = re.compile(
    r'User "(?P<user>[^"]*)" cannot (?P<verb>\w+) resource "(?P<resource>[^"]*)"'
    r'(?: in API group "(?P<group>[^"]*)")?(?P<scope> in the namespace "[^"]*"| at the cluster scope)?'
)
_SCHEMA = "failed to create typed patch object"
"""How a server-side apply with an unknown field fails, with status 500."""


def unreachable(server: str, error: BaseException) -> CloudDeployError:
    """The error for a request that got no answer; permanent ones are not temporary errors."""
    host = urlsplit(server).netloc
    causes = list(_chain(error))
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return CloudDeployError(
            f"the Kubernetes API at {host} is not the one expected: {_tls_reason(causes)}",
            fix="its certificate and the cluster's CA do not match: was the cluster made anew? "
            "clouddeploy cluster show",
        )
    proxy = proxy_for(urlsplit(server).hostname or "")
    if proxy and isinstance(error, httpx2.ProxyError):
        return refused(f"the Kubernetes API at {host}", proxy, str(error))
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return CloudDeployError(
            f"the Kubernetes API's name {urlsplit(server).hostname} cannot be resolved",
            fix=f"check the network; {_LOOK}",
        )
    return TemporaryError(f"the Kubernetes API at {host} cannot be reached: {_reason(causes)}", fix=_LOOK)


def refusal(code: int, body: bytes, method: str, url: str) -> CloudDeployError:
    """The error for an answer that is none: a `Status` object, or whatever a proxy wrote."""
    status = _status(body)
    message = str(status.get("message") or f"HTTP {code}").strip()
    reason = str(status.get("reason") or code)
    what = _subject(urlsplit(url).path)
    if code == 401:
        return CredentialsError(
            f"the Kubernetes API at {urlsplit(url).netloc} does not accept the credentials",
            fix="renew the credentials of this target's cloud and check that they may use the cluster",
            code=reason,
        )
    if code == 403:
        return _forbidden(message, what, status)
    if code == 404:
        fix = _MAKE if (status.get("details") or {}).get("kind") == "namespaces" else _LOOK
        return NotFoundError(f"{message} ({method} {what})", fix=fix, code=reason)
    if code == 409:
        return _conflict(message, what, status)
    if code in (429, 500, 502, 503, 504) and not message.startswith(_SCHEMA):
        return TemporaryError(f"the Kubernetes API failed at {what}: {message}", fix="try again", code=reason)
    return CloudDeployError(
        f"Kubernetes refuses {what}: {message}",
        fix="correct clouddeploy.yaml or the template that makes it: clouddeploy render",
        code=reason,
    )


def passing(code: int, body: bytes) -> bool:
    """Whether the same request may succeed in a moment."""
    if code == 500:
        return not str(_status(body).get("message", "")).startswith(_SCHEMA)
    return code in (429, 502, 503, 504)


def _forbidden(message: str, what: str, status: Mapping[str, Any]) -> CloudDeployError:
    if _has_cause(status, "NamespaceTerminating"):
        return TemporaryError(f"the namespace is being deleted: {message}", fix="try again in a minute")
    denied = _DENIED.search(message)
    if not denied:
        return CloudDeployError(f"Kubernetes refuses {what}: {message}", fix=_LOOK, code="Forbidden")
    resource = ".".join(filter(None, (denied["resource"], denied["group"])))
    return CredentialsError(
        f'"{denied["user"]}" may not {denied["verb"]} {resource}{denied["scope"] or ""}',
        fix=f"ask the cluster's administrator for a role that allows: {denied['verb']} {resource}",
        code="Forbidden",
    )


def _conflict(message: str, what: str, status: Mapping[str, Any]) -> CloudDeployError:
    causes = [cause for cause in _causes(status) if cause.get("reason") == "FieldManagerConflict"]
    if not causes:
        return TemporaryError(f"{what} was changed meanwhile: {message}", fix="try again", code="Conflict")
    managers = sorted({_manager(str(cause.get("message", ""))) for cause in causes})
    fields = ", ".join(str(cause.get("field", "?")) for cause in causes)
    others = " and ".join(managers)
    return CloudDeployError(
        f"{what}: {fields} is managed by {others}; clouddeploy does not overwrite it",
        fix=f"leave the field out of the template, or make {others} give it up",
        code="Conflict",
    )


def _manager(message: str) -> str:
    """`kubectl` from `conflict with "kubectl" using apps/v1`."""
    found = re.search(r'"([^"]+)"', message)
    return found.group(1) if found else "another manager"


def _subject(path: str) -> str:
    """`deployments/web in namespace shop` from an API path."""
    parts = path.strip("/").split("/")
    rest = parts[2:] if parts[0] == "api" else parts[3:] if parts[0] == "apis" else []
    if len(rest) > 2 and rest[0] == "namespaces":
        return f"{'/'.join(rest[2:])} in namespace {rest[1]}"
    return "/".join(rest) or path


def _status(body: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _causes(status: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return (status.get("details") or {}).get("causes") or []


def _has_cause(status: Mapping[str, Any], reason: str) -> bool:
    return any(cause.get("reason") == reason for cause in _causes(status))


def _chain(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found


def _tls_reason(causes: list[BaseException]) -> str:
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return str(cause.verify_message)
    return next(str(cause.reason) for cause in causes if isinstance(cause, ssl.SSLError))


def _reason(causes: list[BaseException]) -> str:
    for cause in causes:
        if isinstance(cause, ConnectionRefusedError):
            return "connection refused"
        if isinstance(cause, TimeoutError) or "Timeout" in type(cause).__name__:
            return "it does not answer in time"
    return str(causes[0]) or type(causes[0]).__name__
