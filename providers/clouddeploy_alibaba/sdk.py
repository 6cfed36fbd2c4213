"""The edge to Alibaba Cloud's SDK: only here and in `credentials` its untyped classes are touched.

What is put right here, seen in alibabacloud_credentials 1.0.12, darabonba-core and the product SDKs:

- An error body that is not JSON surfaces as a parser's exception; so does a lost connection.
- ACR says `IsSuccess: false` with HTTP 200, which raises nothing.
- Every list of objects that a request leaves out is sent as an empty one: changing a node pool's size
  would take its tags, disks, labels and taints away.
- NO_PROXY is not looked at, and neither are the variables that name a proxy's authority.
- A kept connection that the service has closed loses the next request. The SDK repeats none, which is
  what requests without an idempotency token need; here reads are sent once more.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from clouddeploy.errors import ConfigError
from clouddeploy_alibaba.credentials import chain, silence
from clouddeploy_alibaba.errors import Refusal, refused, translated

Json = dict[str, Any]

_CONNECT_TIMEOUT = 10_000  # milliseconds
_READ_TIMEOUT = 60_000  # milliseconds
_READS = ("describe", "get", "list", "check")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")

VERSIONS = {"ECS": "2014-05-26", "SLB": "2014-05-15", "STS": "2015-04-01", "VPC": "2016-04-28"}
"""Services that are called without a package of their own, and the versions of their APIs."""


class Sdk:
    """Calls for one region with one set of credentials. Safe to use from several threads."""

    def __init__(self, region: str, profile: str | None) -> None:
        self._region = region
        self._profile = profile
        self._clients: dict[str, Any] = {}
        self._lock = threading.RLock()

    def ack(self, doing: str, operation: str, *path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Call Container Service, `operation` as the SDK's method is named; its answer as JSON."""
        with translated(doing):
            from alibabacloud_cs20151215 import models
            from alibabacloud_cs20151215.client import Client

            client = self._client("CS", Client)
            arguments = [*path]
            if body is not None:
                arguments.append(_filled(_model(models, operation), body))
            joint = "" if operation.endswith("v1") else "_"  # the SDK's generator forgot one
            method = getattr(client, f"{operation}{joint}with_options")
            answer = _sent(operation, lambda: method(*arguments, {}, _runtime()))
            return _plain(getattr(answer, "body", None))

    def acr(self, doing: str, operation: str, **parameters: object) -> Json:
        """Call Container Registry; raises also for a failure that came with HTTP 200."""
        with translated(doing):
            from alibabacloud_cr20181201 import models
            from alibabacloud_cr20181201.client import Client

            request = _model(models, operation).from_map(parameters)
            method = getattr(self._client("CR", Client), f"{operation}_with_options")
            answer: Json = _plain(_sent(operation, lambda: method(request, _runtime())).body)
        if answer.get("IsSuccess") is False:
            code = str(answer.get("Code", ""))
            raise refused(doing, Refusal(code, str(answer.get("Message") or code), 200, _request_id(answer)))
        return answer

    def rpc(self, doing: str, product: str, action: str, **parameters: object) -> Json:
        """Call a service without a package of its own."""
        region = {} if product == "STS" else {"RegionId": self._region}
        return self._generic(doing, product, _params(product, action), {**region, **parameters})

    def personal(self, doing: str, method: str, path: str, body: Mapping[str, Any] | None = None) -> Json:
        """Call the Personal Edition of Container Registry, whose own SDK loses the answers."""
        params = {
            "style": "ROA",
            "version": "2016-06-07",
            "action": "",
            "method": method,
            "pathname": path,
            "protocol": "HTTPS",
            "auth_type": "AK",
            "req_body_type": "json",
            "body_type": "json",
        }
        return self._generic(doing, "CR", params, {}, body)

    def credential(self) -> tuple[str, str]:
        """The access key's id, and where it came from; CredentialsError when there is none."""
        with translated("find Alibaba Cloud credentials"):
            found = self._credentials().get_credential()
        return str(found.access_key_id), str(found.provider_name or "")

    def clock_skew(self) -> float | None:
        """Seconds that this machine is behind the service, from an answer's Date; None without one."""
        with translated("compare the clocks"):
            import requests

            endpoint = endpoint_of("STS")
            url = f"http://{endpoint}/" if endpoint else f"https://sts.{self._region}.aliyuncs.com/"
            answer = requests.get(url, timeout=_CONNECT_TIMEOUT / 1000, allow_redirects=False)
        date = answer.headers.get("Date")
        return parsedate_to_datetime(date).timestamp() - time.time() if date else None

    def _generic(
        self,
        doing: str,
        product: str,
        params: Mapping[str, str],
        query: Mapping[str, object],
        body: object = None,
    ) -> Json:
        with translated(doing):
            from alibabacloud_tea_openapi import utils_models
            from alibabacloud_tea_openapi.client import Client
            from alibabacloud_tea_openapi.utils import Utils

            request = utils_models.OpenApiRequest(query=Utils.query(dict(query)), body=body)
            client, how = self._client(product, Client), utils_models.Params(**params)
            action = params["action"] or params["method"]
            return dict(_sent(action, lambda: client.call_api(how, request, _runtime()))["body"])

    def _client(self, product: str, kind: Any) -> Any:
        key = f"{product} {kind.__module__}"
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._make(product, kind)
            return self._clients[key]

    def _make(self, product: str, kind: Any) -> Any:
        from alibabacloud_tea_openapi import utils_models

        silence()
        endpoint = endpoint_of(product)
        if endpoint:
            _go_past_proxies()
        settings: Json = {
            "credential": self._credentials(),
            "region_id": self._region,
            "connect_timeout": _CONNECT_TIMEOUT,
            "read_timeout": _READ_TIMEOUT,
            "user_agent": "clouddeploy",
            "protocol": "http" if endpoint else "https",
            "endpoint": endpoint or _host(product, self._region, kind),
        }
        config = utils_models.Config(**settings)
        return kind(config)

    def _credentials(self) -> Any:
        with self._lock:
            if "credentials" not in self._clients:
                self._clients["credentials"] = chain(self._profile)
            return self._clients["credentials"]


