"""pydo with its defects repaired, all of them here; everybody else sees `Sdk.call` and `Refused`.

Repaired (pydo 0.44, azure-core 1.41):

- a token is refused on plain http, also on loopback where an emulator answers;
- a 404 comes back as if it were a result;
- `get_kubeconfig` cannot read the YAML that it asks for: `get_credentials` serves instead;
- `docker-credentials` has no parameters for access and lifetime: `params=` passes them;
- a POST is sent again after a 500, 503 or 504, and a PUT or DELETE after a lost reply: only reads are;
- the error's id and request id are lost;
- `Retry-After` is obeyed whatever it says;
- a redirect is followed with the token, and `.netrc` replaces it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from clouddeploy.contract import Secret
from clouddeploy.errors import MissingToolError

PRODUCTION = "https://api.digitalocean.com"

_CONNECT_TIMEOUT = 10  # seconds
_READ_TIMEOUT = 60  # seconds
_RETRIES = 2
_FIRST_PAUSE = 0.4  # seconds; doubles
_LONGEST_PAUSE = 3.0  # seconds, also when Retry-After wants more: the caller knows how to be patient


@dataclass(frozen=True)
class Answer:
    """What the API said: parsed JSON, or text for anything else; header names in lower case."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)


class Refused(Exception):  # noqa: N818 - the API's answer, not a failure of ours
    """An answer of 400 and above: its status, its error id, its message, its request id, its headers."""

    def __init__(self, operation: str, answer: Answer) -> None:
        body = answer.body if isinstance(answer.body, dict) else {}
        super().__init__(f"{operation}: HTTP {answer.status}")
        self.operation = operation
        self.status = answer.status
        self.id = str(body.get("id") or "")
        self.message = str(body.get("message") or f"HTTP {answer.status}").rstrip(". ")
        self.headers = answer.headers
        self.request_id = str(body.get("request_id") or answer.headers.get("x-request-id") or "")


class Sdk:
    """One pydo client. Safe to use from several threads.

    `transport` replaces azure-core's, for tests that cut requests off.
    """

    def __init__(self, token: Secret, endpoint: str = PRODUCTION, *, transport: Any = None) -> None:
        self._token = token
        self._endpoint = endpoint
        self._transport = transport

    def call(self, group: str, operation: str, *arguments: Any, **options: Any) -> Answer:
        """`client.<group>.<operation>(…)`; raises Refused for every answer of 400 and above.

        azure-core's own exceptions mean that there was no answer.
        """
        method = getattr(getattr(self._client, group), operation)
        from azure.core.exceptions import HttpResponseError

        try:
            answer = method(*arguments, cls=_whole, **options)
        except HttpResponseError as error:
            if error.response is None or (error.response.status_code or 0) < 400:
                raise
            raise Refused(f"{group}.{operation}", _answer(error.response)) from None
        if answer.status >= 400:
            raise Refused(f"{group}.{operation}", answer)
        found: Answer = answer
        return found

    @cached_property
    def _client(self) -> Any:
        """Raises MissingToolError without pydo."""
        try:
            import pydo
        except ModuleNotFoundError as error:
            raise MissingToolError(
                f"DigitalOcean needs the package {error.name}", fix="pip install 'clouddeploy[digitalocean]'"
            ) from error
        from azure.core.pipeline.policies import RedirectPolicy

        return pydo.Client(
            self._token.reveal(),
            endpoint=self._endpoint,
            authentication_policy=_bearer(self._token, self._endpoint),
            retry_policy=_patience(),
            redirect_policy=RedirectPolicy(permit_redirects=False),
            transport=self._transport or _transport(self._endpoint),
            connection_timeout=_CONNECT_TIMEOUT,
            read_timeout=_READ_TIMEOUT,
        )


def _whole(response: Any, _body: object, _headers: object) -> Answer:
    """pydo's `cls` hook: the HTTP response itself, whatever pydo made of it."""
    return _answer(response.http_response)


def _answer(response: Any) -> Answer:
    headers = {str(name).lower(): str(value) for name, value in response.headers.items()}
    text = response.text()
    try:
        body = json.loads(text)
    except ValueError:
        body = text
    return Answer(int(response.status_code), body, headers)


def _bearer(token: Secret, endpoint: str) -> Any:
    from azure.core.pipeline.policies import SansIOHTTPPolicy

    home = urlsplit(endpoint)[:2]

    class Bearer(SansIOHTTPPolicy[Any, Any]):
        """The token, to the endpoint's own origin and nobody else."""

        def on_request(self, request: Any) -> None:
            if urlsplit(request.http_request.url)[:2] == home:
                request.http_request.headers["Authorization"] = f"Bearer {token.reveal()}"

    return Bearer()


def _patience() -> Any:
    from azure.core.pipeline.policies import RetryPolicy

    class ReadsOnly(RetryPolicy[Any, Any]):
        """Sends only reads again, soon."""

        def _is_method_retryable(self, settings: Any, request: Any, response: Any = None) -> bool:
            return str(request.method).upper() in {"GET", "HEAD"}

        def get_retry_after(self, response: Any) -> float | None:
            asked = super().get_retry_after(response)
            return None if asked is None else min(float(asked), _LONGEST_PAUSE)

        def is_retry(self, settings: Any, response: Any) -> bool:
            # The base class sends anything again that carries Retry-After, a POST too.
            method = response.http_request.method
            return str(method).upper() in {"GET", "HEAD"} and bool(super().is_retry(settings, response))

    return ReadsOnly(
        retry_total=_RETRIES, retry_backoff_factor=_FIRST_PAUSE, retry_backoff_max=_LONGEST_PAUSE
    )


def _transport(endpoint: str) -> Any:
    import requests
    from azure.core.pipeline.transport import RequestsTransport

    session = requests.Session()
    session.auth = _keep  # anything at all keeps requests from reading .netrc
    session.trust_env = endpoint == PRODUCTION  # loopback is never behind a proxy
    return RequestsTransport(session=session, use_env_settings=session.trust_env)


def _keep(request: Any) -> Any:
    return request
