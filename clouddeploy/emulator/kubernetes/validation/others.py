"""Services, configuration, Ingress and the rest."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from typing import Any

from clouddeploy.emulator.kubernetes.status import ApiError
from clouddeploy.emulator.kubernetes.validation.problems import Problems
from clouddeploy.emulator.kubernetes.validation.quantities import amount

Json = Mapping[str, Any]
Check = Callable[[Json | None, Json, Problems], None]

_SERVICE_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_KEY_RULE = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' "
    "(e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)
_CLAIM_RULE = (
    "spec is immutable after creation except resources.requests and "
    "volumeAttributesClassName for bound claims"
)


def _service(old: Json | None, new: Json, problems: Problems) -> None:
    spec = new["spec"]
    problems.supported("spec.type", spec["type"], _SERVICE_TYPES)
    ports = spec.get("ports") or []
    if not ports and spec["type"] != "ExternalName" and spec.get("clusterIP") != "None":
        problems.required("spec.ports")
    names: set[str] = set()
    seen: set[tuple[int, str]] = set()
    for number, port in enumerate(ports):
        field = f"spec.ports[{number}]"
        _check_port(field, port, problems, named=len(ports) > 1)
        _check_unique(field, port, names, seen, problems)
    _check_address(old, new, problems)


def _check_port(field: str, port: Json, problems: Problems, *, named: bool) -> None:
    if port.get("name"):
        problems.label(f"{field}.name", port["name"])
    elif named:
        problems.required(f"{field}.name")
    problems.port(f"{field}.port", port.get("port", 0))
    problems.supported(f"{field}.protocol", port.get("protocol"), ("SCTP", "TCP", "UDP"))
    problems.port_or_name(f"{field}.targetPort", port.get("targetPort", port.get("port", 0)))


def _check_unique(
    field: str, port: Json, names: set[str], seen: set[tuple[int, str]], problems: Problems
) -> None:
    name, place = port.get("name"), (port.get("port", 0), port.get("protocol", ""))
    if name and name in names:
        problems.duplicate(f"{field}.name", name)
    if place in seen:
        same = {"Name": "", "Protocol": place[1], "AppProtocol": None, "Port": place[0]}
        problems.duplicate(field, {**same, "TargetPort": 0, "NodePort": 0})
    names.add(name or "")
    seen.add(place)


def _check_address(old: Json | None, new: Json, problems: Problems) -> None:
    before = ((old or {}).get("spec") or {}).get("clusterIPs")
    after = new["spec"].get("clusterIPs")
    if before and after and before != after and new["spec"]["type"] != "ExternalName":
        problems.invalid("spec.clusterIPs[0]", after, "may not change once set")


def _check_keys(field: str, data: Json, problems: Problems) -> None:
    for key in data:
        if not re.fullmatch(r"[-._a-zA-Z0-9]+", key):
            problems.invalid(f"{field}[{key}]", key, _KEY_RULE)


def _config_map(old: Json | None, new: Json, problems: Problems) -> None:
    _check_keys("data", new.get("data") or {}, problems)
    _check_immutable(old, new, problems)


def _secret(old: Json | None, new: Json, problems: Problems) -> None:
    data = new.get("data") or {}
    for value in data.values():
        _check_base64(value)
    _check_keys("data", data, problems)
    if new["type"] == "kubernetes.io/dockerconfigjson" and ".dockerconfigjson" not in data:
        problems.required("data[.dockerconfigjson]")
    if old is not None and old.get("type") != new["type"]:
        problems.invalid("type", new["type"], "field is immutable")
    _check_immutable(old, new, problems)


def _check_base64(value: str) -> None:
    try:
        base64.b64decode(value, validate=True)
    except binascii.Error as error:
        bad = re.search(r"[^A-Za-z0-9+/=]", value)
        place = bad.start() if bad else len(value)
        text = (
            f'Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte {place}'
        )
        raise ApiError(400, "BadRequest", text) from error


def _check_immutable(old: Json | None, new: Json, problems: Problems) -> None:
    if old is None or not old.get("immutable"):
        return
    if old.get("data") != new.get("data") or not new.get("immutable"):
        problems.forbidden("data", "field is immutable when `immutable` is set")


def _ingress(_old: Json | None, new: Json, problems: Problems) -> None:
    spec = new.get("spec") or {}
    if not spec.get("rules") and not spec.get("defaultBackend"):
        problems.invalid("spec", [], "either `defaultBackend` or `rules` must be specified")
    for number, rule in enumerate(spec.get("rules") or []):
        field = f"spec.rules[{number}]"
        if host := rule.get("host"):
            problems.subdomain(f"{field}.host", host.removeprefix("*."))
        for place, path in enumerate((rule.get("http") or {}).get("paths") or []):
            _check_path(f"{field}.http.paths[{place}]", path, problems)


def _check_path(field: str, path: Json, problems: Problems) -> None:
    kind = path.get("pathType")
    if kind is None:
        problems.required(f"{field}.pathType", "pathType must be specified")
        return
    problems.supported(f"{field}.pathType", kind, ("Exact", "ImplementationSpecific", "Prefix"))
    if kind != "ImplementationSpecific" and not path.get("path", "").startswith("/"):
        problems.invalid(f"{field}.path", path.get("path", ""), "must be an absolute path")


def _claim(old: Json | None, new: Json, problems: Problems) -> None:
    spec = new["spec"]
    if not spec.get("accessModes"):
        problems.required("spec.accessModes", "at least 1 access mode is required")
    requests = (spec.get("resources") or {}).get("requests") or {}
    if "storage" not in requests:
        problems.required("spec.resources[storage]")
    elif amount(requests["storage"]) <= 0:
        problems.invalid("spec.resources[storage]", requests["storage"], "must be greater than zero")
    elif old is not None:
        _check_claim_change(old, new, problems)


def _check_claim_change(old: Json, new: Json, problems: Problems) -> None:
    """A bound claim may ask for more; a volume's name and a class may be added, nothing else."""
    status = old.get("status") or {}
    bound = status.get("phase") == "Bound"
    settable = [key for key in ("volumeName", "storageClassName") if not old["spec"].get(key)]
    left_out = {"resources" if bound else "", *settable}
    before, after = ({k: v for k, v in each["spec"].items() if k not in left_out} for each in (old, new))
    if before != after:
        problems.forbidden("spec", _CLAIM_RULE)
    asked, had = (amount(each["spec"]["resources"]["requests"]["storage"]) for each in (new, old))
    capacity = (status.get("capacity") or {}).get("storage", "0")
    if asked < had and asked <= amount(capacity):
        problems.forbidden("spec.resources.requests.storage", "field can not be less than status.capacity")


CHECKS: Mapping[str, Check] = {
    "ConfigMap": _config_map,
    "Ingress": _ingress,
    "PersistentVolumeClaim": _claim,
    "Secret": _secret,
    "Service": _service,
}
