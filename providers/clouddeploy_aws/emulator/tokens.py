"""Kubernetes tokens checked as the cluster checks them.

Source of the rules: aws-iam-authenticator, pkg/token. The host must be the real regional STS
host, or the emulator's own: the aws command line signs for whatever AWS_ENDPOINT_URL_STS says.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from clouddeploy_aws.emulator.sigv4 import Keys, check_presigned
from clouddeploy_aws.partitions import sts_host
from clouddeploy_aws.tokens import CLUSTER_HEADER, PREFIX

_LONGEST = 4096
_LIFE = timedelta(minutes=15)
_PARAMETERS = {
    "action",
    "version",
    "x-amz-algorithm",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-expires",
    "x-amz-security-token",
    "x-amz-signature",
    "x-amz-signedheaders",
}


class TokenReader:
    """Reads tokens for one account and region; `host` is the emulator's own `127.0.0.1:port`."""

    def __init__(self, region: str, host: str, key_of: Keys, arn_of: Callable[[str], str]) -> None:
        self._region = region
        self._host = host
        self._key_of = key_of
        self._arn_of = arn_of

    def principal(self, token: str, cluster: str) -> str | None:
        """The ARN that a token proves for this cluster; None for one that proves nothing."""
        url = _decoded(token)
        if url is None:
            return None
        parts = urlsplit(url)
        pairs = [tuple(part.partition("=")[::2]) for part in parts.query.split("&")]
        values = {name.lower(): value for name, value in pairs}
        if not (self._host_fits(parts.scheme, parts.netloc) and parts.path == "/"):
            return None
        if len(values) != len(pairs) or not values.keys() <= _PARAMETERS or not _current(values):
            return None
        if values.get("action") != "GetCallerIdentity" or CLUSTER_HEADER not in values.get(
            "x-amz-signedheaders", ""
        ):
            return None
        headers = {"host": parts.netloc, CLUSTER_HEADER: cluster}
        scope = check_presigned(parts.path, [(a, b) for a, b in pairs], headers, self._key_of)
        return self._arn_of(scope.access_key) if scope and scope.service == "sts" else None

    def _host_fits(self, scheme: str, host: str) -> bool:
        return (scheme == "https" and host == sts_host(self._region)) or host == self._host


def _decoded(token: str) -> str | None:
    if len(token) > _LONGEST or not token.startswith(PREFIX):
        return None
    text = token.removeprefix(PREFIX)
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


def _current(values: dict[str, str]) -> bool:
    expires = values.get("x-amz-expires", "")
    if not expires.isdigit() or not 0 <= int(expires) <= 900:
        return False
    try:
        signed = datetime.strptime(values.get("x-amz-date", ""), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return False
    return datetime.now(UTC) < signed + _LIFE
