"""Reading a vendor's list: bounded time and size, failures as errors that name the list."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import urllib3

from clouddeploy.errors import CloudDeployError, CredentialsError, TemporaryError
from clouddeploy.seam.proxies import proxy_for

_TIMEOUT = urllib3.Timeout(connect=10, read=60)
_MOST_BYTES, _MOST_LINE = 64 * 2**20, 2**20


@contextmanager
def opened(url: str, headers: Mapping[str, str] | None = None) -> Iterator[urllib3.BaseHTTPResponse]:
    """The response to a GET, not read yet.

    Raises CredentialsError for 401 and 403, TemporaryError when the list cannot be reached now.
    """
    where = url.partition("?")[0]
    retry = urllib3.Retry(
        total=2,
        backoff_factor=0.2,
        status_forcelist=(429, 500, 502, 503),
        raise_on_status=False,
        remove_headers_on_redirect=("Authorization", "X-Goog-Api-Key"),
    )
    try:
        with _pool(url, retry) as pool:
            answer = pool.request("GET", url, headers=dict(headers or {}), preload_content=False)
            _check(where, answer.status)
            try:
                yield answer
            finally:
                answer.release_conn()
    except urllib3.exceptions.HTTPError as error:
        message = f"the price list {where} cannot be reached: {type(error).__name__}"
        raise TemporaryError(message, fix="run it again; the prices of before stay") from error


def _pool(url: str, retry: urllib3.Retry) -> urllib3.PoolManager:
    proxy = proxy_for(urlsplit(url).hostname or "")
    if proxy is None:
        return urllib3.PoolManager(timeout=_TIMEOUT, retries=retry)
    return urllib3.ProxyManager(
        f"http://{proxy.name}", timeout=_TIMEOUT, retries=retry, proxy_headers=proxy.headers()
    )


def read_json(url: str, headers: Mapping[str, str] | None = None) -> Any:
    """A JSON document with exact numbers; CloudDeployError when it is none, or too large."""
    with opened(url, headers) as answer:
        body = answer.read(_MOST_BYTES + 1, decode_content=True)
    where = url.partition("?")[0]
    if len(body) > _MOST_BYTES:
        raise unreadable(where, "it is larger than 64 MiB")
    try:
        return json.loads(body, parse_float=Decimal)
    except ValueError as error:
        raise unreadable(where, "it is not JSON") from error


def lines(answer: urllib3.BaseHTTPResponse) -> Iterator[str]:
    """The lines of a CSV of any length, without holding it in memory.

    ValueError for a line without end, and for a last one that was cut within a quoted cell.
    """
    rest = b""
    for chunk in answer.stream(2**16, decode_content=True):
        *whole, rest = (rest + chunk).split(b"\n")
        if len(rest) > _MOST_LINE:
            raise ValueError("a line without end")
        for line in whole:
            yield line.decode("utf-8", "replace")
    if rest.count(b'"') % 2:
        raise ValueError("it ends within a cell")
    yield rest.decode("utf-8", "replace")


def unreadable(where: str, why: str) -> CloudDeployError:
    """The error for a list that has another form than expected."""
    return CloudDeployError(
        f"the price list {where} cannot be read: {why}", fix="the prices of before stay; report it"
    )


def price(value: Any) -> Decimal | None:
    """A positive amount; None for anything else: a missing price is never zero."""
    try:
        amount = Decimal(str(value))
    except ArithmeticError:
        return None
    return amount if amount.is_finite() and amount > 0 else None


def _check(where: str, status: int) -> None:
    if status in (401, 403):
        raise CredentialsError(
            f"the price list {where} asks for credentials ({status})", fix="see docs/compare.md"
        )
    if status >= 500 or status == 429:
        raise TemporaryError(
            f"the price list {where} answers {status}", fix="run it again; the prices of before stay"
        )
    if status != 200:
        raise unreadable(where, f"it answers {status}")
