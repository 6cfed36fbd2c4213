"""What is missing before a command finds out. Every check is one question; none raises."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec

from clouddeploy.contract import Check, Status
from clouddeploy.errors import CloudDeployError, CredentialsError, NotFoundError
from clouddeploy_alibaba.costs import PRO_HOUR
from clouddeploy_alibaba.errors import AUTHORIZE
from clouddeploy_alibaba.instances import Instances
from clouddeploy_alibaba.policy import POLICY, START
from clouddeploy_alibaba.records import AckCluster, find
from clouddeploy_alibaba.roles import missing_roles, needed_roles
from clouddeploy_alibaba.session import Session
from clouddeploy_alibaba.steps.naming import foreign
from clouddeploy_alibaba.steps.pulls import ADDON, PullsStep
from clouddeploy_alibaba.wishes import count_clusters, quota, versions

_PACKAGES = ("alibabacloud_cs20151215", "alibabacloud_cr20181201", "alibabacloud_tea_openapi")
_FOR_CLUSTERS = "buy an Enterprise Edition instance for clusters"
_SKEW = 300.0
"""Seconds; Alibaba Cloud refuses requests that are 15 minutes off."""


class AlibabaDoctor:
    """Questions about one target."""

    def __init__(self, session: Session, instances: Instances) -> None:
        self._session = session
        self._instances = instances

    def checks(self) -> Sequence[Callable[[], Check]]:
        asked: list[tuple[str, Callable[[], Check]]] = [
            ("SDK", _sdk),
            ("credentials", self._credentials),
            ("clock", self._clock),
            ("ACK", self._ack),
            ("service roles", self._roles),
            ("registry", self._registry),
            ("registry endpoint", self._endpoint),
            ("permissions", self._permissions),
            ("cluster", self._cluster),
            ("pulls", self._pulls),
            ("quota", self._quota),
            ("price", self._price),
        ]
        return [_safe(title, ask) for title, ask in asked]

    def policy(self) -> str:
        """A RAM policy document."""
        return POLICY

    def start(self) -> str:
        return START.format(target=self._session.target.name)

    def _credentials(self) -> Check:
        key, source = self._session.sdk.credential()
        who = self._session.identity()
        told = f"{who.principal} of account {who.account}, key {key[:8]}…, from {source}"
        return Check("credentials", True, told)

    def _clock(self) -> Check:
        seconds = self._session.sdk.clock_skew()
        if seconds is None:
            return Check("clock", None, "the answer has no date", "compare with https://time.is")
        ok = abs(seconds) <= _SKEW
        told = f"{abs(seconds):.0f} s {'behind' if seconds > 0 else 'ahead of'} Alibaba Cloud"
        return Check("clock", ok, told, None if ok else "set this machine's clock, for example with chrony")

    def _ack(self) -> Check:
        offered = versions(self._session)
        return Check("ACK", True, f"is switched on in {self._session.region}, newest {offered[0]}")

    def _roles(self) -> Check:
        missing = missing_roles(self._session)
        if missing:
            return Check("service roles", False, f"missing: {', '.join(missing)}", AUTHORIZE)
        return Check("service roles", True, f"{len(needed_roles(self._session))} are there")

    def _permissions(self) -> Check:
        """RAM simulates nothing for a user: a read of each service is tried."""
        lacking = [name for name, ask in self._reads().items() if _refused(ask)]
        if lacking:
            fix = "attach what clouddeploy doctor --policy prints to the RAM user"
            return Check("permissions", False, f"refused: {', '.join(lacking)}", fix)
        return Check("permissions", True, "every read is allowed; writes cannot be tried")

    def _reads(self) -> Mapping[str, Callable[[], object]]:
        sdk = self._session.sdk
        page = {"PageSize": 10}
        return {
            "cs:DescribeClustersV1": lambda: find(self._session, self._session.target.cluster.name),
            "cr:ListInstance": self._instances.all,
            "vpc:DescribeVpcs": lambda: sdk.rpc("list the VPCs", "VPC", "DescribeVpcs", **page),
            "ecs:DescribeDisks": lambda: sdk.rpc("list the disks", "ECS", "DescribeDisks", **page),
            "slb:DescribeLoadBalancers": lambda: sdk.rpc(
                "list the load balancers", "SLB", "DescribeLoadBalancers", **page
            ),
        }

    def _registry(self) -> Check:
        if self._personal:
            told = "Personal Edition: ACK cannot pull from an instance made since September 2024"
            return Check("registry", None, told, _FOR_CLUSTERS)
        instance = self._instances.chosen()
        return Check("registry", True, f"{instance.name} ({instance.id}), {instance.edition}")

    def _endpoint(self) -> Check:
        if self._personal:
            return Check("registry endpoint", None, "not asked for Personal Edition", "see docs/alibaba.md")
        domain, endpoint = self._instances.domain(), self._instances.endpoint()
        if endpoint.acl and not endpoint.entries:
            fix = (
                f"aliyun cr CreateInstanceEndpointAclPolicy --InstanceId {self._instances.chosen().id} "
                "--EndpointType internet --ModuleName Registry --Entry <your address>/32"
            )
            return Check("registry endpoint", False, f"{domain} lets no address in", fix)
        told = f"lets in {', '.join(endpoint.entries)}" if endpoint.acl else "lets every address in"
        return Check("registry endpoint", True, f"{domain} {told}; nodes need to be among them")

    def _cluster(self) -> Check:
        name = self._session.target.cluster.name
        cluster = find(self._session, name)
        if cluster is None:
            fix = f"clouddeploy cluster create --to {self._session.target.name}"
            return Check("cluster", None, f"there is no {name} in {self._session.region}", fix)
        if self._foreign(cluster):
            refusal = foreign(f"the ACK cluster {name} ({cluster.id})", name)
            return Check("cluster", False, refusal.message, refusal.fix)
        if cluster.usable and cluster.endpoint:
            return Check("cluster", True, f"{name} is {cluster.state}, Kubernetes {cluster.version}")
        fix = "look at it in the ACK console: https://cs.console.alibabacloud.com"
        return Check("cluster", False, f"{name} is {cluster.state}", fix)

    def _foreign(self, cluster: AckCluster) -> bool:
        return not cluster.owned and not self._session.target.existing

    def _pulls(self) -> Check:
        name = self._session.target.cluster.name
        cluster = find(self._session, name)
        if self._personal:
            return Check("pulls", None, "Personal Edition: nothing lets ACK pull", _FOR_CLUSTERS)
        if cluster is None:
            fix = f"clouddeploy cluster create --to {self._session.target.name}"
            return Check("pulls", None, f"there is no {name} yet", fix)
        if self._foreign(cluster):
            return Check("pulls", None, f"{name} is not ours", foreign(name, name).fix)
        if PullsStep(self._session, name, self._instances, find).state().status is Status.READY:
            return Check("pulls", True, f"{name} may pull from {self._instances.chosen().name}")
        told = f"{name} may not pull from {self._instances.chosen().name} yet"
        fix = f"clouddeploy deploy --to {self._session.target.name} lets it, with ACK's add-on {ADDON}"
        return Check("pulls", None, told, fix)

    def _quota(self) -> Check:
        limits, used = quota(self._session), count_clusters(self._session)
        limit = int(limits.get("cluster_quota") or 0)
        told = f"{used} of {limit} clusters, {limits.get('node_quota')} nodes in each"
        fix = "raise it at https://quotas.console.alibabacloud.com"
        return Check("quota", used < limit, told, None if used < limit else fix)

    def _price(self) -> Check:
        cluster = find(self._session, self._session.target.cluster.name)
        if cluster is None:
            return Check("price", True, "no cluster, nothing billed for one")
        control = f"{PRO_HOUR} USD an hour (ACK Pro)" if cluster.pro else "nothing (ACK Basic)"
        told = f"{control} for the control plane; nodes and load balancers extra"
        return Check("price", True, f"{cluster.name}: {told}")

    @property
    def _personal(self) -> bool:
        return self._session.target.registry.get("edition") == "personal"


def _refused(ask: Callable[[], object]) -> bool:
    """Whether a permission is missing; raises when the credentials themselves are refused."""
    try:
        ask()
    except CredentialsError as error:
        if not str(error.code).startswith(("Forbidden", "NoPermission", "NoPrivilege")):
            raise
        return True
    return False


def _sdk() -> Check:
    missing = [name for name in _PACKAGES if find_spec(name) is None]
    if missing:
        fix = "pip install 'clouddeploy[alibaba]'"
        return Check("SDK", False, f"missing: {', '.join(missing)}", fix)
    return Check("SDK", True, ", ".join(_PACKAGES))


def _safe(title: str, ask: Callable[[], Check]) -> Callable[[], Check]:
    """The question, answered also when it cannot be asked."""

    def check() -> Check:
        try:
            return ask()
        except NotFoundError as error:
            return Check(title, False, error.message, error.fix)
        except CloudDeployError as error:
            fix = error.fix or "see docs/alibaba.md"
            return Check(title, None if error.exit_code == 75 else False, error.message, fix)
        except Exception as error:
            text = " ".join(str(error).split()) or type(error).__name__
            return Check(title, None, text, "run clouddeploy with --debug and report it")

    return check
