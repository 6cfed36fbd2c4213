"""What Google's libraries raise -> clouddeploy's error tree. Nothing else here names their exceptions.

The REST transport raises other classes than gRPC for the same status, so the HTTP status, Google's
status word, the ErrorInfo's reason and at last the text decide: a used-up quota answers 403.
"""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from clouddeploy.contract import unanswered
from clouddeploy.errors import (
    CloudDeployError,
    ConfigError,
    CredentialsError,
    MissingToolError,
    NotFoundError,
    PreconditionError,
    TemporaryError,
    translating,
)

LOG_IN = "run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS"
DISABLED = "SERVICE_DISABLED"
EXISTS = "ALREADY_EXISTS"
NO_PLACE = "LOCATION_POLICY_VIOLATED"
"""A region or zone that there is not, or that is not open to the project: Google does not say which."""
NO_QUOTA_PROJECT = "NO_QUOTA_PROJECT"
_QUOTA_PROJECT = (
    "gcloud auth application-default set-quota-project PROJECT, or set GOOGLE_CLOUD_QUOTA_PROJECT"
)
_ALLOWED = 300  # seconds
_CLOCK = "set this machine's clock: Google allows 5 minutes of skew"
QUOTAS = "https://console.cloud.google.com/iam-admin/quotas"

_API = re.compile(r"apis/api/([a-z]+\.googleapis\.com)")
_OFF = re.compile(r"has not been used in project|API is not enabled|it is disabled", re.IGNORECASE)
_UNCHARGED = re.compile(r"requires a quota project|project (?:764086051850|32555940559)\b", re.IGNORECASE)
"""The numbers are the projects of Google's own clients, which a person's login is charged to without one."""

_BILLING = re.compile(r"billing (?:account|to be enabled|is disabled)|requires billing", re.IGNORECASE)
_QUOTA = re.compile(r"insufficient \w+ quota|quota .*exceeded|exceeded .*quota|QUOTA_EXCEEDED", re.IGNORECASE)
_RATE = re.compile(r"per (?:minute|second|100 seconds)|rate.?limit", re.IGNORECASE)
_RESOURCE = re.compile(r'resource:? "([A-Z0-9_]+)"|Quota \'([A-Z0-9_]+)\'')
_BUSY = re.compile(
    r"incompatible operation|currently (?:creating|upgrading|updating|deleting|operating)"
    r"|please wait and try again",
    re.IGNORECASE,
)
_PLACE = re.compile(r"Permission denied on 'locations/[^']*' \(or it may not exist\)")
_PERMISSION = re.compile(r"(?:[\"']|the )([a-z]+(?:\.[A-Za-z]+){2,})(?:[\"']| permission)")
_ACT_AS = re.compile(r'not have access to service account [\'"]?([^\'"\s]+)[\'"]?\. Ask')
_SKEW = re.compile(r"iat and exp|short-lived token|token used too early", re.IGNORECASE)


@dataclass(frozen=True)
class _Answer:
    """An error answer: HTTP status, status word, ErrorInfo's reason and metadata, text.

    `skew` is by how many seconds this machine's clock is ahead of the answer's Date.
    """

    code: int
    status: str
    reason: str
    text: str
    metadata: dict[str, str]
    skew: float = 0


def translated(doing: str) -> AbstractContextManager[None]:
    """Turn what Google's libraries raise inside into a CloudDeployError; `doing` completes "could not …"."""
    return translating(doing, _translate)


def _translate(doing: str, error: Exception) -> CloudDeployError | None:
    if isinstance(error, ModuleNotFoundError):
        return MissingToolError(
            f"Google Cloud needs the package {error.name}", fix="pip install 'clouddeploy[gcp]'"
        )
    if isinstance(error, ImportError):  # google-auth's way to say that requests is missing
        return MissingToolError(_sentence(error), fix="pip install 'clouddeploy[gcp]'")
    package = type(error).__module__.partition(".")[0]
    if package == "google":
        return _from_google(doing, error)
    if package == "requests":
        return _unreached(doing, error)
    return _unreadable(doing) if _raised_in(error) == "google" else None


