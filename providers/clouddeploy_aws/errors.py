"""botocore's exceptions -> clouddeploy's error tree. Nothing else here names botocore's exceptions."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

_LOG_IN = "run `aws configure` or `aws sso login`, or set AWS_PROFILE"

EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_INVALID = {
    "AuthFailure",
    "IncompleteSignature",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
_UNPAID = {"OptInRequired", "PendingVerification", "SubscriptionRequiredException"}
"""The account has no valid payment method, or AWS has not checked it yet."""

_TEMPORARY = {
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "InternalError",
    "InternalFailure",
    "PriorRequestNotComplete",
    "RequestLimitExceeded",
    "RequestThrottled",
    "ServerException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "Unavailable",
}
_QUOTA = {
    "AddressLimitExceeded": "Elastic IP addresses",
    "InternetGatewayLimitExceeded": "internet gateways",
    "LimitExceeded": "IAM objects",
    "LimitExceededException": "objects",
    "NetworkInterfaceLimitExceeded": "network interfaces",
    "ResourceLimitExceeded": "objects",
    "ResourceLimitExceededException": "EKS clusters",
    "RouteTableLimitExceeded": "route tables",
    "SubnetLimitExceeded": "subnets",
    "VpcLimitExceeded": "VPCs",
}
_MISSING = re.compile(r"NotFound(Exception)?$|^NoSuchEntity|^ResourceNotFoundException$|\.NotFound$")
_WRONG = re.compile(r"^(Invalid|Malformed|Validation|MissingParameter|Unsupported)")
_ACTION = re.compile(r"perform:? ([a-z0-9-]+:[A-Za-z]+)")
_SKEW = re.compile(r"Signature (expired|not yet current)")


def member_of(error: CloudDeployError, name: str) -> list[str]:
    """A list member of the service's error, as in UnsupportedAvailabilityZoneException.validZones."""
    response = getattr(error.__cause__, "response", None)
    return list(response.get(name) or []) if isinstance(response, dict) else []


def headers_of(error: CloudDeployError) -> dict[str, str]:
    """The HTTP headers of the service's refusal, names in lower case; empty when nobody answered."""
    response = getattr(error.__cause__, "response", None)
    return dict(response["ResponseMetadata"].get("HTTPHeaders", {})) if isinstance(response, dict) else {}


def translated(doing: str) -> AbstractContextManager[None]:
    """Turn what botocore raises inside into a CloudDeployError that says what we were doing.

    `doing` completes "could not …". The service's code and request id are kept.
    """
    return translating(doing, _translate)


def _translate(doing: str, error: Exception) -> CloudDeployError | None:
    if isinstance(error, ModuleNotFoundError):
        return MissingToolError(
            f"AWS needs the package {error.name}", fix=f"pip install {error.name or 'boto3'}"
        )
    if type(error).__module__.partition(".")[0] not in {"botocore", "boto3"}:
        return None
    from botocore.exceptions import ClientError

    if isinstance(error, ClientError):
        return _answered(doing, error)
    return _unanswered(doing, error)


def _unanswered(doing: str, error: Exception) -> CloudDeployError:
    """No service answered: the SDK found no credentials, no network, or a wrong parameter."""
    from botocore import exceptions as sdk

    text = _sentence(error)
    if isinstance(error, sdk.ProfileNotFound):
        return CredentialsError(text, fix="list the profiles: aws configure list-profiles")
    if isinstance(error, sdk.SSOError | sdk.UnauthorizedSSOTokenError | sdk.TokenRetrievalError):
        return CredentialsError(f"could not {doing}: the SSO session has expired", fix="aws sso login")
    if isinstance(error, sdk.NoCredentialsError | sdk.CredentialRetrievalError | sdk.NoAuthTokenError):
        return CredentialsError(f"could not {doing}: there are no AWS credentials", fix=_LOG_IN)
    if isinstance(error, sdk.PartialCredentialsError):
        return CredentialsError(f"could not {doing}: the AWS credentials are incomplete: {text}", fix=_LOG_IN)
    if isinstance(error, sdk.NoRegionError):
        return PreconditionError(
            f"could not {doing}: no region", fix="set region: in the target, or AWS_REGION"
        )
    if isinstance(error, sdk.ParamValidationError | sdk.InvalidRegionError):
        return ConfigError(f"could not {doing}: {text}", fix="check the names and the region in the target")
    if isinstance(error, sdk.HTTPClientError | sdk.ConnectionError):
        return unanswered(doing, error, authorities="AWS_CA_BUNDLE") or TemporaryError(
            f"could not {doing}: {text}", fix="check the network and the region, then run it again"
        )
    return CloudDeployError(f"could not {doing}: {text}")


def _answered(doing: str, error: ClientError) -> CloudDeployError:
    code = str(error.response.get("Error", {}).get("Code", ""))
    text = _message(error)
    said = f"could not {doing}: {text}"
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    refused = _refused(doing, code, text)
    if refused:
        return refused
    if code in _UNPAID:
        fix = "finish the sign-up and the payment method: https://portal.aws.amazon.com/billing/signup?type=resubscribe"
        return PreconditionError(said, fix=fix, code=code)
    if code in _QUOTA:
        return PreconditionError(
            f"could not {doing}: the account's quota for {_QUOTA[code]} is used up: {text}",
            fix=f"raise the quota for {_QUOTA[code]} in Service Quotas, or delete some that are unused",
            code=code,
        )
    if code in _TEMPORARY or status >= 500 or status == 429:
        return TemporaryError(said, fix="run it again in a minute", code=code)
    if _MISSING.search(code):
        return NotFoundError(said, fix="check the name, the region and the account", code=code)
    if _WRONG.match(code):
        return ConfigError(said, fix="check the names, the version and the region in the target", code=code)
    return CloudDeployError(said, code=code)


def _refused(doing: str, code: str, text: str) -> CredentialsError | None:
    """Nobody, somebody unknown, or somebody who may not."""
    said = f"could not {doing}: {text}"
    if _SKEW.search(text):
        return CredentialsError(said, fix="set this machine's clock: AWS allows 5 minutes of skew", code=code)
    if code in EXPIRED:
        fix = "log in again: aws sso login, or renew AWS_SESSION_TOKEN"
        return CredentialsError(f"could not {doing}: the AWS credentials have expired", fix=fix, code=code)
    if code in _INVALID:
        said = f"could not {doing}: AWS refuses the credentials: {text}"
        return CredentialsError(said, fix=_LOG_IN, code=code)
    if code in DENIED:
        return CredentialsError(said, fix=_allow(text), code=code)
    return None


def _allow(text: str) -> str:
    action = _ACTION.search(text)
    what = action.group(1) if action else "the action"
    return f"ask the account's administrator to allow {what} (clouddeploy doctor --policy)"


def _message(error: ClientError) -> str:
    response: Any = error.response
    told = response.get("Error", {})
    text = str(told.get("Message") or told.get("Code") or error).rstrip(". ")
    request = response.get("ResponseMetadata", {}).get("RequestId")
    return f"{text} (request {request})" if request else text


def _sentence(error: Exception) -> str:
    return str(error).replace("\n", " ").rstrip(". ")
