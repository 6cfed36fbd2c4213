"""A pod's spec, in a pod or in a template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from clouddeploy.emulator.kubernetes.validation.problems import Problems
from clouddeploy.emulator.kubernetes.validation.quantities import amount, check_quantities

Json = Mapping[str, Any]
_PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_HANDLERS = frozenset(("exec", "grpc", "httpGet", "tcpSocket"))


def check_pod_spec(field: str, spec: Json, problems: Problems) -> None:
    """Containers, their ports, variables, probes and mounts."""
    volumes = _check_volumes(f"{field}.volumes", spec.get("volumes") or [], problems)
    if not spec.get("containers"):
        problems.required(f"{field}.containers")
    seen: set[str] = set()
    for group in ("initContainers", "containers"):
        for number, container in enumerate(spec.get(group) or []):
            place = f"{field}.{group}[{number}]"
            _check_name(f"{place}.name", container.get("name"), seen, problems)
            _check_container(place, container, volumes, problems)


def _check_name(field: str, name: str | None, seen: set[str], problems: Problems) -> None:
    if not name:
        problems.required(field)
    elif name in seen:
        problems.duplicate(field, name)
    else:
        problems.label(field, name)
        seen.add(name)


def _check_volumes(field: str, volumes: Sequence[Json], problems: Problems) -> set[str]:
    names: set[str] = set()
    for number, volume in enumerate(volumes):
        _check_name(f"{field}[{number}].name", volume.get("name"), names, problems)
    return names


def _check_container(field: str, container: Json, volumes: set[str], problems: Problems) -> None:
    if not container.get("image"):
        problems.required(f"{field}.image")
    _check_ports(f"{field}.ports", container.get("ports") or [], problems)
    _check_variables(f"{field}.env", container.get("env") or [], problems)
    _check_mounts(f"{field}.volumeMounts", container.get("volumeMounts") or [], volumes, problems)
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        if container.get(name) is not None:
            _check_probe(f"{field}.{name}", container[name], problems, once=name != "readinessProbe")
    problems.supported(f"{field}.imagePullPolicy", container.get("imagePullPolicy"), _PULL_POLICIES)
    _check_resources(f"{field}.resources", container.get("resources") or {}, problems)


def _check_ports(field: str, ports: Sequence[Json], problems: Problems) -> None:
    names: set[str] = set()
    for number, port in enumerate(ports):
        place = f"{field}[{number}]"
        if name := port.get("name"):
            problems.port_name(f"{place}.name", name)
            if name in names:
                problems.duplicate(f"{place}.name", name)
            names.add(name)
        if not port.get("containerPort"):
            problems.required(f"{place}.containerPort")
        else:
            problems.port(f"{place}.containerPort", port["containerPort"])
        problems.supported(f"{place}.protocol", port.get("protocol"), ("SCTP", "TCP", "UDP"))


def _check_variables(field: str, variables: Sequence[Json], problems: Problems) -> None:
    rule = "a valid environment variable name must consist only of printable ASCII characters other than '='"
    for number, variable in enumerate(variables):
        name = variable.get("name")
        if not name:
            problems.required(f"{field}[{number}].name")
        elif "=" in name or not (name.isascii() and name.isprintable()):
            problems.invalid(f"{field}[{number}].name", name, rule)
        if variable.get("value") and variable.get("valueFrom"):
            why = "may not be specified when `value` is not empty"
            problems.invalid(f"{field}[{number}].valueFrom", "", why)


def _check_mounts(field: str, mounts: Sequence[Json], volumes: set[str], problems: Problems) -> None:
    paths: set[str] = set()
    for number, mount in enumerate(mounts):
        place = f"{field}[{number}]"
        if not mount.get("name"):
            problems.required(f"{place}.name")
        elif mount["name"] not in volumes:
            problems.missing(f"{place}.name", mount["name"])
        path = mount.get("mountPath")
        if not path:
            problems.required(f"{place}.mountPath")
        elif path in paths:
            problems.invalid(f"{place}.mountPath", path, "must be unique")
        else:
            paths.add(path)


def _check_probe(field: str, probe: Json, problems: Problems, *, once: bool) -> None:
    if not _HANDLERS & probe.keys():
        problems.required(field, "must specify a handler type")
    for handler in ("httpGet", "tcpSocket"):
        if probe.get(handler) is not None:
            problems.port_or_name(f"{field}.{handler}.port", probe[handler].get("port", 0))
    for name in (
        "initialDelaySeconds",
        "timeoutSeconds",
        "periodSeconds",
        "successThreshold",
        "failureThreshold",
    ):
        problems.not_negative(f"{field}.{name}", probe.get(name))
    if once and probe.get("successThreshold", 1) != 1:
        problems.invalid(f"{field}.successThreshold", probe["successThreshold"], "must be 1")


def _check_resources(field: str, resources: Json, problems: Problems) -> None:
    requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
    if not check_quantities(f"{field}.requests", requests, problems):
        return
    if not check_quantities(f"{field}.limits", limits, problems):
        return
    for name, value in requests.items():
        if name in limits and amount(value) > amount(limits[name]):
            why = f"must be less than or equal to {name} limit of {limits[name]}"
            problems.invalid(f"{field}.requests", value, why)
