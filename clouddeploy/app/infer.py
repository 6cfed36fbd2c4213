"""What a Dockerfile says that nobody need write again: the port and the health check.

Facts: https://docs.docker.com/reference/dockerfile/#expose and #healthcheck.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from clouddeploy.app.dockerfile import Dockerfile, Instruction, Stage, evaluate, expand_words
from clouddeploy.app.model import Build, Health, Inferred, Service
from clouddeploy.app.probes import http_path, shell_words
from clouddeploy.app.problems import display
from clouddeploy.errors import ConfigError

DOCKER_INTERVAL = 30.0
DOCKER_TIMEOUT = 30.0
DOCKER_RETRIES = 3

_PORT = re.compile(r"([0-9]{1,5})(?:/tcp)?", re.IGNORECASE)
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}


@dataclass(frozen=True)
class Found:
    """A value, and the line that says so: "Dockerfile:7 EXPOSE 3000"."""

    value: str
    source: str


def infer(service: Service, dockerfile: Dockerfile, *, health: bool = True) -> tuple[Service, list[Inferred]]:
    """The service with what its Dockerfile says where nothing is written, and what that was."""
    build = service.build
    if build is None:
        return service, []
    found: list[Inferred] = []
    if service.port is None and (port := exposed_port(dockerfile, build)):
        service = replace(service, port=int(port.value))
        found.append(Inferred(f"services.{service.name}.port", port.value, port.source))
    if health and (check := health_check(dockerfile, build, service.port)):
        service = replace(service, health=check[0])
        found.append(Inferred(f"services.{service.name}.health", check[1].value, check[1].source))
    return service, found


def exposed_port(dockerfile: Dockerfile, build: Build) -> Found | None:
    """The first TCP port that the stage exposes, or else one of the stages that it is built from."""
    stage = dockerfile.stage(build.target)
    seen = [*_exposed(dockerfile, stage, build.args)]
    for each in reversed(dockerfile.chain(stage, dockerfile.globals(build.args))):
        for instruction, port in seen:
            if instruction in each.instructions:
                return Found(str(port), _source(dockerfile, instruction))
    return None


def _exposed(
    dockerfile: Dockerfile, stage: Stage, args: Mapping[str, str]
) -> Iterator[tuple[Instruction, int]]:
    for instruction, variables in evaluate(dockerfile, stage, args):
        if instruction.name != "EXPOSE":
            continue
        try:
            words = expand_words(instruction.value, variables, dockerfile.escape)
        except ConfigError as error:
            raise dockerfile.problem(instruction.line, error.message, fix=error.fix) from error
        for word in words:
            match = _PORT.fullmatch(word)
            if match and 1 <= int(match[1]) <= 65535:
                yield instruction, int(match[1])


def health_check(dockerfile: Dockerfile, build: Build, port: int | None) -> tuple[Health, Found] | None:
    """The stage's last HEALTHCHECK; None when there is none or it is NONE.

    An option that is left out has Docker's default: every 30 s, 30 s for an answer, 3 retries.
    """
    stage = dockerfile.stage(build.target)
    chain = dockerfile.chain(stage, dockerfile.globals(build.args))
    instructions = [instruction for each in chain for instruction in each.instructions]
    check: Instruction | None = None
    shell: tuple[str, ...] = ("/bin/sh", "-c")
    for instruction in instructions:
        if instruction.name == "SHELL":
            shell = instruction.args
        elif instruction.name == "HEALTHCHECK":
            check = instruction
    if check is None or not check.args:
        return None
    path = http_path(check.args if check.json else shell_words(check.args[0]), port)
    command = () if path else check.args if check.json else (*shell, check.args[0])
    value = f"HTTP {path}" if path else f"command {' '.join(command)[:60]}"
    return _with_options(dockerfile, check, path, command), Found(value, _source(dockerfile, check))


def _with_options(
    dockerfile: Dockerfile, check: Instruction, path: str | None, command: Sequence[str]
) -> Health:
    def seconds(option: str, default: float) -> float:
        text = check.flags.get(option)
        return default if text is None else _seconds(dockerfile, check, option, text) or default

    retries = check.flags.get("retries", "0")
    if not retries.isdecimal():
        raise dockerfile.problem(check.line, f'--retries is a number, not "{retries}"')
    return Health(
        path=path,
        command=tuple(command),
        interval=seconds("interval", DOCKER_INTERVAL),
        timeout=seconds("timeout", DOCKER_TIMEOUT),
        retries=int(retries) or DOCKER_RETRIES,
        start_period=seconds("start-period", 0.0),
    )


def _seconds(dockerfile: Dockerfile, check: Instruction, option: str, text: str) -> float:
    """A Go duration such as 1m30s; 0 means Docker's default."""
    if text == "0":
        return 0.0
    if not re.fullmatch(r"(?:[0-9]+\.?[0-9]*(?:ms|us|µs|ns|h|m|s))+", text):
        message = f'--{option} is a duration, not "{text}"'
        raise dockerfile.problem(check.line, message, fix="write it as 30s or 1m30s")
    return sum(float(n) * _UNITS[unit] for n, unit in re.findall(r"([0-9.]+)(ms|us|µs|ns|h|m|s)", text))


def _source(dockerfile: Dockerfile, instruction: Instruction) -> str:
    words = f" {' '.join(instruction.args)}" if instruction.name == "EXPOSE" else ""
    return f"{display(dockerfile.path)}:{instruction.line} {instruction.name}{words}"