def _from_google(doing: str, error: Exception) -> CloudDeployError:
    from google.api_core.exceptions import GoogleAPICallError, RetryError
    from google.auth.exceptions import GoogleAuthError

    if isinstance(error, GoogleAPICallError):
        return _answered(doing, _answer(error))
    if isinstance(error, RetryError):
        return _unreached(doing, error)
    if isinstance(error, GoogleAuthError):
        return _unauthenticated(doing, error)
    return _unreadable(doing)


def _raised_in(error: Exception) -> str:
    """The package whose code raised: a proxy's answer makes Google's libraries stumble."""
    trace, package = error.__traceback__, ""
    while trace:
        package = str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
        trace = trace.tb_next
    return package


def _unreadable(doing: str) -> TemporaryError:
    return TemporaryError(
        f"could not {doing}: the answer is not one of Google's",
        fix="look for a proxy in the way, or run it again",
    )


def _unreached(doing: str, error: Exception) -> CloudDeployError:
    return unanswered(doing, error, authorities="REQUESTS_CA_BUNDLE") or TemporaryError(
        f"could not {doing}: {_sentence(error)}", fix="check the network, then run it again"
    )


def _unauthenticated(doing: str, error: Exception) -> CloudDeployError:
    """google-auth's own errors; their arguments may hold the answer of the token endpoint."""
    from google.auth import exceptions as sdk

    text = str(error.args[0] if error.args else error).replace("\n", " ").rstrip(". ")
    if isinstance(error, sdk.TransportError):
        return _unreached(doing, error)
    if isinstance(error, sdk.DefaultCredentialsError) and "not found" in text and "File" not in text:
        return CredentialsError(f"could not {doing}: there are no Google credentials", fix=LOG_IN)
    if getattr(error, "retryable", False):
        return TemporaryError(f"could not {doing}: {text}", fix="run it again in a minute")
    if _SKEW.search(text):
        return CredentialsError(f"could not {doing}: {text}", fix=_CLOCK)
    said = f"could not {doing}: Google refuses the credentials: {text}"
    return CredentialsError(said, fix=LOG_IN)


def _answer(error: Any) -> _Answer:
    response = getattr(error, "response", None)
    body: Any = {}
    try:
        body = response.json().get("error", {}) if response is not None else {}
    except (ValueError, AttributeError):
        body = {}
    status = body.get("status", "") if isinstance(body, dict) else str(body)
    text = str(getattr(error, "message", "") or error)
    text = re.sub(r"^[A-Z]+ https?://\S+: ", "", text)  # from_http_response puts method and URL in front
    metadata = dict(error.metadata or {})
    return _Answer(
        int(error.code or 0), status, error.reason or "", _one_line(text), metadata, _skew(response)
    )


def _skew(response: Any) -> float:
    date = getattr(response, "headers", {}).get("Date")
    return (datetime.now(UTC) - parsedate_to_datetime(date)).total_seconds() if date else 0


def _answered(doing: str, answer: _Answer) -> CloudDeployError:
    """What an error answer means."""
    code = answer.reason or answer.status or str(answer.code)
    said = f"could not {doing}: {answer.text}"
    if answer.code == 401:
        said = f"could not {doing}: Google refuses the credentials: {answer.text}"
        # A self-signed JWT carries the time, and Google does not say when that is what is wrong.
        return CredentialsError(said, fix=LOG_IN if abs(answer.skew) <= _ALLOWED else _CLOCK, code=code)
    found = _uncharged(said, answer) or _switched_off(doing, answer) or _limited(doing, answer)
    if found:
        return found
    if answer.reason == NO_PLACE or _PLACE.search(answer.text):
        fix = "check the region in the target; some are only open to projects that asked Google for them"
        return ConfigError(said, fix=fix, code=NO_PLACE)
    if answer.code == 403:
        return CredentialsError(said, fix=_allow(answer.text), code=code)
    return _other(said, code, answer)


