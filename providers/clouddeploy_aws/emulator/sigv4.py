"""AWS Signature Version 4, checked: a wrong secret is refused as the cloud refuses it.

Source: IAM user guide, "Create a signed AWS API request".
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, unquote

from clouddeploy_aws.emulator.answers import PROTOCOLS, ServiceError
from clouddeploy_aws.partitions import partition


@dataclass(frozen=True)
class Key:
    """The secret of an access key id, and the session token that a temporary one comes with."""

    secret: str
    token: str = ""


Keys = Callable[[str], "Key | None"]
"""The key of an access key id, None for one that is not known."""

_ALGORITHM = "AWS4-HMAC-SHA256"
_HEADER = re.compile(
    rf"{_ALGORITHM} Credential=(?P<credential>[^,]+), ?SignedHeaders=(?P<headers>[^,]+), ?"
    r"Signature=(?P<signature>\w+)"
)
_SKEW = timedelta(minutes=5)


@dataclass(frozen=True)
class Received:
    """A request as it came; `path` and `query` still percent-encoded, header names in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Scope:
    """The credential scope of a signature."""

    access_key: str
    date: str
    region: str
    service: str

    @classmethod
    def parse(cls, text: str) -> Scope | None:
        parts = text.split("/")
        return cls(*parts[:4]) if len(parts) == 5 and parts[4] == "aws4_request" else None

    def __str__(self) -> str:
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


def scope_of(request: Received) -> Scope | None:
    """Who signed what for, unchecked; None without a signature."""
    match = _HEADER.fullmatch(request.headers.get("authorization", ""))
    return Scope.parse(match["credential"]) if match else None


def check_region(scope: Scope, region: str) -> None:
    """Refuse what is signed for another region. IAM and the global STS are signed for their partition's."""
    places = {region, partition(region).home} if scope.service in {"iam", "sts"} else {region}
    if scope.region not in places:
        text = f"Credential should be scoped to a valid region, not '{scope.region}'. "
        raise wrong_signature(scope.service, text)


def check_header(request: Received, scope: Scope, key_of: Keys) -> None:
    """Check the Authorization header; raises the ServiceError that the scope's service answers.

    A temporary key is known only with its session token, and a lasting one only without any.
    """
    match = _HEADER.fullmatch(request.headers.get("authorization", ""))
    key = key_of(scope.access_key)
    if match is None or key is None or not _fits(key, request.headers.get("x-amz-security-token", "")):
        raise unknown_key(scope.service)
    moment = request.headers.get("x-amz-date", "")
    _check_clock(scope.service, moment)
    names = match["headers"].split(";")
    payload = hashlib.sha256(request.body).hexdigest()
    canonical = _canonical(request, request.query, names, payload)
    if not hmac.compare_digest(sign(key.secret, scope, moment, canonical), match["signature"]):
        raise wrong_signature(scope.service)


def check_presigned(
    path: str, query: Sequence[tuple[str, str]], headers: Mapping[str, str], key_of: Keys
) -> Scope | None:
    """The scope of a presigned GET without a body when its signature is right, else None."""
    values = {name.lower(): unquote(value) for name, value in query}
    scope = Scope.parse(values.get("x-amz-credential", ""))
    key = key_of(scope.access_key) if scope else None
    if scope is None or key is None or values.get("x-amz-algorithm") != _ALGORITHM:
        return None
    if not _fits(key, values.get("x-amz-security-token", "")):
        return None
    unsigned = "&".join(f"{name}={value}" for name, value in query if name.lower() != "x-amz-signature")
    request = Received("GET", path, unsigned, headers, b"")
    names = values.get("x-amz-signedheaders", "").split(";")
    canonical = _canonical(request, unsigned, names, hashlib.sha256(b"").hexdigest())
    wanted = sign(key.secret, scope, values.get("x-amz-date", ""), canonical)
    return scope if hmac.compare_digest(wanted, values.get("x-amz-signature", "")) else None


def _fits(key: Key, token: str) -> bool:
    return hmac.compare_digest(key.token.encode(), token.encode())


