"""What pydo raises -> clouddeploy's error tree. Nothing else here names the SDK's exceptions."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from datetime import UTC, datetime

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
from clouddeploy_digitalocean.scopes import SCOPES
from clouddeploy_digitalocean.sdk import Refused

LOG_IN = "set DIGITALOCEAN_TOKEN to a token from https://cloud.digitalocean.com/account/api/tokens"

_LONGEST = 240

NOTHING_DONE = frozenset({"too_many_requests", "conflict", "precondition_failed", "unprocessable_entity"})
"""The codes of a TemporaryError that say for certain: nothing was done."""

_BILLING = re.compile(r"billing|payment|locked|suspended", re.IGNORECASE)
_QUOTA = re.compile(r"\blimits?\b|quota|exceed", re.IGNORECASE)
_BUSY = re.compile(
    r"in progress|being (created|deleted|updated)|still|pending|not ready|upgrading", re.IGNORECASE
)
_RACE = re.compile(r"overlaps with another VPC network", re.IGNORECASE)
"""Of two creations at one moment both may be given one range: we never name one. Seen of VPCs in
digitalocean/terraform-provider-digitalocean#551, of clusters in digitalocean-labs/mcp-digitalocean#260."""


def translated(doing: str) -> AbstractContextManager[None]:
    """Turn what the SDK raises inside into a CloudDeployError that says what we were doing.

    `doing` completes "could not …". The API's error id and request id are kept.
    """
    return translating(doing, _translate)


def _translate(doing: str, error: Exception) -> CloudDeployError | None:
    if isinstance(error, Refused):
        return _answered(doing, error)
    if isinstance(error, ModuleNotFoundError):
        return MissingToolError(
            f"DigitalOcean needs the package {error.name}", fix="pip install 'clouddeploy[digitalocean]'"
        )
    if type(error).__module__.partition(".")[0] not in {"azure", "requests", "urllib3"}:
        return None
    return _unanswered(doing, error)


def _unanswered(doing: str, error: Exception) -> CloudDeployError:
    """Nothing came back, or something that is no answer of this API."""
    if lost := unanswered(doing, error, authorities="REQUESTS_CA_BUNDLE"):
        return lost
    text = str(error).replace("\n", " ").rstrip(". ")
    text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"  # pages of proxies are quoted in it
    return TemporaryError(f"could not {doing}: {text}", fix="check the network, then run it again")


def _answered(doing: str, error: Refused) -> CloudDeployError:
    said = f"could not {doing}: {_said(error)}"
    refused = _refused(doing, said, error) or _conflicting(said, error)
    if refused:
        return refused
    if error.status == 404:
        return NotFoundError(said, fix="check the name, the region and the account", code=error.id)
    if error.status == 429 or error.status >= 500:
        return TemporaryError(said, fix=f"run it again {_when(error)}", code=error.id)
    if error.status in {400, 422}:
        return ConfigError(
            said, fix="check the names, the version and the region in the target", code=error.id
        )
    return CloudDeployError(said, fix="look at https://status.digitalocean.com", code=error.id)


def _refused(doing: str, said: str, error: Refused) -> CloudDeployError | None:
    """Nobody, somebody who may not, somebody who must pay, or no room for more."""
    if error.status == 401:
        text = f"could not {doing}: DigitalOcean refuses the token"
        return CredentialsError(text, fix=LOG_IN, code=error.id)
    if error.status == 402 or (error.status == 403 and _BILLING.search(error.message)):
        return PreconditionError(said, fix="https://cloud.digitalocean.com/account/billing", code=error.id)
    if error.status in {403, 412, 422} and _QUOTA.search(error.message):
        return PreconditionError(said, fix=_more_room(error.message), code=error.id)
    if error.status == 403:
        return CredentialsError(said, fix=_allow(error), code=error.id)
    return None


def _conflicting(said: str, error: Refused) -> CloudDeployError | None:
    """Something else is under way, or must be done first."""
    if error.status == 422 and _RACE.search(error.message):
        return TemporaryError(said, fix="run it again", code=error.id)
    if error.status in {409, 412, 422} and _BUSY.search(error.message):
        return TemporaryError(said, fix="wait until it is done and run it again", code=error.id)
    if error.status == 409:
        return PreconditionError(said, fix="choose another name", code=error.id)
    if error.status == 412:
        return PreconditionError(said, fix="see the message; docs/digitalocean.md", code=error.id)
    return None


def _when(error: Refused) -> str:
    """`ratelimit-reset` is when the oldest request counts no more ("Rate Limit" in digitalocean/openapi)."""
    reset = error.headers.get("ratelimit-reset", "")
    used_up = error.status == 429 and error.headers.get("ratelimit-remaining") == "0"
    if not used_up or not reset.isdigit() or "retry-after" in error.headers:
        return "in a minute"
    at = datetime.fromtimestamp(int(reset), UTC)
    return f"after {at:%H:%M} UTC, when the token's hourly limit allows requests again"


def _more_room(message: str) -> str:
    what = "the Droplet limit" if "droplet" in message.lower() else "the limit"
    return f"raise {what} at https://cloud.digitalocean.com/account/team, or delete what is unused"


def _allow(error: Refused) -> str:
    scopes = SCOPES.get(error.operation)
    wanted = " and ".join(scopes) if scopes else "what is needed"
    return f"make a token that allows {wanted} (docs/digitalocean.md lists every scope)"


def _said(error: Refused) -> str:
    return f"{error.message} (request {error.request_id})" if error.request_id else error.message
