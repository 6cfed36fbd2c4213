"""One emulated AWS account in one region, behind one loopback port.

Routed by the service in the SigV4 credential scope, as one port has no host names to tell
services apart; every signature is checked. `/v2/` is the registry's.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from clouddeploy.emulator import EmulatorSettings
from clouddeploy.emulator.clock import Clock
from clouddeploy.emulator.clusters import KubernetesApi, StartKubernetes
from clouddeploy.emulator.faults import Faults as Weather
from clouddeploy.emulator.policy import Policy
from clouddeploy.emulator.registry.answers import Refusal
from clouddeploy.emulator.server import Server
from clouddeploy_aws.emulator import attached, permissions, sigv4
from clouddeploy_aws.emulator.answers import (
    PROTOCOLS,
    SDK_NAMES,
    Answer,
    ServiceError,
    answer_error,
    unreadable,
)
from clouddeploy_aws.emulator.demands import Place, data_plane, demands
from clouddeploy_aws.emulator.ecr.data_plane import EcrDataPlane
from clouddeploy_aws.emulator.ecr.service import Ecr
from clouddeploy_aws.emulator.ecr.settings import AccountSettings
from clouddeploy_aws.emulator.eks.access import Access
from clouddeploy_aws.emulator.eks.service import Eks
from clouddeploy_aws.emulator.eks.tags import Tags
from clouddeploy_aws.emulator.eks.updates import Updates
from clouddeploy_aws.emulator.eks.versions import EXTENDED, VERSIONS
from clouddeploy_aws.emulator.faults import Faults
from clouddeploy_aws.emulator.machines import auto_mode
from clouddeploy_aws.emulator.models import Caller, JsonService
from clouddeploy_aws.emulator.moto_account import MotoAccount
from clouddeploy_aws.emulator.quotas import Quotas
from clouddeploy_aws.emulator.sigv4 import Received
from clouddeploy_aws.emulator.tokens import TokenReader

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_log = logging.getLogger(__name__)
_ACCOUNT = "123456789012"
_REGION = "eu-west-1"


class AwsCloud:
    """The emulated account. `reset` empties it without a new port.

    `faults` are single calls that go wrong, `weather` what happens to all of them. `policies` are all that
    an access key's user may do, everything for a key without one. Without `subscribed` nobody pays.
    """

    def __init__(self, settings: EmulatorSettings, start_kubernetes: StartKubernetes) -> None:
        self.account = settings.account or _ACCOUNT
        self.region = settings.region or _REGION
        self.clock = Clock(settings.pace)
        self.faults = Faults()
        self.calls: list[tuple[str, str]] = []
        self.denied: set[str] = set()
        self.policies: dict[str, Policy] = {}
        self.subscribed = True
        self._directory = settings.directory
        self._config = settings.directory / "aws-config"
        self._authorities = settings.directory / "no-authorities.pem"
        self._write_configuration()
        self._start_kubernetes = start_kubernetes
        self.moto = MotoAccount(self.account, self.region, self.clock)
        self.weather = Weather(self)
        self._server = Server(self.weather)
        self.host = self._server.host
        self._fill()

    @property
    def environment(self) -> Mapping[str, str]:
        """Credentials and endpoints; what the user's own AWS configuration says is kept out."""
        url = self._server.url
        names = [SDK_NAMES.get(service, service.upper()) for service in PROTOCOLS]
        endpoints = {f"AWS_ENDPOINT_URL_{name}": url for name in names}
        return {
            "AWS_ACCESS_KEY_ID": self.moto.access_key,
            "AWS_SECRET_ACCESS_KEY": self.moto.secret_key,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            **endpoints,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": str(self._config),
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_CA_BUNDLE": str(self._authorities),
            "AWS_PROFILE": "default",
            "AWS_SESSION_TOKEN": "",
            "AWS_ENDPOINT_URL": "",
        }

    def reset(self) -> None:
        """An empty account; the credentials stay the same."""
        self.eks.close()
        self.faults.clear()
        self.weather.clear()
        self.calls.clear()
        self.denied.clear()
        self.policies.clear()
        self.subscribed = True
        self.moto.reset()
        self._fill()

    def ledger(self) -> list[tuple[str, str, Mapping[str, str]]]:
        """What is billed at this moment: kind, id, tags. Extended support is billed beside the cluster."""
        clusters = self.eks.clusters()
        extended = [one for one in clusters if VERSIONS[one.version].support == EXTENDED]
        return [
            *(("cluster", one.name, one.tags) for one in clusters),
            *(("extended support", one.name, one.tags) for one in extended),
            *self.moto.billed(),
        ]

    def close(self) -> None:
        """End the server and every cluster; idempotent."""
        self._server.close()
        self.eks.close()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        if str(environ["PATH_INFO"]).startswith("/v2"):
            return self._serve_registry(environ, start_response)
        answer = self._answer(_received(environ))
        headers = {**answer.headers, "Content-Length": str(len(answer.body))}
        start_response(f"{answer.status} AWS", list(headers.items()))
        return [answer.body]

    def _serve_registry(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """A login has the rights of the user who asked for it."""
        key = self.registry.owner(environ)
        wanted = data_plane(str(environ["REQUEST_METHOD"]), str(environ["PATH_INFO"]), self._place)
        refused = permissions.first_refused(wanted, self.policies.get(key), self.denied)
        if refused is None or not key:
            return self.registry(environ, start_response)
        text = permissions.unauthorized(refused, self.moto.arn_of(key))
        return Refusal(403, "DENIED", text).response()(environ, start_response)

    def _fill(self) -> None:
        self.registry = EcrDataPlane(
            self._directory / "registry", self.account, lambda: f"http://{self.host}/"
        )
        self.ecr = Ecr(self.registry, self.host)
        self.eks = Eks(self.moto, self.clock, self._start_api)
        self.access = Access(self.eks.record, self.moto)
        self._json = {
            "ecr": JsonService("ecr", self.ecr, AccountSettings(self.registry)),
            "eks": JsonService(
                "eks",
                self.eks,
                self.access,
                Tags(self.eks.record),
                Updates(self.eks.record, self.clock),
            ),
            "servicequotas": JsonService("service-quotas", Quotas(self.moto.limits)),
        }
        self._place = Place(
            self.moto.partition,
            self.region,
            self.account,
            lambda name: self.moto.tags(name) or self.eks.tags(name),
            self.moto.associated,
            lambda: not self.eks.clusters(),
        )
        self._tokens = TokenReader(self.region, self.host, self.moto.key_of, self.moto.arn_of)

    def _write_configuration(self) -> None:
        """The SDK takes no empty AWS_PROFILE or AWS_CA_BUNDLE; trusting nobody keeps real clouds out."""
        self._directory.mkdir(parents=True, exist_ok=True)
        self._config.write_text(f"[default]\nregion = {self.region}\n")
        self._authorities.write_text("")

    def _answer(self, request: Received) -> Answer:
        scope = sigv4.scope_of(request)
        service = scope.service if scope else _guess(request)
        try:
            if scope is None:
                raise sigv4.missing(service)
            if service not in PROTOCOLS:
                raise ServiceError("UnknownService", f"the service {service} is not emulated", status=404)
            if self.moto.is_expired(scope.access_key):
                raise sigv4.expired(service)
            sigv4.check_region(scope, self.region)
            sigv4.check_header(request, scope, self.moto.key_of)
            return self._serve(request, scope)
        except ServiceError as error:
            return answer_error(service, error)
        except ValueError:  # a number that is none, text in no encoding
            _log.info("a request that %s cannot read", service, exc_info=True)
            return answer_error(service, unreadable(service))

    def _serve(self, request: Received, scope: sigv4.Scope) -> Answer:
        backend: Any = self._json.get(scope.service)
        action = backend.action(request) if backend else self.moto.action(request)
        self.calls.append((scope.service, action))
        fault = self.faults.take(scope.service, action)
        if fault and not fault.lost:
            raise fault.error()
        try:
            answer = self._carry_out(request, scope, backend, action)
        except ServiceError:
            if fault:
                self.faults.give_back(fault)
            raise
        if fault:
            raise fault.error()
        return answer

    def _carry_out(self, request: Received, scope: sigv4.Scope, backend: Any, action: str) -> Answer:
        arn = self.moto.arn_of(scope.access_key)
        if not self.subscribed and scope.service not in {"iam", "sts"}:
            raise sigv4.unsubscribed(scope.service)
        asked = backend.asked(request) if backend else self.moto.asked(scope.service, request)
        permissions.check_registry(asked.get("registryId"), f"{scope.service}:{action}", arn, self.account)
        wanted = demands(scope.service, action, asked, self._place)
        policy = self.policies.get(scope.access_key)
        permissions.check(wanted, policy, self.denied, scope.service, arn)
        if action == permissions.SIMULATE:
            self.moto.check_simulation(asked)
            return permissions.simulate(request.body, policy, self.denied)
        if backend:
            caller = Caller(self.account, scope.region, arn, scope.access_key)
            answered: Answer = backend.answer(request, asked, caller)
            return answered
        return self.moto.answer(scope.service, request, arn)

    def _start_api(self, cluster: str) -> KubernetesApi:
        def authenticate(token: str) -> tuple[str, tuple[str, ...]] | None:
            principal = self._tokens.principal(token, cluster)
            return self.access.groups(cluster, principal) if principal else None

        subnets = self.eks.record(cluster).request["resourcesVpcConfig"]["subnetIds"]
        return self._start_kubernetes(
            self._directory / "clusters" / cluster,
            authenticate,
            self.ecr.pull_problem,
            auto_mode(cluster, self.region),
            attached.Attached(self.account, self.region, cluster, subnets),
        )


def _received(environ: WSGIEnvironment) -> Received:
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_") or name in {"CONTENT_TYPE", "CONTENT_LENGTH"}
    }
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    path = str(environ.get("REQUEST_URI", environ["PATH_INFO"])).partition("?")[0]
    return Received(str(environ["REQUEST_METHOD"]), path, str(environ.get("QUERY_STRING", "")), headers, body)


def _guess(request: Received) -> str:
    """The service of a request without a signature, to answer in its protocol."""
    if "x-amz-target" in request.headers:
        return "ecr"
    if b"Version=2016-11-15" in request.body:
        return "ec2"
    return "sts" if request.body else "eks"
