"""Every request that we send and every answer that the emulator gives, against Alibaba's own description.

ACK, ACR and the requests of VPC against a copy of the OpenAPI description; VPC, ECS, SLB and STS, requests
and answers, against the models of the official SDKs, which are generated from the same description.
"""

from __future__ import annotations

import importlib
import re
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from clouddeploy import clusters
from clouddeploy.conformance.images import TinyImage
from clouddeploy.contract import ClusterSpec
from clouddeploy.oci.client import RegistryClient
from clouddeploy.push import push_image
from clouddeploy_alibaba.emulator.answers import Answer, Received
from clouddeploy_alibaba.emulator.world import Resource
from clouddeploy_alibaba.sdk import Json
from clouddeploy_alibaba.steps.naming import OWNER_TAG
from moto_fixtures.alibaba import AlibabaAccount
from tests.providers.alibaba.openapi import SERVICES, YOUNGER, Api, spec
from tests.providers.alibaba.sdk_models import PACKAGES, Operation
from tests.providers.callsites import words


class Record:
    """What went over the wire, judged as it went."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.problems: list[str] = []
        self.answers: list[tuple[Api, Json | list[Json]]] = []

    def __call__(self, service: str, action: str, request: Received, answer: Answer) -> None:
        if service not in {*SERVICES, *PACKAGES}:
            return
        self.counts[f"{service}:{action}"] += 1
        judges: list[Api | Operation] = []
        if service in SERVICES:
            judges.append(Api(service, action))
        if service in PACKAGES:
            judges.append(Operation(service, action))
        found = [problem for judge in judges for problem in judge.request_problems(request)]
        if answer.status == 200:
            found += [problem for judge in judges for problem in judge.answer_problems(answer)]
            self.answers += [(judge, answer.body) for judge in judges if isinstance(judge, Api)]
        self.problems += [f"{service}:{action}: {problem}" for problem in found]


@pytest.fixture
def record(alibaba_account: AlibabaAccount) -> Record:
    """A whole life: registry, cluster, access, scale, upgrade, doctor, delete."""
    found = Record()
    alibaba_account.cloud.observe = found
    live(alibaba_account)
    alibaba_account.cloud.observe = None
    return found


def live(account: AlibabaAccount) -> None:
    provider = account.provider(registry={"immutable": "true", "keep": "10"})
    assert provider.provisioner
    assert provider.nodes
    assert provider.doctor
    for _ in range(2):
        provider.registry.ensure("shop/web")
    address = provider.registry.address("shop/web")
    with RegistryClient(address.partition("/")[0], provider.registry.login) as client:
        push_image(TinyImage(), address, ["v1"], client)
    assert provider.images
    assert provider.images.repositories() == ["shop/web"]
    provider.images.delete("shop/web", provider.images.list("shop/web"))
    spec = ClusterSpec("demo", version="1.34", nodes=2, ha=True)
    clusters.up(provider.provisioner.steps(spec), clock=account.clock)
    _forget_the_registry(account)
    clusters.up(provider.provisioner.steps(spec), clock=account.clock)
    provider.clusters.list()
    provider.clusters.access("demo").credential()
    clusters.up(provider.nodes.scale("demo", 4), clock=account.clock)
    clusters.up(provider.provisioner.upgrade("demo", None), clock=account.clock)
    for check in provider.doctor.checks():
        check()
    clusters.down(provider.provisioner.steps(spec), clock=account.clock)
    leave_behind(account)
    assert len(provider.provisioner.leftovers("demo")) == 4


def _forget_the_registry(account: AlibabaAccount) -> None:
    """The pull add-on as somebody left it who did not know the instance."""
    (cluster,) = account.cloud.ack.clusters()
    for addon in cluster.addons.values():
        addon.config = "{}"


def leave_behind(account: AlibabaAccount) -> None:
    """One of each thing that is billed, so that no list of leftovers is empty."""
    tags = {OWNER_TAG: "demo"}
    world = account.cloud.world
    world.add(Resource("vpc", "vpc-left", cidr="10.0.0.0/8", tags=tags))
    world.add(Resource("nat", "ngw-left", vpc_id="vpc-left"))
    for kind in ("slb", "eip"):
        world.add(Resource(kind, f"{kind}-left", name="8.8.4.4", tags=tags))
    account.disk("left", account.provider().traits.storage_parameters)


def test_every_request_and_every_answer_agrees(
    record: Record, record_property: Callable[[str, object], None]
) -> None:
    assert record.problems == []
    assert sum(record.counts.values()) > 100
    told = f"alibaba: {sum(record.counts.values())} of {len(record.counts)} operations"
    record_property("agreement", told)
    print(told, dict(record.counts))


def test_no_service_is_left_out(record: Record) -> None:
    assert {name.partition(":")[0] for name in record.counts} == {*SERVICES, *PACKAGES}


def test_every_write_that_is_described_was_seen(record: Record) -> None:
    described = {
        f"{service}:{name}"
        for service, key in SERVICES.items()
        for name in spec()[key]["apis"]
        if not name.startswith(("Describe", "Get", "List", "Check", "Untag", "UnTag"))
    }
    assert described - set(record.counts) == {"CS:DeleteClusterNodepool"}  # the cluster takes its pools along


def test_every_operation_that_our_source_names_was_seen(record: Record) -> None:
    known = {name.removesuffix("_with_options").rstrip("_") for client in _clients() for name in dir(client)}
    models = [vars(importlib.import_module(f"{package}.models")) for package in PACKAGES.values()]
    known |= {name.removesuffix("Request") for found in models for name in found if name.endswith("Request")}
    named = {word for word in words("alibaba") & known if _VERB.match(word)}
    seen = {_plain(name.partition(":")[2]) for name in record.counts}
    assert {word for word in named if _plain(word) not in seen} == set()
    assert len(named) > 35


_VERB = re.compile(
    r"(check|create|delete|describe|get|install|list|modify|un_?install|upgrade)(_|[A-Z])", re.I
)


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _clients() -> tuple[type, ...]:
    from alibabacloud_cr20181201.client import Client as Acr
    from alibabacloud_cs20151215.client import Client as Ack

    return Ack, Acr


def test_the_sdk_loses_nothing_of_an_answer(record: Record) -> None:
    """The SDK's models drop what they do not know: an answer that comes through whole is all known to it."""
    from alibabacloud_cr20181201 import models as acr
    from alibabacloud_cs20151215 import models as ack

    seen = set()
    for api, body in record.answers:
        if api.service == "VPC" or not isinstance(body, dict) or api.name in seen:
            continue
        models = ack if api.service == "CS" else acr
        model = getattr(models, f"{api.name}ResponseBody", None)
        if model:
            seen.add(api.name)
            assert list(lost(body, model().from_map(body).to_map(), api.name)) == []
    assert len(seen) > 15


