"""A whole life of an app and its cluster, every call of it written down as botocore sent and read it."""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from clouddeploy.conformance.images import TinyImage
from clouddeploy.contract import OWNER_TAG, ClusterSpec
from clouddeploy.oci.client import RegistryClient
from clouddeploy.push import push_image
from clouddeploy_aws.clusters import EksClusters
from clouddeploy_aws.doctor import AwsDoctor
from clouddeploy_aws.emulator.faults import Fault
from clouddeploy_aws.images import EcrImages
from clouddeploy_aws.inventory import AwsInventory
from clouddeploy_aws.provisioner import EksProvisioner
from clouddeploy_aws.registry import EcrRegistry
from clouddeploy_aws.session import Session
from clouddeploy_aws.steps.naming import role_name
from moto_fixtures.aws import REGION, AwsAccount
from tests.providers.aws.life import WRONG_TRUST, groups_in_a_circle, run_down, run_up


@dataclass(frozen=True)
class Call:
    """One call: its botocore model, what was sent, what came back with which status."""

    model: Any
    sent: Mapping[str, Any]
    answer: Mapping[str, Any]
    status: int

    @property
    def service(self) -> str:
        return str(self.model.service_model.signing_name)

    @property
    def action(self) -> str:
        """As an IAM policy names it."""
        return f"{self.service}:{self.model.name}"


def _nothing(model: Any, params: Mapping[str, Any]) -> None:
    """What most recordings do before a call."""


@dataclass
class Recorder:
    """Writes down what the clients of sessions do; `before` is called with each model and its parameters."""

    calls: list[Call] = field(default_factory=list)
    before: Callable[[Any, Mapping[str, Any]], None] = _nothing
    _under_way: threading.local = field(default_factory=threading.local)  # a thread makes one call at a time

    def session(self, account: AwsAccount, **settings: Any) -> Session:
        """A session whose calls are written down."""
        made = Session(account.target(**settings))
        own = (made.ecr, made.eks, made.ec2, made.ec2_once, made.elb, made.quotas, made.iam, made.sts)
        for client in own:
            client.meta.events.register("before-parameter-build", self._ask)
            client.meta.events.register("response-received", self._receive)
            client.meta.events.register("after-call", self._answer)
        return made

    def _ask(self, params: Mapping[str, Any], model: Any, **_: Any) -> None:
        self.before(model, params)
        self._under_way.sent = dict(params)

    def _receive(self, parsed_response: Mapping[str, Any] | None, **_: Any) -> None:
        """Kept as it came: botocore then turns the JSON inside some strings into mappings."""
        answer = {key: value for key, value in (parsed_response or {}).items() if key != "ResponseMetadata"}
        self._under_way.received = copy.deepcopy(answer)

    def _answer(self, model: Any, http_response: Any, **_: Any) -> None:
        self.calls.append(
            Call(model, self._under_way.sent, self._under_way.received, http_response.status_code)
        )


def live(account: AwsAccount, recorder: Recorder | None = None) -> list[Call]:
    """Push, make, look, repair, upgrade, diagnose and delete; every call that we can make."""
    recorder = recorder or Recorder()
    session = recorder.session(account)
    _push(account, recorder, session)
    provisioner = EksProvisioner(session)
    steps = provisioner.steps(ClusterSpec("demo", version="1.35"))
    account.cloud.faults.add(Fault("ec2", "CreateRoute", lost=True))
    run_up(account, steps)
    run_up(account, provisioner.upgrade("demo", None))
    for check in AwsDoctor(session).checks():
        check()
    account.cloud.denied.add("iam:SimulatePrincipalPolicy")
    AwsDoctor(session).checks()[2]()
    AwsInventory(session).machines()
    AwsInventory(session).quotas()
    clusters = EksClusters(session)
    clusters.list()
    clusters.access("demo")
    _damage(account)
    run_up(account, steps)
    account.leave("demo", {"kubernetes.io/cluster/demo": "owned"})
    provisioner.leftovers("demo")
    run_down(account, steps)
    return recorder.calls


def _push(account: AwsAccount, recorder: Recorder, session: Session) -> None:
    EcrRegistry(session).ensure("shop/web")
    EcrRegistry(session).login()
    options = {"immutable": "true", "keep": "10", "scan": "true"}
    EcrRegistry(recorder.session(account, registry=options)).ensure("shop/web")
    images = EcrImages(session)
    assert images.repositories() == ["shop/web"]
    address = EcrRegistry(session).address("shop/web")
    with RegistryClient(account.cloud.host, EcrRegistry(session).login) as client:
        push_image(TinyImage(), address, ["v1"], client)
    images.delete("shop/web", images.list("shop/web"))


def _inline(action: str) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}


def _damage(account: AwsAccount) -> None:
    """What makes a creation repair and a deletion clear away."""
    ec2, iam = account.client("ec2"), account.client("iam")
    role = role_name("demo", REGION, "nodes")
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(WRONG_TRUST))
    iam.put_role_policy(
        RoleName=role, PolicyName="by-hand", PolicyDocument=json.dumps(_inline("s3:ListBucket"))
    )
    iam.create_instance_profile(InstanceProfileName="by-hand")
    iam.add_role_to_instance_profile(InstanceProfileName="by-hand", RoleName=role)
    vpc = ec2.describe_vpcs(Filters=[{"Name": f"tag:{OWNER_TAG}", "Values": ["demo"]}])["Vpcs"][0]["VpcId"]
    groups_in_a_circle(account, vpc)
