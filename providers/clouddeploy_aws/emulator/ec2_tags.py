"""What EC2 refuses in tags and moto lets pass.

Sources: EC2 API reference, Tag and TagSpecification; EC2 user guide, "Tag restrictions": of the two lengths
that they give for a key the longer. UNVERIFIED: the texts about a length, an empty key and AWS's prefix.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from clouddeploy_aws.emulator.answers import ServiceError

Form = Mapping[str, str]

_TAG = re.compile(r"(((?:TagSpecification\.\d+\.)?)Tag\.\d+\.)")
_SPECIFICATION = re.compile(r"TagSpecification\.\d+\.")
_KEY_MAX, _VALUE_MAX = 128, 256

_TAGGABLE = {
    "AllocateAddress": "elastic-ip",
    "CreateInternetGateway": "internet-gateway",
    "CreateRouteTable": "route-table",
    "CreateSecurityGroup": "security-group",
    "CreateSubnet": "subnet",
    "CreateVolume": "volume",
    "CreateVpc": "vpc",
}


def check(form: Form) -> None:
    """InvalidParameterValue for tags that EC2 takes of nobody."""
    for specification in sorted({match[0] for name in form if (match := _SPECIFICATION.match(name))}):
        _check_specification(form, specification)
    seen = set()
    for place, key, value in _tags(form):
        _check_tag(key, value)
        if (place, key) in seen:
            raise _invalid(f"Duplicate tag key '{key}' specified.")
        seen.add((place, key))


def _check_specification(form: Form, prefix: str) -> None:
    kind = form.get(f"{prefix}ResourceType")
    if kind is None:
        raise _invalid("Tag specification resource type must have a value")
    if kind != _TAGGABLE.get(form.get("Action", ""), kind):
        raise _invalid(f"'{kind}' is not a valid taggable resource type for this operation.")
    if not any(name.startswith(f"{prefix}Tag.") for name in form):
        raise _invalid("Tag specification must have at least one tag")


def _tags(form: Form) -> Iterator[tuple[str, str, str]]:
    for place, of in dict.fromkeys(match.groups() for name in form if (match := _TAG.match(name))):
        yield of, form.get(f"{place}Key", ""), form.get(f"{place}Value", "")


def _check_tag(key: str, value: str) -> None:
    if key.lower().startswith("aws:"):
        raise _invalid("Tag keys starting with 'aws:' are reserved for internal use")
    if not key:
        raise _invalid("Tag key must not be empty")
    if len(key) > _KEY_MAX:
        raise _invalid(f"Tag key exceeds the maximum length of {_KEY_MAX} characters")
    if len(value) > _VALUE_MAX:
        raise _invalid(f"Tag value exceeds the maximum length of {_VALUE_MAX} characters")


def _invalid(text: str) -> ServiceError:
    return ServiceError("InvalidParameterValue", text)
