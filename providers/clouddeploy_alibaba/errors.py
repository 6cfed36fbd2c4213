"""Alibaba Cloud's errors -> clouddeploy's error tree. Nothing else here reads the SDK's exceptions.

Codes are text and differ from service to service; ACR answers failures with HTTP 200 too.
Source of the codes: the error centres of ACK, ACR, VPC, ECS and STS (api.alibabacloud.com).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
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

LOG_IN = "run `aliyun configure`, or set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET"
AUTHORIZE = (
    "open https://cs.console.alibabacloud.com once as the account's owner: it asks for the service roles"
)
_SDK = {"Tea", "alibabacloud_credentials", "alibabacloud_tea_openapi", "darabonba", "requests", "urllib3"}

_CLOCK = re.compile(r"InvalidTimeStamp|Timestamp.*(expired|in the future)", re.IGNORECASE)
_EXPIRED = re.compile(r"InvalidSecurityToken\.Expired|SecurityTokenExpired")
_INVALID = re.compile(
    r"^(InvalidAccessKeyId|InvalidSecurityToken|SignatureDoesNotMatch|IncompleteSignature|InvalidSignature"
    r"|MissingAccessKeyId|MissingSecurityToken|SignatureNonceUsed|InvalidCredentials)"
)
_UNPAID = re.compile(
    r"(NotEnough|Insufficient)\.?_?Balance|Arrear|NoCredit|INSUFFICIENT_BALANCE|overdue|not enough balance",
    re.IGNORECASE,
)
_INACTIVE = re.compile(
    r"NotOpen|ServiceNotEnable|Service\.?NotActivated|not (been |yet )?(activated|opened)|has not activated",
    re.IGNORECASE,
)
_NO_ROLE = re.compile(r"RoleNotAttach|EntityNotExist\.Role|^MissingAuth")
"""Source: ACK documentation, "Authorization FAQ"; aliyun/terraform-provider-alicloud#149."""
_DENIED = re.compile(r"^(Forbidden|NoPermission|NoPrivilege|StatusForbidden|AccessDenied|Unauthorized)")
_ACTION = re.compile(r"\b[a-z]+:[A-Z]\w+")
_QUOTA = re.compile(r"Quota|Limit_?Exceed|ExceedLimit|\bexceeds? the (quota|limit)", re.IGNORECASE)
_THROTTLED = re.compile(r"^(Rejected\.)?Throttling|QPS Limit Exceeded")
_TEMPORARY = re.compile(
    r"Throttl|ServiceUnavailable|InternalError|SystemBusy|SystemError|SLB_SERVICE_ERROR"
    r"|OperationConflict|TaskConflict|Token_?Processing|IdempotentProcess|DistibuteLock|DistributeLock"
    r"|(Incorrect|Invalid)\w*Status\b|Error(Cluster|NodePool)State|ClusterInProgress|ErrorOperationInProgress"
    r"|DependencyViolation|Forbbiden",
    re.IGNORECASE,
)
"""`Forbbiden`, spelt so, is VPC's word for routes that a cluster has left and that are about to go.
Source: VPC API reference (DeleteVpc); the codes that aliyun/terraform-provider-alicloud waits out."""
_MISSING = re.compile(r"NotFound|NOT_EXIST|NotExist|NoSuch", re.IGNORECASE)
_WRONG = re.compile(
    r"^(Invalid|Missing|Empty|Illegal|Unsupported|ErrorCheckParam|ErrInvalid|PARAMETER|Param)", re.I
)
_NO_JSON = re.compile(r"parse the value as json", re.IGNORECASE)
"""The SDK's words for an error page of a gateway or a proxy, whose HTTP status it then loses."""

_OPENED_ALREADY = "您已开通"
"""ACK answers 5xx with this text when the service was activated before (terraform-provider-alicloud)."""


@dataclass(frozen=True)
class Refusal:
    """What a service answered instead of doing it; `action` is the permission that was missing."""

    code: str
    text: str
    status: int = 0
    request: str = ""
    action: str = ""

    @property
    def told(self) -> str:
        """The service's words and its request id, for support."""
        text = self.text.rstrip(". ") or self.code
        return f"{text} (request {self.request})" if self.request else text


def translated(doing: str) -> AbstractContextManager[None]:
    """Turn what the SDK raises inside into a CloudDeployError that says what we were doing.

    `doing` completes "could not …". The service's code and request id are kept.
    """
    return translating(doing, _translate)


