"""The keys of a service's volumes, and what they need of each other."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Annotated, Any

from pydantic import PlainValidator, WithJsonSchema

from clouddeploy.app import fields as f
from clouddeploy.app.model import Service, claim_name
from clouddeploy.app.problems import Problem, quoted
from clouddeploy.app.scalar import Scalar
from clouddeploy.app.source import Document, Where

EXAMPLE = "for example {name: data, mount: /data, size: 1Gi}"
_MOUNT = r"/[^:]+"
_SIZE = r"[0-9]+(\.[0-9]+)?(Mi|Gi|Ti|M|G|T)"
_GIB = {"Mi": Decimal(2) ** -10, "Gi": Decimal(1), "Ti": Decimal(2) ** 10}
_BYTES = {"M": 10**6, "G": 10**9, "T": 10**12}
_MOST_GIB = 64 * 1024
_SYSTEM = ("proc", "sys", "dev")


def size(value: Any) -> int:
    """A volume's size as 10Gi or 500Mi, in GiB, rounded up: clouds sell whole ones."""
    written = value.text if isinstance(value, Scalar) else value
    if not isinstance(written, str) or len(written) > 20 or not (match := re.fullmatch(_SIZE, written)):
        digits = re.match(r"[0-9]+", written) if isinstance(written, str) else None
        fix = f"write {digits.group()[:12]}Gi" if digits else "write it as 1Gi or 500Mi"
        raise f.FieldError(f"expected a size with a unit, not {f.kind(value)}", fix)
    unit = match[2]
    number = Decimal(written.removesuffix(unit))
    gib = math.ceil(number * _GIB[unit] if unit in _GIB else number * _BYTES[unit] / 2**30)
    if not 1 <= gib <= _MOST_GIB:
        raise f.FieldError(f"a volume of {written} is out of range", "write a size from 1Gi to 64Ti")
    return gib


def mount(value: Any) -> str:
    """The absolute path of a folder in the container; not the root, nor what the kernel fills."""
    written = f.text(value)
    parts = written.strip("/").split("/")
    if not re.fullmatch(_MOUNT, written) or {"", ".", ".."} & set(parts):
        raise f.FieldError(f"{quoted(written)} is no folder to mount at", "write an absolute path: /data")
    if parts[0] in _SYSTEM:
        raise f.FieldError(f"{quoted(written)} belongs to the system", "mount it elsewhere: /data")
    return "/" + "/".join(parts)


Mount = Annotated[str, PlainValidator(mount), WithJsonSchema({"type": "string", "pattern": f"^{_MOUNT}$"})]
Size = Annotated[int, PlainValidator(size), WithJsonSchema({"type": "string", "pattern": f"^({_SIZE})$"})]


def one_replica(replicas: int, service: Service) -> tuple[str, str] | None:
    """What is wrong with so many replicas, and the fix; None when nothing is."""
    if not service.volumes or replicas <= 1:
        return None
    names = " and ".join(volume.name for volume in service.volumes)
    message = f"{replicas} replicas cannot share {names}: a volume belongs to one node"
    return message, f"write replicas: 1, or take volumes from {service.name}"


def volume_checks(document: Document, services: Sequence[Service]) -> Iterator[Problem]:
    """Names and places that must not be taken twice, and more replicas than a volume serves."""
    claims: dict[str, str] = {}
    for service in services:
        where: Where = ("services", service.name)
        if wrong := one_replica(service.replicas, service):
            yield document.problem((*where, "replicas"), wrong[0], fix=wrong[1])
        yield from _twice(document, service, "name", [volume.name for volume in service.volumes])
        yield from _twice(document, service, "mount", [volume.mount for volume in service.volumes])
        for at, volume in enumerate(service.volumes):
            name = claim_name(service.name, volume)
            if claims.setdefault(name, service.name) != service.name:
                message = f"this volume and one of {claims[name]} would both be called {name} in the cluster"
                place = (*where, "volumes", at, "name")
                yield document.problem(place, message, fix="give one of them another name")


def _twice(document: Document, service: Service, key: str, values: Sequence[str]) -> Iterator[Problem]:
    for at, value in enumerate(values):
        if value in values[:at]:
            where: Where = ("services", service.name, "volumes", at, key)
            message = f"{service.name} has two volumes with the {key} {value}"
            yield document.problem(where, message, fix=f"give one of them another {key}")