def sign(secret: str, scope: Scope, moment: str, canonical: str) -> str:
    """The signature of a canonical request."""
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = "\n".join((_ALGORITHM, moment, str(scope), digest))
    key = f"AWS4{secret}".encode()
    for part in (scope.date, scope.region, scope.service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.new(key, text.encode(), "sha256").hexdigest()


def _canonical(request: Received, query: str, names: Sequence[str], payload: str) -> str:
    pairs = sorted(tuple(part.partition("=")[::2]) for part in query.split("&") if part)
    headers = [f"{name}:{' '.join(request.headers.get(name, '').split())}" for name in names]
    return "\n".join(
        (
            request.method,
            quote(request.path or "/", safe="/~"),
            "&".join(f"{name}={value}" for name, value in pairs),
            *headers,
            "",
            ";".join(names),
            payload,
        )
    )


def _check_clock(service: str, moment: str) -> None:
    now = datetime.now(UTC)
    try:
        signed = datetime.strptime(moment, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise wrong_signature(service) from None
    if signed < now - _SKEW:
        limit = f"{now - _SKEW:%Y%m%dT%H%M%SZ} ({now:%Y%m%dT%H%M%SZ} - 5 min.)"
        raise wrong_signature(service, f"Signature expired: {moment} is now earlier than {limit}")
    if signed > now + _SKEW:
        limit = f"{now + _SKEW:%Y%m%dT%H%M%SZ} ({now:%Y%m%dT%H%M%SZ} + 5 min.)"
        raise wrong_signature(service, f"Signature not yet current: {moment} is still later than {limit}")


_EC2_REFUSAL = "AWS was not able to validate the provided access credentials"
_UNKNOWN_KEY = "The security token included in the request is invalid."
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
    "Access Key and signing method. Consult the service documentation for details."
)


def missing(service: str) -> ServiceError:
    """No signature at all."""
    json = PROTOCOLS.get(service, "").endswith("json")
    code = "MissingAuthenticationTokenException" if json else "MissingAuthenticationToken"
    return ServiceError(code, "Missing Authentication Token", status=403)


def unknown_key(service: str) -> ServiceError:
    """An access key that no account has."""
    match PROTOCOLS.get(service):
        case "ec2":
            return ServiceError("AuthFailure", _EC2_REFUSAL, status=401)
        case "query":
            return ServiceError("InvalidClientTokenId", _UNKNOWN_KEY, status=403)
    status = 403 if service == "eks" else 400
    return ServiceError("UnrecognizedClientException", _UNKNOWN_KEY, status=status)


def expired(service: str) -> ServiceError:
    """A session whose time is over."""
    text = "The security token included in the request is expired"
    match PROTOCOLS.get(service):
        case "ec2":
            return ServiceError("RequestExpired", "Request has expired.", status=400)
        case "query":
            return ServiceError("ExpiredToken", text, status=403)
    return ServiceError("ExpiredTokenException", text, status=403 if service == "eks" else 400)


def unsubscribed(service: str) -> ServiceError:
    """An account whose sign-up was never finished: its keys are good, and no service is."""
    if PROTOCOLS.get(service) in {"ec2", "query"}:
        text = "You are not subscribed to this service. Please go to http://aws.amazon.com to subscribe."
        return ServiceError("OptInRequired", text, status=401 if service == "ec2" else 403)
    text = "The AWS Access Key Id needs a subscription for the service"
    return ServiceError("SubscriptionRequiredException", text)


def wrong_signature(service: str, text: str = _MISMATCH) -> ServiceError:
    """The right key with the wrong secret, or a clock that is off."""
    match PROTOCOLS.get(service):
        case "ec2":
            return ServiceError("AuthFailure", _EC2_REFUSAL if text is _MISMATCH else text, status=401)
        case "query":
            return ServiceError("SignatureDoesNotMatch", text, status=403)
    return ServiceError("InvalidSignatureException", text, status=403 if service == "eks" else 400)