def lost(whole: object, rest: object, path: str) -> Iterator[str]:
    """What is in `whole` and not in `rest`."""
    if isinstance(whole, dict) and isinstance(rest, dict):
        for key, value in whole.items():
            yield from lost(value, rest.get(key), f"{path}.{key}")
    elif isinstance(whole, list) and isinstance(rest, list) and len(whole) == len(rest):
        for index, (value, other) in enumerate(zip(whole, rest, strict=True)):
            yield from lost(value, other, f"{path}[{index}]")
    elif whole != rest:
        yield path


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({"name": 1}, ".name is no string: 1"),
        ({"name": "demo"}, ".region_id is missing"),
        ({"nmae": "demo"}, "unknown member .nmae"),
        ({"snat_entry": "no"}, ".snat_entry is no boolean: 'no'"),
        ({"tags": [{"kee": "a"}]}, "unknown member .tags[0].kee"),
        ({"ip_stack": "ipv6"}, ".ip_stack is none of ['ipv4', 'dual']: 'ipv6'"),
    ],
)
def test_the_judge_finds_what_is_wrong(document: Json, problem: str) -> None:
    import json

    request = Received("POST", "/clusters", "", {}, json.dumps(document).encode())
    assert problem in Api("CS", "CreateCluster").request_problems(request)


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("PageSize=many", ".PageSize is no int: 'many'"),
        ("PageSiez=50", "unknown member .PageSiez"),
        ("Tag.1.Key=a&Tag.1.Valeu=b", "unknown member .Tag[0].Valeu"),
        ("Tag=a", ".Tag is no list: 'a'"),
    ],
)
def test_the_models_find_what_is_wrong_in_a_request(query: str, problem: str) -> None:
    request = Received("POST", "/", query, {}, b"")
    assert Operation("ECS", "DescribeDisks").request_problems(request) == [problem]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"TotalCount": "1"}, ".TotalCount is no int: '1'"),
        ({"TotalCont": 1}, "unknown member .TotalCont"),
        ({"Disks": []}, ".Disks is no object: []"),
        ({"Disks": {"Disk": [{"Sise": 20}]}}, "unknown member .Disks.Disk[0].Sise"),
        ({"Disks": {"Disk": [{"Size": True}]}}, ".Disks.Disk[0].Size is no int: True"),
    ],
)
def test_the_models_find_what_is_wrong_in_an_answer(body: Json, problem: str) -> None:
    assert Operation("ECS", "DescribeDisks").answer_problems(Answer(body)) == [problem]


def test_an_operation_that_is_not_there_is_a_problem() -> None:
    assert Operation("ECS", "DescribeDiscs").answer_problems(Answer({})) == ["no such operation"]


def test_what_is_younger_than_the_description_is_known_to_the_sdk() -> None:
    from alibabacloud_cs20151215 import models

    for name, member in YOUNGER:
        assert hasattr(getattr(models, f"{name}Request")(), member)