def endpoint_of(product: str) -> str | None:
    """`host:port` of an emulator from CLOUDDEPLOY_ALIBABA_<product>_ENDPOINT; None for the cloud.

    Raises ConfigError for a host that is not this machine: requests there are not encrypted.
    """
    name = f"CLOUDDEPLOY_ALIBABA_{product}_ENDPOINT"
    value = os.environ.get(name)
    if not value:
        return None
    parts = urlsplit(value if "//" in value else f"http://{value}")
    if parts.scheme != "http" or parts.hostname not in _LOOPBACK or not parts.port:
        raise ConfigError(f"{name} leads to another machine", fix=f"unset {name}; it is for an emulator here")
    return parts.netloc


def _params(product: str, action: str) -> Json:
    return {
        "style": "RPC",
        "version": VERSIONS[product],
        "action": action,
        "method": "POST",
        "pathname": "/",
        "protocol": "HTTPS",
        "auth_type": "AK",
        "req_body_type": "formData",
        "body_type": "json",
    }


def _host(product: str, region: str, kind: Any) -> str | None:
    """The regional endpoint; None where the product's own SDK knows it."""
    return f"{product.lower()}.{region}.aliyuncs.com" if "tea_openapi" in kind.__module__ else None


def _model(models: Any, operation: str) -> Any:
    name = "".join(part.capitalize() for part in operation.split("_"))
    return getattr(models, f"{name}Request")()


class _Plain(dict[str, Any]):
    """A part of a request that the SDK takes for one of its models and sends as it is."""

    def validate(self) -> None:
        """Every model has this; the service knows better."""

    def to_map(self) -> dict[str, Any]:
        return self


def _filled(request: Any, body: Mapping[str, Any]) -> Any:
    """The request with what the body says, and nothing more."""
    request.from_map(dict(body))
    for name, value in list(vars(request).items()):
        if isinstance(body.get(name), dict | list):
            setattr(request, name, _as_plain(body[name]))
        elif value == []:
            setattr(request, name, None)
    return request


def _as_plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_as_plain(each) for each in value]
    return _Plain(value) if isinstance(value, dict) else value


def _sent(operation: str, send: Callable[[], Any]) -> Any:
    """The answer; a read whose connection was lost is sent once more."""
    if not operation.lower().startswith(_READS):
        return send()
    try:
        return send()
    except Exception as error:
        if type(getattr(error, "inner_exception", None)).__name__ != "RetryError":
            raise
    return send()


def _plain(body: Any) -> Any:
    if isinstance(body, list):
        return [_plain(each) for each in body]
    return body.to_map() if hasattr(body, "to_map") else body


def _request_id(answer: Mapping[str, Any]) -> str:
    return str(answer.get("RequestId") or answer.get("requestId") or "")


def _runtime() -> Any:
    from darabonba.runtime import RuntimeOptions

    options: Any = RuntimeOptions(autoretry=False)
    options.ca = os.environ.get("REQUESTS_CA_BUNDLE")
    return options


def _go_past_proxies() -> None:
    """Only loopback is spoken to in plain http, and no proxy reaches this machine's."""
    for name in ("HTTP_PROXY", "http_proxy"):
        os.environ.pop(name, None)