def _other(said: str, code: str, answer: _Answer) -> CloudDeployError:
    """Not there, not now, or not like that."""
    if answer.code == 404:
        return NotFoundError(said, fix="check the name, the region and the project", code=code)
    if answer.status == "ABORTED" or answer.code in {408, 412, 429} or answer.code >= 500:
        return TemporaryError(said, fix="run it again in a minute", code=code)
    if answer.code == 409:
        return CloudDeployError(said, fix="choose another name", code=EXISTS)
    account = _ACT_AS.search(answer.text)
    if account:
        return CredentialsError(said, fix=_act_as(account[1]), code=code)
    if _BUSY.search(answer.text):
        return TemporaryError(said, fix="wait until that operation is done and run it again", code=code)
    if answer.status == "FAILED_PRECONDITION":
        return PreconditionError(said, fix="put that right and run it again", code=code)
    return ConfigError(said, fix="check the names, sizes and the region in the target", code=code)


def _uncharged(said: str, answer: _Answer) -> CredentialsError | None:
    """A person's login that names no project whose quota it uses, said as a disabled API: pulumi-gcp#2896."""
    if answer.code != 403 or not _UNCHARGED.search(answer.text):
        return None
    return CredentialsError(said, fix=_QUOTA_PROJECT, code=NO_QUOTA_PROJECT)


def _switched_off(doing: str, answer: _Answer) -> PreconditionError | None:
    """An API that is not enabled, or a project that nobody pays for."""
    if answer.reason == DISABLED or _OFF.search(answer.text):
        found = _API.search(answer.text)
        api = answer.metadata.get("service") or (found.group(1) if found else "the API")
        project = answer.metadata.get("consumer", "").rpartition("/")[2] or "PROJECT"
        return PreconditionError(
            f"could not {doing}: {api} is not enabled in the project",
            fix=f"gcloud services enable {api} --project {project}; it takes a minute or two",
            code=DISABLED,
        )
    if answer.reason in {"BILLING_DISABLED", "UREQ_PROJECT_BILLING_NOT_FOUND"} or _BILLING.search(
        answer.text
    ):
        return PreconditionError(
            f"could not {doing}: {answer.text}",
            fix="link a billing account to the project: https://console.cloud.google.com/billing/linkedaccount",
            code="BILLING_DISABLED",
        )
    return None


def _limited(doing: str, answer: _Answer) -> CloudDeployError | None:
    """A rate that is over in a minute, or a quota that is not."""
    said = f"could not {doing}: {answer.text}"
    if answer.reason == "RATE_LIMIT_EXCEEDED" or (answer.code == 429 and _RATE.search(answer.text)):
        return TemporaryError(said, fix="run it again in a minute", code="RATE_LIMIT_EXCEEDED")
    if answer.code not in {403, 429} or not _QUOTA.search(answer.text):
        return None
    return quota_used_up(doing, answer.text)


def quota_used_up(doing: str, text: str) -> PreconditionError:
    """A quota of the project is too small, whoever noticed."""
    names = sorted({one or other for one, other in _RESOURCE.findall(text)})
    what = f" for {' and '.join(names)}" if names else ""
    return PreconditionError(
        f"could not {doing}: the project's quota{what} is used up: {text}",
        fix=f"raise it at {QUOTAS}, use fewer or smaller nodes, or delete what is unused",
        code="QUOTA_EXCEEDED",
    )


def _allow(text: str) -> str:
    found = _PERMISSION.search(text)
    what = found.group(1) if found else "it"
    return f"ask the project's owner to allow {what}, or use another project (docs/gcp.md lists the roles)"


def _act_as(account: str) -> str:
    """How to be let start nodes that run as an account; GKE calls the project's own `default`."""
    named = "PROJECT_NUMBER-compute@developer.gserviceaccount.com" if account == "default" else account
    member = "--member user:YOU --role roles/iam.serviceAccountUser"
    return f"ask for: gcloud iam service-accounts add-iam-policy-binding {named} {member}"


def _sentence(error: Exception) -> str:
    return _one_line(str(error))


def _one_line(text: str) -> str:
    return " ".join(text.split()).rstrip(". ")
