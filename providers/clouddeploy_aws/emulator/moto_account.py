"""EC2, ELB, IAM and STS by moto, called without a web server, with what moto leaves out.

moto lets subnets and VPCs go while something is in them and knows no AWS-managed policies
unless it loads all of them; here deleting is refused as EC2 refuses it, and only the policies
that clusters need are loaded.
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import parse_qs

from moto.core import responses
from moto.core.request import Request
from moto.core.utils import utcnow
from moto.ec2.models import ec2_backends
from moto.ec2.models.security_groups import SecurityGroupRule
from moto.ec2.responses import EC2Response
from moto.elbv2.models import elbv2_backends
from moto.elbv2.responses import ELBV2Response
from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, iam_backends
from moto.iam.responses import IamResponse
from moto.sts.models import sts_backends
from moto.sts.responses import TokenResponse

from clouddeploy.emulator.clock import Clock
from clouddeploy_aws.emulator import ec2_rules, elb_rules, iam_rules, query, sts_rules
from clouddeploy_aws.emulator.answers import Answer, ServiceError, unreadable
from clouddeploy_aws.emulator.idempotency import ClientTokens
from clouddeploy_aws.emulator.lag import Lag
from clouddeploy_aws.emulator.quotas import DEFAULTS
from clouddeploy_aws.emulator.sigv4 import Key, Received
from clouddeploy_aws.partitions import partition

_SERVICES: dict[str, Any] = {
    "ec2": EC2Response,
    "elasticloadbalancing": ELBV2Response,
    "iam": IamResponse,
    "sts": TokenResponse,
}
_POLICIES = ("AmazonEKS", "AmazonEC2ContainerRegistry", "AdministratorAccess")
_USER = "rehearsal"

os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")  # thousands that no cluster here starts
logging.getLogger("moto").setLevel(logging.ERROR)
# moto looks through a service's hundreds of methods on every request, which is a fifth of its time.
responses.__dict__["method_names_from_class"] = cache(responses.__dict__["method_names_from_class"])


def _same_rule(one: Any, other: Any) -> bool:
    """Whether two rules of a security group are one; a description makes none another (EC2 API reference)."""
    return _without_description(one) == _without_description(other)


def _without_description(rule: Any) -> tuple[object, ...]:
    group = {key: value for key, value in rule.source_group.items() if key != "Description"}
    ranges = rule.ip_range.get("CidrIp"), rule.ip_range.get("CidrIpv6")
    return rule.ip_protocol, rule.from_port, rule.to_port, ranges, group, rule.prefix_list_id


SecurityGroupRule.__eq__ = _same_rule  # type: ignore[method-assign]

_UNKNOWN_FEATURE = re.compile(r"<item>metal-compatibility</item>")
"""moto has it from newer answers of EC2 than the description in botocore knows."""


class MotoAccount:
    """One account's EC2, ELB, IAM and STS; moto keeps accounts apart, regions too."""

    def __init__(self, account: str, region: str, clock: Clock) -> None:
        self.account = account
        self.region = region
        self.partition = partition(region).name
        self.access_key = self.secret_key = ""
        self.expired: set[str] = set()
        self.limits = dict(DEFAULTS)
        self.lag = Lag(clock, lambda: self.ec2)
        self._tokens = ClientTokens()
        self.reset()

    def reset(self) -> None:
        """An empty account with one user, who may do everything; the access key stays the same."""
        self.expired.clear()
        self.limits.update(DEFAULTS)
        self.lag.clear()
        self._tokens.clear()
        for backends in (ec2_backends, elbv2_backends, iam_backends, sts_backends):
            for backend in list(backends[self.account].values()):
                backend.reset()
        self.iam = iam_backends[self.account][self.partition]
        self.ec2 = ec2_backends[self.account][self.region]
        self._load_policies()
        self.iam.create_user(self.region, _USER)
        self._register_key()

    def expire(self) -> None:
        """The key's time is over; from here on the account's user has another one."""
        self.expired.add(self.access_key)
        key = self.iam.create_access_key(_USER, prefix="AKIA")
        self.access_key, self.secret_key = str(key.access_key_id), str(key.secret_access_key)

    def add_user(self, name: str) -> tuple[str, str]:
        """Another user: the access key's id and its secret."""
        self.iam.create_user(self.region, name)
        key = self.iam.create_access_key(name, prefix="AKIA")
        return str(key.access_key_id), str(key.secret_access_key)

    def key_of(self, access_key: str) -> Key | None:
        """A user's or an assumed role's key."""
        session = self._assumed(access_key)
        if session:
            return Key(str(session.secret_access_key), str(session.session_token))
        key = self.iam.access_keys.get(access_key)
        return Key(str(key.secret_access_key)) if key else None

    def is_expired(self, access_key: str) -> bool:
        """Whether a key's time is over; that of an assumed role's is real time."""
        session = self._assumed(access_key)
        return access_key in self.expired or bool(session and session.expiration <= utcnow())

    def arn_of(self, access_key: str) -> str:
        """The principal as `get_caller_identity` names it."""
        sts = sts_backends[self.account][self.partition]
        return str(sts.get_caller_identity(access_key, self.region)[1])

    def check_simulation(self, form: Mapping[str, str]) -> None:
        """ServiceError for a simulation of nobody, which moto does not have."""
        iam_rules.check(form, self.iam, self.account)

    def answer(self, service: str, request: Received, caller: str) -> Answer:
        """Have moto answer a request of `caller`, an ARN."""
        form = _form(request)
        if service == "sts":
            sts_rules.check(form, self.iam, caller)
        if service == "iam":
            return self._answer_iam(request, form)
        if service == "elasticloadbalancing":
            elb_rules.check(form, self._balancers())
        if service != "ec2":
            return self._dispatch(service, request, form)
        with self.lag.around(form):
            ec2_rules.check(form, ec2_rules.Ec2(self.ec2, self._balancers(), self.limits))
            answer = self._tokens.answer(form) or self._dispatch(service, request, form)
        self._tokens.keep(form, answer)
        return answer

    def _answer_iam(self, request: Received, form: Mapping[str, str]) -> Answer:
        self.lag.check_role(form)
        iam_rules.check(form, self.iam, self.account)
        answer = self._dispatch("iam", request, form)
        if answer.status == 200:
            self.lag.note_role(form)
        return answer

    def _dispatch(self, service: str, request: Received, form: Mapping[str, str]) -> Answer:
        headers = {name: value for name, value in request.headers.items() if name != "content-length"}
        headers["x-moto-account-id"] = self.account
        url = f"https://{service}.{self.region}.amazonaws.com/"
        received = Request.from_primitives(request.method, url, headers, request.body)
        try:
            status, answered, body = _SERVICES[service].dispatch(received, url, received.headers)
        except NotImplementedError as error:
            raise ServiceError("InvalidAction", str(error)) from error
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise unreadable(service) from error
        except Exception as error:  # moto fails in many ways on actions that it does not know
            raise ServiceError("InternalError", f"moto: {error}", status=500) from error
        if form.get("Action") == "DescribeInstanceTypes":
            body = _UNKNOWN_FEATURE.sub("", body.decode() if isinstance(body, bytes) else body)
        content = {"Content-Type": str(answered.get("Content-Type", "text/xml"))}
        return Answer(int(status), content, body.encode() if isinstance(body, str) else body)

    def action(self, request: Received) -> str:
        """The Action parameter."""
        return _form(request).get("Action", "")

    def asked(self, service: str, request: Received) -> dict[str, str]:
        """A request's parameters in the query protocol's flat names; ServiceError for what is forbidden."""
        form = _form(request)
        query.check(service, form)
        return form

    def tags(self, resource: str) -> Mapping[str, str]:
        """The tags of something of EC2's."""
        found: Mapping[str, str] = self.ec2.tags.get(resource, {})
        return found

    def associated(self, association: str) -> list[str]:
        """The route table and the subnet that an association joins."""
        joined = (one for table in self.ec2.route_tables.values() for one in table.associations)
        return [
            str(one[key])
            for one in joined
            if one["RouteTableAssociationId"] == association
            for key in ("RouteTableId", "SubnetId")
            if one.get(key)
        ]

    def billed(self) -> list[tuple[str, str, Mapping[str, str]]]:
        """What EC2 and ELB bill: kind, id, tags."""
        ec2 = self.ec2
        gateways = [one for one in ec2.nat_gateways.values() if one.state != "deleted"]
        return [
            *(("load balancer", one.arn, {}) for one in self._balancers()),
            *(("volume", one.id, _tags(one)) for one in ec2.volumes.values()),
            *(("Elastic IP address", str(one.allocation_id), _tags(one)) for one in ec2.addresses),
            *(("NAT gateway", one.id, _tags(one)) for one in gateways),
        ]

    def _balancers(self) -> list[Any]:
        return list(elbv2_backends[self.account][self.region].load_balancers.values())

    def _assumed(self, access_key: str) -> Any:
        sts = sts_backends[self.account][self.partition]
        return sts.get_assumed_role_from_access_key(access_key)

    def _register_key(self) -> None:
        key = self.iam.create_access_key(_USER, prefix="AKIA")
        if self.access_key:
            del self.iam.access_keys[key.access_key_id]
            key.access_key_id, key.secret_access_key = self.access_key, self.secret_key
            self.iam.access_keys[self.access_key] = key
        self.access_key, self.secret_key = str(key.access_key_id), str(key.secret_access_key)

    def _load_policies(self) -> None:
        for name, data in _managed_policies().items():
            policy = AWSManagedPolicy.from_data(name, self.account, self.region, data)
            self.iam.managed_policies[policy.arn] = policy


def _form(request: Received) -> dict[str, str]:
    every = parse_qs(request.body.decode(), keep_blank_values=True)
    return {key: values[0] for key, values in every.items()}


def _tags(resource: Any) -> dict[str, str]:
    return {tag["key"]: tag["value"] for tag in resource.get_tags()}


@cache
def _managed_policies() -> dict[str, Any]:
    """Read once: the whole file holds more than a thousand."""
    every = json.loads(aws_managed_policies_data)
    return {name: data for name, data in every.items() if name.startswith(_POLICIES)}
