"""How each service says that a request breaks the rules of its description.

Sources: what users report in public issue trackers and logs. ECR: `Invalid parameter at 'imageIds' failed to
satisfy constraint: 'Member must have length less than or equal to 100'`. IAM, STS and ELB: `1 validation
error detected: Value 'x' at 'y' failed to satisfy constraint: Member must …`; SES, of the same protocol, for
the form itself: MalformedInput. DynamoDB, of ECR's protocol, for a value of another type:
SerializationException. EC2: MissingParameter, UnknownParameter and InvalidParameterValue as its API reference
has them. UNVERIFIED: EKS's texts, Service Quotas' code, what EC2 and IAM say of a text in place of a list.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from clouddeploy_aws.emulator.answers import ServiceError
from clouddeploy_aws.emulator.constraints import (
    ENUM,
    LEAST,
    MOST,
    PATTERN,
    REQUIRED,
    TYPE,
    UNKNOWN,
    Broken,
    Path,
)


def refusal(service: str, found: Sequence[Broken]) -> ServiceError:
    """The service's answer to a request that breaks these rules, which are one or more."""
    return _WORDS[service](found)


def _ec2(found: Sequence[Broken]) -> ServiceError:
    """One at a time, as EC2 does."""
    first = found[0]
    name = ".".join(map(str, first.path))
    match first.rule:
        case rule if rule == REQUIRED:
            return ServiceError("MissingParameter", f"The request must contain the parameter {name}")
        case rule if rule == UNKNOWN or (rule == TYPE and first.limit in {"structure", "list"}):
            return ServiceError("UnknownParameter", f"The parameter {name} is not recognized")
    lowered = name[0].lower() + name[1:]
    text = f"Value ( {first.value} ) for parameter {lowered} is invalid."
    if first.rule in {LEAST, MOST}:
        text += f" Expecting a value {_bound(first)}."
    return ServiceError("InvalidParameterValue", text)


def _query(found: Sequence[Broken]) -> ServiceError:
    malformed = next((one for one in found if one.rule == TYPE), None)
    if malformed is not None:
        return ServiceError("MalformedInput", _FORMS.get(malformed.limit, "Unexpected input"))
    return ServiceError("ValidationError", _coral(found))


def _iam(found: Sequence[Broken]) -> ServiceError:
    """Of names IAM says it in words of its own."""
    name = next((one for one in found if one.rule == PATTERN and one.limit == _NAMES), None)
    if name is None:
        return _query(found)
    text = f"The specified value for {_path(name.path)} is invalid. It must contain only alphanumeric "
    return ServiceError("ValidationError", f"{text}characters and/or the following: +=,.@_-")


def _quotas(found: Sequence[Broken]) -> ServiceError:
    return _unserializable(found) or ServiceError("ValidationException", _coral(found))


def _json(found: Sequence[Broken]) -> ServiceError:
    mistyped = _unserializable(found)
    if mistyped is not None:
        return mistyped
    text = "; ".join(
        f"Invalid parameter at '{_path(one.path)}' failed to satisfy constraint: '{_must(one, _ECR_PATTERN)}'"
        for one in found
    )
    return ServiceError("InvalidParameterException", text)


_WORDS: Mapping[str, Callable[[Sequence[Broken]], ServiceError]] = {
    "ec2": _ec2,
    "ecr": _json,
    "eks": _json,
    "elasticloadbalancing": _query,
    "iam": _iam,
    "servicequotas": _quotas,
    "sts": _query,
}

_FORMS = {
    "list": "Unexpected list element termination",
    "structure": "Unexpected complex element termination",
}

_NAMES = r"[\w+=,.@-]+"
"""The pattern of the names of users, roles, policies and instance profiles."""

_ECR_PATTERN = "must satisfy regular expression '{}'"
_CORAL_PATTERN = "Member must satisfy regular expression pattern: {}"


def _coral(found: Sequence[Broken]) -> str:
    """All of them, as the framework behind most services says it."""
    said = [
        f"Value {_quoted(one)} at '{_path(one.path)}' failed to satisfy constraint: "
        f"{_must(one, _CORAL_PATTERN)}"
        for one in found
    ]
    return f"{len(said)} validation error{'s' if len(said) > 1 else ''} detected: {'; '.join(said)}"


def _quoted(one: Broken) -> str:
    return "null" if one.value is None else f"'{one.value}'"


def _path(path: Path) -> str:
    """`tags.1.member.key`."""
    parts = [f"{part}.member" if isinstance(part, int) else part[:1].lower() + part[1:] for part in path]
    return ".".join(parts)


def _must(one: Broken, pattern: str) -> str:
    match one.rule:
        case rule if rule == ENUM:
            return f"Member must satisfy enum value set: [{', '.join(one.limit)}]"
        case rule if rule == PATTERN:
            return pattern.format(one.limit)
        case rule if rule in {LEAST, MOST}:
            measure = "value" if one.kind in {"integer", "long", "float", "double"} else "length"
            return f"Member must have {measure} {_bound(one)}"
    return "Member must not be null"


def _bound(one: Broken) -> str:
    return f"{'greater' if one.rule == LEAST else 'less'} than or equal to {one.limit}"


def _unserializable(found: Sequence[Broken]) -> ServiceError | None:
    mistyped = next((one for one in found if one.rule == TYPE), None)
    return ServiceError("SerializationException", _mistyped(mistyped)) if mistyped else None


def _mistyped(one: Broken) -> str:
    if isinstance(one.value, dict):
        return "Start of structure or map found where not expected."
    if isinstance(one.value, list):
        return "Start of list found where not expected."
    if one.limit in {"structure", "map", "list"}:
        return "Unexpected field type"
    return f"{_token(one.value)} can not be converted to {_NOUNS.get(one.limit, 'a Double')}"


_NOUNS = {"string": "a String", "integer": "an Integer", "long": "a Long", "boolean": "a Boolean"}


def _token(value: Any) -> str:
    if isinstance(value, bool):
        return f"{str(value).upper()}_VALUE"
    return "STRING_VALUE" if isinstance(value, str) else "NUMBER_VALUE"
