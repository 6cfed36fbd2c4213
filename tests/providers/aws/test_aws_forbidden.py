"""What AWS's own models forbid is refused by the emulated account, in each service's own words.

A whole life of an app and its cluster is lived. Just before the first call of each kind, every request
beside it that its model forbids is sent to the same account in the same state; the life goes on as ever.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import boto3
from botocore.serialize import create_serializer

from moto_fixtures.aws import REGION, AwsAccount, Seed
from tests.providers.aws.life import census, run_up, steps_of
from tests.providers.aws.others import SERVICES, call_others
from tests.providers.aws.record import Call, Recorder, live
from tests.providers.aws.siege import Siege
from tests.providers.aws.wire import FORM, Sent, encoded, send

_LEAST = {"ec2": 150, "ecr": 80, "eks": 45, "elasticloadbalancing": 2, "iam": 100, "servicequotas": 10}
"""So many are sent at least in the life of a cluster."""

_READS = ("Batch", "Describe", "Get", "List", "Simulate")


def test_what_the_models_forbid_is_refused_and_changes_nothing(
    aws_account: AwsAccount, record_property: Callable[[str, object], None]
) -> None:
    undisturbed = _writes(live(aws_account)), census(aws_account)
    aws_account.cloud.reset()
    siege = Siege(aws_account)
    disturbed = _writes(live(aws_account, Recorder(before=siege))), census(aws_account)
    print(siege.table())
    assert siege.wrong == []
    assert disturbed == undisturbed
    for service, least in _LEAST.items():
        assert siege.sent[service] >= least, service
    operations = {kind[:2] for kind in siege.kinds}
    record_property("refusals", f"aws: {sum(siege.sent.values())} beside {len(operations)} operations")


def _writes(calls: list[Call]) -> Counter[tuple[str, int]]:
    """In an order that depends on random ids."""
    return Counter((call.action, call.status) for call in calls if not call.model.name.startswith(_READS))


def test_so_is_what_is_forbidden_in_calls_that_users_make_themselves(aws_account: AwsAccount) -> None:
    run_up(aws_account, steps_of(aws_account))
    aws_account.plant(Seed(repositories=("shop/web",)))
    aws_account.assumable("ci")
    siege = Siege(aws_account)
    session: Any = boto3.Session()
    clients = {name: siege.watch(session.client(name, region_name=REGION)) for name in SERVICES}
    call_others(clients)
    print(siege.table())
    assert siege.wrong == []
    assert sum(siege.sent.values()) > 200
    assert siege.sent["sts"] > 10


def test_json_services_read_past_what_they_do_not_know_and_past_null(aws_account: AwsAccount) -> None:
    create = aws_account.client("ecr").meta.service_model.operation_model("CreateRepository")
    more = {"tags": None, "imageScanningConfiguration": None, "colour": {"red": 1}}
    answer = send(aws_account, "ecr", encoded(create, {"repositoryName": "shop/web", **more}))
    assert answer.status == 200
    assert aws_account.client("ecr").list_images(repositoryName="shop/web")["imageIds"] == []


def test_an_operation_that_there_is_not(aws_account: AwsAccount) -> None:
    for service in ("ec2", "elasticloadbalancing", "iam", "sts"):
        answer = send(aws_account, service, Sent("POST", "/", b"Action=MakeCoffee&Version=1", FORM))
        assert (answer.status, answer.code) == (400, "InvalidAction")


def test_requests_are_written_as_botocore_writes_them(aws_account: AwsAccount) -> None:
    """Else what is refused might be our way of writing it."""
    for call in live(aws_account):
        if call.model.input_shape:
            assert _parts(encoded(call.model, call.sent)) == _botocores(call), call.action


def _parts(sent: Sent) -> tuple[str, str, Any]:
    path, _, query = sent.path.partition("?")
    if "json" in sent.headers["Content-Type"]:
        return sent.method, path, {**json.loads(sent.body or b"{}"), **dict(parse_qsl(query))}
    return sent.method, path, dict(parse_qsl(sent.body.decode(), keep_blank_values=True))


def _botocores(call: Call) -> tuple[str, str, Any]:
    protocol = call.model.service_model.metadata["protocol"]
    made = create_serializer(protocol).serialize_to_request(call.sent, call.model)
    body = made["body"]
    if isinstance(body, dict):
        return made["method"], made["url_path"], {name: str(value) for name, value in body.items()}
    query = {name: str(value) for name, value in dict(made["query_string"]).items()}
    return made["method"], made["url_path"], {**json.loads(body or b"{}"), **query}
