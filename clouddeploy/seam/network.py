"""Requests that got no answer: what their errors mean, in words for people."""

from __future__ import annotations

import re
from collections.abc import Iterator

from clouddeploy.errors import CloudDeployError, PreconditionError, TemporaryError

_PLACE = re.compile(
    r"host='(?P<name>[^']+)', port=(?P<number>\d+)|https?://(?P<host>[^/:\s\"']+)(:(?P<port>\d+))?"
)
_PARTS = ("__cause__", "__context__", "reason", "inner_exception")
_USUAL_PORTS = (None, "80", "443")


def unanswered(doing: str, error: BaseException, *, authorities: str) -> CloudDeployError | None:
    """The error for a failure of the network, as an SDK raised it; None for everything else.

    `doing` completes "could not …"; `authorities` is the variable that names a file of certificates to
    the SDK. SDKs wrap each other's errors, each in its own way: causes, reasons and arguments are
    looked through. A certificate that is not trusted will not be trusted in a minute.
    """
    import ssl  # late, like `socket` below: a fifth of what loading the seam costs, and errors are rare

    wrapped = list(_chain(error))
    why = next((told for each in wrapped if (told := reason(each))), "")
    if not why:
        return None
    where = next((found for each in wrapped if (found := _place(each))), "the server")
    said = f"could not {doing}: {where} {why}"
    if any(isinstance(each, ssl.SSLCertVerificationError) for each in wrapped):
        fix = f"set this machine's clock; behind a proxy name its authority in {authorities}"
        return PreconditionError(said, fix=fix)
    return TemporaryError(said, fix="check the network and the region, then run it again")


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error and all that it was made of, the nearest first."""
    waiting, seen = [error], set[int]()
    while waiting:
        each = waiting.pop(0)
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        named = [getattr(each, name, None) for name in _PARTS]
        waiting += [one for one in (*each.args, *named) if isinstance(one, BaseException)]


def reason(error: BaseException) -> str:
    """What went wrong with the network, to go behind a host's name; "" for an error of another kind."""
    import socket
    import ssl

    match error:
        case ssl.SSLCertVerificationError():
            return f"has a certificate that is not trusted: {error.verify_message}"
        case socket.gaierror():
            return "is not known to DNS"
        case ConnectionRefusedError():
            return "refuses connections"
        case ConnectionResetError() | ConnectionAbortedError() | BrokenPipeError():
            return "broke the connection off"
        case TimeoutError():
            return "does not answer in time"
    return "does not answer in time" if "Timeout" in type(error).__name__ else ""


def _place(error: BaseException) -> str:
    request = getattr(error, "request", None)
    found = _PLACE.search(f"{error} {getattr(request, 'url', '')}")
    if not found:
        return ""
    host, port = found["name"] or found["host"], found["number"] or found["port"]
    return host if port in _USUAL_PORTS else f"{host}:{port}"
