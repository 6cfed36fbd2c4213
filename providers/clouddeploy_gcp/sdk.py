"""Google's libraries, and repairs for what they get wrong. Nothing else imports google.*.

- A request that fails with 503 is sent again for 20 s and then raises RetryError: retries are off here,
  the core knows how to be patient.
- google-auth asks iamcredentials.googleapis.com in the background where a service account may be used,
  with its token, even when every endpoint is this machine: switched off for an emulator.
- The REST transport prefers a self-signed JWT, which neither a registry nor Kubernetes takes: `token`
  exchanges it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from clouddeploy.contract import Secret, Token
from clouddeploy.errors import CredentialsError
from clouddeploy_gcp import endpoints
from clouddeploy_gcp.errors import LOG_IN, translated

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
TOKEN_VARIABLE = "CLOUDSDK_AUTH_ACCESS_TOKEN"  # noqa: S105 - a name
_TIMEOUT = 60  # seconds
_SPARE = timedelta(minutes=10)  # a token that ends during a push is of no use
_NO_TOKEN = 400  # from tokeninfo, with {"error": "invalid_token"} in OAuth's form, not in Google's
_NO_BOUNDARY = "0x0"

Json = dict[str, Any]


class Sdk:
    """The clients of one target, each made on first use. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.RLock()

    def container(self, method: str, request: Mapping[str, Any]) -> Json:
        """One call of the GKE API; the answer as JSON with names for enums."""
        return self._call(self._container, method, request)

    def artifacts(self, method: str, request: Mapping[str, Any]) -> Json:
        """One call of the Artifact Registry API, as `container`."""
        return self._call(self._artifacts, method, request)

    def first_artifact(self, method: str, request: Mapping[str, Any]) -> Json | None:
        """The first item of a list; None when it is empty."""
        with self._lock:
            call = getattr(self._artifacts, method)
        found = next(iter(call(request=dict(request), retry=None, timeout=_TIMEOUT)), None)
        return None if found is None else _plain(found)

    def all_artifacts(self, method: str, request: Mapping[str, Any]) -> list[Json]:
        """Every item of a list, from all its pages."""
        with self._lock:
            call = getattr(self._artifacts, method)
        return [_plain(one) for one in call(request=dict(request), retry=None, timeout=_TIMEOUT)]

    def rest(self, method: str, service: str, path: str, **request: Any) -> Json:
        """One call of an API for which there is no library here; `request` has `params` or `json`."""
        from google.api_core.exceptions import from_http_response

        with self._lock:
            session = self._session
        answer = session.request(method, f"{endpoints.service(service)}/{path}", timeout=_TIMEOUT, **request)
        if not answer.ok:
            raise from_http_response(answer)
        found: Json = answer.json()
        return found

    def token(self) -> Token:
        """An OAuth access token that lives for ten minutes at least, where the credentials can be renewed."""
        with self._lock, translated("get an access token from Google"):
            credentials = self._exchanged
            if not credentials.token or self._ends_soon(credentials):
                credentials.refresh(self._request)
            return Token(Secret(str(credentials.token)), _aware(credentials.expiry))

    @property
    def principal(self) -> str:
        """The e-mail address that the credentials say they are; empty for a person's."""
        with self._lock, translated("find Google credentials"):
            found = self._default[0]
            account = getattr(found, "service_account_email", None) or getattr(found, "account", None)
            return "" if account in {None, "default"} else str(account)

    @property
    def kind(self) -> str:
        """Where the credentials come from, for a person."""
        if os.environ.get(TOKEN_VARIABLE):
            return TOKEN_VARIABLE
        file = os.environ.get("GOOGLE_APPLICATION_CREDENTIALS")
        return f"GOOGLE_APPLICATION_CREDENTIALS={file}" if file else "application default credentials"

    @cached_property
    def project(self) -> str:
        """The project that the credentials or the environment name; empty for none."""
        with self._lock, translated("find Google credentials"):
            return str(self._default[1] or "")

    def who(self) -> Json:
        """What Google knows about the access token: `email`, `expires_in`, `scope`."""
        import requests
        from google.api_core.exceptions import from_http_response

        token = self.token().value.reveal()
        with translated("ask Google who the credentials belong to"):
            url = f"{endpoints.service('oauth2')}/tokeninfo"
            answer = requests.post(url, data={"access_token": token}, timeout=_TIMEOUT)
            if answer.status_code == _NO_TOKEN:
                raise CredentialsError(
                    "Google refuses the credentials: the access token is wrong or has expired", fix=LOG_IN
                )
            if not answer.ok:
                raise from_http_response(answer)
            found: Json = answer.json()
            return found

    def skew(self) -> float:
        """By how many seconds this machine's clock is ahead of Google's, from the Date of an answer."""
        import email.utils

        import requests

        with translated("ask Google for the time"):
            answer = requests.get(endpoints.service("serviceusage"), timeout=_TIMEOUT)
        theirs = email.utils.parsedate_to_datetime(answer.headers["Date"])
        return (datetime.now(UTC) - theirs).total_seconds()

    def _call(self, client: Any, method: str, request: Mapping[str, Any]) -> Json:
        return _plain(getattr(client, method)(request=dict(request), retry=None, timeout=_TIMEOUT))

    @cached_property
    def _default(self) -> tuple[Any, Any]:
        """Credentials and project: an access token in the environment, else what google-auth finds."""
        import google.auth
        import google.oauth2.credentials

        given = os.environ.get(TOKEN_VARIABLE)
        if given:
            credentials: Any = google.oauth2.credentials.Credentials(token=given)
            return credentials, os.environ.get("GOOGLE_CLOUD_PROJECT")
        credentials, project = google.auth.default(scopes=[SCOPE])
        _keep_home(credentials)
        return credentials, project

    @cached_property
    def _exchanged(self) -> Any:
        """Credentials of their own for `token`: the clients may turn theirs into JWTs."""
        import copy

        return copy.copy(self._default[0])

    @cached_property
    def _request(self) -> Any:
        from google.auth.transport.requests import Request

        return Request()

    @cached_property
    def _session(self) -> Any:
        from google.auth.transport.requests import AuthorizedSession

        return AuthorizedSession(self._default[0], max_refresh_attempts=1)

    @cached_property
    def _container(self) -> Any:
        from google.cloud import container_v1

        return self._client(container_v1.ClusterManagerClient, "container")

    @cached_property
    def _artifacts(self) -> Any:
        from google.cloud import artifactregistry_v1

        return self._client(artifactregistry_v1.ArtifactRegistryClient, "artifactregistry")

    def _client(self, kind: Any, service: str) -> Any:
        from google.api_core.client_options import ClientOptions

        url = endpoints.override()
        options = ClientOptions(api_endpoint=url or f"{service}.googleapis.com")
        with self._lock:
            return kind(credentials=self._default[0], transport="rest", client_options=options)

    def _ends_soon(self, credentials: Any) -> bool:
        expiry = _aware(credentials.expiry)
        return expiry is not None and expiry - _SPARE < datetime.now(UTC)


def _keep_home(credentials: Any) -> None:
    fix = getattr(credentials, "_set_regional_access_boundary", None)
    if endpoints.override() and fix:
        fix({"encodedLocations": _NO_BOUNDARY, "expiry": datetime.max})  # noqa: DTZ901 - naive there too


def _aware(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment else None


def _plain(answer: Any) -> Json:
    """A message of any of the libraries' kinds as JSON."""
    from google.protobuf.json_format import MessageToDict

    answer = getattr(answer, "operation", answer)
    to_raw = getattr(type(answer), "pb", None)
    found: Json = MessageToDict(to_raw(answer) if to_raw else answer)
    return found