def refused(doing: str, refusal: Refusal) -> CloudDeployError:
    """The error for an answer that is a refusal."""
    said, code = f"could not {doing}: {refusal.told}", refusal.code
    both = f"{code} {refusal.text}"
    if _THROTTLED.search(both):
        # Of a flow that is limited its text may say that a quota is exceeded.
        return TemporaryError(said, fix="run it again in a minute", code=code)
    denied = _credentials(said, refusal) or _account(doing, refusal)
    if denied:
        return denied
    if _OPENED_ALREADY not in both and (
        _TEMPORARY.search(both) or refusal.status >= 500 or refusal.status == 429
    ):
        return TemporaryError(said, fix="run it again in a minute", code=code)
    if _MISSING.search(code):
        return NotFoundError(said, fix="check the name, the region and the account", code=code)
    if _WRONG.match(code):
        return ConfigError(said, fix="check the names, the version and the region in the target", code=code)
    return CloudDeployError(said, fix=_look_up(code), code=code)


def _credentials(said: str, refusal: Refusal) -> CredentialsError | None:
    """Nobody, somebody unknown, or somebody who may not."""
    code, both = refusal.code, f"{refusal.code} {refusal.text}"
    if _CLOCK.search(both):
        fix = "set this machine's clock: Alibaba Cloud allows 15 minutes of skew"
        return CredentialsError(said, fix=fix, code=code)
    if _EXPIRED.search(code):
        fix = "log in again, or renew ALIBABA_CLOUD_SECURITY_TOKEN"
        return CredentialsError(said, fix=fix, code=code)
    if _INVALID.match(code):
        return CredentialsError(said, fix=LOG_IN, code=code)
    return None


def _account(doing: str, refusal: Refusal) -> CloudDeployError | None:
    """An account that may not, did not pay, did not switch the service on, or has no more room."""
    code, both = refusal.code, f"{refusal.code} {refusal.text}"
    said = f"could not {doing}: {refusal.told}"
    if _UNPAID.search(both):
        fix = "top up the account: https://usercenter2-intl.console.alibabacloud.com"
        return PreconditionError(said, fix=fix, code=code)
    if _INACTIVE.search(both):
        fix = "switch the service on once, as the account's owner: https://www.alibabacloud.com/product"
        return PreconditionError(said, fix=fix, code=code)
    if _NO_ROLE.search(both):
        return PreconditionError(said, fix=AUTHORIZE, code=code)
    # The quota's own operation may be what is not allowed.
    if _QUOTA.search(code) or (refusal.status in {400, 403} and _QUOTA.search(_ACTION.sub("", refusal.text))):
        return PreconditionError(
            f"could not {doing}: the account's quota is used up: {refusal.told}",
            fix="raise it at https://quotas.console.alibabacloud.com, or delete what is unused: "
            "clouddeploy cluster leftovers",
            code=code,
        )
    if _DENIED.match(code) or refusal.status == 403:
        named = _ACTION.search(refusal.text)
        what = refusal.action or (named.group() if named else "the action")
        fix = f"ask the account's administrator to allow {what} (docs/alibaba.md lists every permission)"
        return CredentialsError(said, fix=fix, code=code)
    return None


def _translate(doing: str, error: Exception) -> CloudDeployError | None:
    if isinstance(error, ModuleNotFoundError):
        return MissingToolError(
            f"Alibaba Cloud needs the package {error.name}", fix="pip install 'clouddeploy[alibaba]'"
        )
    if type(error).__module__.partition(".")[0] not in _SDK:
        return None
    cause = getattr(error, "inner_exception", None) or error
    if type(cause).__name__ == "CredentialException":
        return CredentialsError(f"could not {doing}: there are no Alibaba Cloud credentials", fix=LOG_IN)
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        return refused(doing, _refusal(error, status))
    if _NO_JSON.search(str(getattr(cause, "message", "") or cause)):
        said = f"could not {doing}: the answer was not one of Alibaba Cloud's, or its service is out of order"
        return TemporaryError(said, fix="run it again in a minute; else look for a proxy in the way")
    return unanswered(doing, error, authorities="REQUESTS_CA_BUNDLE") or TemporaryError(
        f"could not {doing}: {_sentence(cause)}",
        fix="check the network and the region, then run it again",
    )


def _refusal(error: Any, status: int) -> Refusal:
    data = error.data if isinstance(error.data, Mapping) else {}
    detail = data.get("AccessDeniedDetail") or error.accessDeniedDetail or {}
    return Refusal(
        code=str(error.code or ""),
        text=str(data.get("Message") or data.get("message") or error.message or error.code),
        status=status,
        request=str(getattr(error, "request_id", "") or "").replace("None", ""),
        action=str(detail.get("AuthAction") or "") if isinstance(detail, Mapping) else "",
    )


def _sentence(error: object) -> str:
    """The first line of what a library says, without its nesting."""
    told = getattr(error, "message", None) or str(error)
    return " ".join(str(told).split())[:200].rstrip(". ") or type(error).__name__


def _look_up(code: str) -> str:
    return f"look the code up: https://api.alibabacloud.com/troubleshoot?q={code}"
