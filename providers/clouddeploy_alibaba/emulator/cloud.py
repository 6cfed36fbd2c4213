"""One emulated account in one region, behind one loopback port.

Routed by the API version in each request, as one port has no host names to tell services apart; every
signature is checked. `/v2/` is the registry's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from clouddeploy.emulator import EmulatorSettings
from clouddeploy.emulator.clusters import KubernetesApi, StartKubernetes
from clouddeploy.emulator.faults import Faults
from clouddeploy.emulator.policy import Policy
from clouddeploy.emulator.server import Server
from clouddeploy_alibaba.emulator import attached, parameters, ram
from clouddeploy_alibaba.emulator.ack import Ack
from clouddeploy_alibaba.emulator.acr import AUTH_PATH, Acr
from clouddeploy_alibaba.emulator.acr_records import InstanceRecord
from clouddeploy_alibaba.emulator.answers import Answer, Received, ServiceError, answer_error, request_id
from clouddeploy_alibaba.emulator.clock import Clock
from clouddeploy_alibaba.emulator.machines import machines_of
from clouddeploy_alibaba.emulator.network import RpcServices
from clouddeploy_alibaba.emulator.personal import Personal
from clouddeploy_alibaba.emulator.signature import Signatures
from clouddeploy_alibaba.emulator.world import World

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

SERVICES = {
    "2014-05-15": "SLB",
    "2014-05-26": "ECS",
    "2015-04-01": "STS",
    "2015-12-15": "CS",
    "2016-04-28": "VPC",
    "2016-06-07": "personal",
    "2018-12-01": "CR",
}
"""API version -> service."""

_UNREADABLE = (ValueError, TypeError, AttributeError, LookupError)
_ACCOUNT = "1234567890123456"
_REGION = "eu-central-1"
_KEY = "LTAI5tRehearsalAccessKey"
_SECRET = "rehearsal0only0not0a0secret000"  # noqa: S105 - opens nothing but this emulator


class AlibabaCloud:
    """The emulated account. `reset` empties it without a new port.

    `policies` are all that an access key's user may do, everything for a key without one.
    """

    def __init__(self, settings: EmulatorSettings, start_kubernetes: StartKubernetes) -> None:
        self.account = settings.account or _ACCOUNT
        self.region = settings.region or _REGION
        self.clock = Clock(settings.pace)
        self.calls: list[tuple[str, str]] = []
        self.policies: dict[str, Policy] = {}
        self.observe: Callable[[str, str, Received, Answer], None] | None = None
        self.signatures = Signatures({_KEY: _SECRET})
        self.world = World(self.account, self.region, self.clock)
        self._directory = settings.directory
        self._directory.mkdir(parents=True, exist_ok=True)
        self._start_kubernetes = start_kubernetes
        self.faults = Faults(self._serve)
        self._server = Server(self.faults)
        self.host = self._server.host
        self._fill()

    @property
    def environment(self) -> Mapping[str, str]:
        """Credentials and endpoints; what the user's own configuration says is kept out."""
        services = [service for service in SERVICES.values() if service != "personal"]
        endpoints = {f"CLOUDDEPLOY_ALIBABA_{service}_ENDPOINT": self.host for service in services}
        own = (
            "PROFILE",
            "SECURITY_TOKEN",
            "ROLE_ARN",
            "OIDC_TOKEN_FILE",
            "OIDC_PROVIDER_ARN",
            "CREDENTIALS_URI",
        )
        return {
            **endpoints,
            "ALIBABA_CLOUD_ACCESS_KEY_ID": _KEY,
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": _SECRET,
            "ALIBABA_CLOUD_REGION_ID": self.region,
            "ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true",
            "ALIBABA_CLOUD_CLI_PROFILE_DISABLED": "true",
            "ALIBABA_CLOUD_CREDENTIALS_FILE": str(self._directory / "no-credentials"),
            **{f"ALIBABA_CLOUD_{name}": "" for name in own},
        }

    def reset(self) -> None:
        """An account with nothing but its registry instance; the credentials stay the same."""
        self.ack.close()
        self.faults.clear()
        self.calls.clear()
        self.world.reset()
        self.signatures.tokens.clear()
        self.policies.clear()
        self._fill()

    def ledger(self) -> list[tuple[str, str, Mapping[str, str]]]:
        """What is billed at this moment: kind, id, tags. The registry instance was there before."""
        clusters = self.ack.clusters()
        found: list[tuple[str, str, Mapping[str, str]]] = [("cluster", one.id, one.tags) for one in clusters]
        for cluster in clusters:
            found += [("node pool", pool.id, {}) for pool in cluster.pools.values() if pool.desired]
        for kind in ("slb", "eip", "nat", "disk"):
            found += [(kind, one.id, one.tags) for one in self.world.of(kind)]
        return found

    def create_cluster(self, body: Mapping[str, Any]) -> None:
        """A cluster that somebody else makes, without a request over the network."""
        self.ack.create(body)

    def disown(self, cluster: str) -> None:
        """Take our tags off a cluster, as somebody could in the console."""
        for one in self.ack.clusters():
            if one.name == cluster:
                one.tags.clear()

    def close(self) -> None:
        """End the server and every cluster; idempotent."""
        self._server.close()
        self.ack.close()

    def _fill(self) -> None:
        self.acr = Acr(self.world, self._directory / "registry", self.host)
        self.acr.instances["cri-rehearsal0000000"] = InstanceRecord("cri-rehearsal0000000", "rehearsal")
        self.personal = Personal(self.acr)
        self.ack = Ack(self.world, self._start_api)
        self.rpc = RpcServices(self.world, self.ack.vswitches_in_use)

    def _start_api(self, cluster_id: str) -> KubernetesApi:
        acr, ack = self.acr, self.ack

        def problem(image: str) -> str | None:
            if image.startswith(f"{self.host}/") and not ack.can_pull(cluster_id):
                return f'failed to pull "{image}": unauthorized: authentication required'
            return acr.pull_problem(image)

        machines = machines_of(ack, self.world, cluster_id)
        made = attached.Attached(self.world, cluster_id)
        directory = self._directory / "clusters" / cluster_id
        return self._start_kubernetes(directory, _no_token, problem, machines, made)

    def _serve(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = str(environ["PATH_INFO"])
        if path.startswith("/v2") or path == AUTH_PATH:
            return self.acr(environ, start_response)
        answer = self._answer(_received(environ))
        body = answer.encoded()
        headers = {
            "Content-Type": "application/json;charset=utf-8",
            "x-acs-request-id": request_id(),
            "Content-Length": str(len(body)),
            **answer.headers,
        }
        start_response(f"{answer.status} Alibaba", list(headers.items()))
        return [body]

    def _answer(self, request: Received) -> Answer:
        service = SERVICES.get(request.headers.get("x-acs-version", ""), "")
        action = request.headers.get("x-acs-action", "")
        try:
            policy = self.policies.get(self.signatures.check(request))
            answer = Answer(self._dispatch(service, action, request, policy))
        except ServiceError as error:
            answer = answer_error(error, self.host, rpc=service not in {"CS", "personal"})
        except _UNREADABLE:
            # What this emulator's code cannot read is wrong in the request; the codes are UNVERIFIED.
            code = "ErrorCheckParams" if service == "CS" else "InvalidParameter"
            unreadable = ServiceError(code, "The specified parameter is not valid.")
            answer = answer_error(unreadable, self.host, rpc=service not in {"CS", "personal"})
        if self.observe:
            self.observe(service, action, request, answer)
        return answer

    def _dispatch(self, service: str, action: str, request: Received, policy: Policy | None) -> Any:
        action, names = self._operation(service, action, request)
        self.calls.append(("CR" if service == "personal" else service, action))
        ram.check(policy, service, action)
        parameters.check(service, action, request)
        match service:
            case "CS":
                return self.ack.answer(action, names, request)
            case "personal":
                return self.personal.answer(request)
            case "CR":
                return self.acr.call(action, request.parameters())
        return {**self.rpc.call(service, action, request.parameters()), "RequestId": request_id()}

    def _operation(self, service: str, action: str, request: Received) -> tuple[str, dict[str, str]]:
        """An operation's name, and the names in its path."""
        if service == "CS":
            return self.ack.action(request)
        if service == "personal":
            return self.personal.action(request), {}
        if not service or request.path != "/" or request.method not in {"GET", "POST"}:
            text = "Specified api is not found, please check your url and method."
            raise ServiceError("InvalidAction.NotFound", text, 404)
        return action, {}


def _received(environ: WSGIEnvironment) -> Received:
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_") or name in {"CONTENT_TYPE", "CONTENT_LENGTH"}
    }
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    path = str(environ.get("REQUEST_URI", environ["PATH_INFO"])).partition("?")[0]
    return Received(str(environ["REQUEST_METHOD"]), path, str(environ.get("QUERY_STRING", "")), headers, body)


def _no_token(_: str) -> None:
    """ACK's API servers know certificates alone."""
