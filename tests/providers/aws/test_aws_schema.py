"""Every request that we send and every answer of the emulated account, against AWS's own models.

The models are those that botocore ships: required members, types, lengths, ranges, enums,
patterns; for refusals the errors that the operation declares.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from botocore import xform_name
from botocore.validate import ParamValidator

from moto_fixtures.aws import AwsAccount
from tests.providers.aws.record import Call, live
from tests.providers.callsites import words

_WITH_ERRORS = {"ecr", "eks", "servicequotas", "iam"}
"""Services whose models declare the errors of each operation; EC2's declares none."""

_ATTACHED = ("AttachmentStatus", "available")
"""EC2 API reference, InternetGatewayAttachment: "available when attached", though no enum has it."""


def _problems(shape: Any, value: Any, where: str) -> Iterator[str]:
    report = ParamValidator().validate(value, shape)
    if report.has_errors():
        yield f"{where}: {report.generate_report()}"
    else:
        yield from _values(shape, value, where)


def _values(shape: Any, value: Any, where: str) -> Iterator[str]:
    """What botocore's own validation leaves out: enums and patterns."""
    match shape.type_name:
        case "structure":
            for name, item in value.items():
                yield from _values(shape.members[name], item, f"{where}.{name}")
        case "list":
            for item in value:
                yield from _values(shape.member, item, f"{where}[]")
        case "map":
            for item in value.values():
                yield from _values(shape.value, item, f"{where}{{}}")
        case "string":
            yield from _text(shape, value, where)


def _text(shape: Any, value: str, where: str) -> Iterator[str]:
    if getattr(shape, "enum", None) and value not in shape.enum and (shape.name, value) != _ATTACHED:
        yield f"{where}: {value} is none of {shape.enum}"
    pattern = shape.metadata.get("pattern")
    if pattern and not re.search(_python(pattern), value):
        yield f"{where}: {value} does not match {pattern}"


def _python(pattern: str) -> str:
    """The models write Java's patterns."""
    return pattern.replace(r"\p{IsAlphabetic}", r"\w").replace(r"\p{L}\p{Z}\p{N}", r"\w\s")


def _check(call: Call) -> Iterator[str]:
    if call.model.input_shape:
        yield from _problems(call.model.input_shape, call.sent, f"{call.action} request")
    if call.status < 300 and call.model.output_shape:
        yield from _problems(call.model.output_shape, call.answer, f"{call.action} answer")
    if call.status >= 300 and call.service in _WITH_ERRORS:
        code = call.answer["Error"]["Code"]
        known = {shape.metadata.get("error", {}).get("code", shape.name) for shape in call.model.error_shapes}
        if code not in known | {"AccessDenied"}:
            yield f"{call.action} declares no error {code}"


def test_requests_and_answers_are_what_the_models_say(
    aws_account: AwsAccount, record_property: Callable[[str, object], None]
) -> None:
    calls = live(aws_account)
    problems = [problem for call in calls for problem in _check(call)]
    assert problems == []
    counted = Counter(call.action for call in calls)
    services = Counter(call.service for call in calls)
    told = f"aws: {len(calls)} of {len(counted)} operations"
    record_property("agreement", told)
    print(told, dict(sorted(services.items())))
    print(dict(sorted(counted.items())))
    named = _operations(aws_account)
    assert named - {xform_name(call.model.name) for call in calls} == set()
    assert len(named) > 50
    assert set(services) == {"ec2", "ecr", "eks", "elasticloadbalancing", "iam", "servicequotas", "sts"}


def _operations(account: AwsAccount) -> set[str]:
    """Every operation of the services that our source names."""
    services = ("ec2", "ecr", "eks", "elbv2", "iam", "service-quotas", "sts")
    models = (account.client(service).meta.service_model for service in services)
    return words("aws") & {xform_name(name) for model in models for name in model.operation_names}


def test_the_check_finds_what_is_wrong(aws_account: AwsAccount) -> None:
    model = aws_account.client("eks").meta.service_model.operation_model("CreateCluster")
    wrong = Call(model, {}, {"cluster": {"status": "DONE"}}, 200)
    found = "\n".join(_check(wrong))
    for said in ('"roleArn"', "cluster.status: DONE is none of"):
        assert said in found
    tags = "\n".join(_check(Call(model, {}, {"cluster": {"tags": "x"}}, 200)))
    assert "Invalid type for parameter cluster.tags" in tags
