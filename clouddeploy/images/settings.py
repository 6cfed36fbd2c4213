"""The instructions that only change an image's config: ENV, CMD, EXPOSE and the like.

The result is the `config` object of image-spec's config.md, with Docker's own fields for
HEALTHCHECK and SHELL.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from clouddeploy.app.dockerfile import Instruction, expand, expand_words, pairs

DEFAULT_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""What Docker gives an image that has no PATH of its own."""

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(h|ms|us|µs|ns|m|s)")
_NANOSECONDS = {"h": 3600e9, "m": 60e9, "s": 1e9, "ms": 1e6, "us": 1e3, "µs": 1e3, "ns": 1}
_PORT = re.compile(
    r"(?P<first>\d{1,5})(?:-(?P<last>\d{1,5}))?(?:/(?P<protocol>tcp|udp|sctp))?", re.IGNORECASE
)


class SettingError(ValueError):
    """A value that Docker would refuse as well; the message is for people."""


@dataclass
class Settings:
    """An image's config while its Dockerfile is read."""

    config: dict[str, Any] = field(default_factory=dict)
    author: str = ""
    has_command: bool = False

    @property
    def env(self) -> dict[str, str]:
        return dict(each.split("=", 1) for each in self.config.get("Env") or [])

    @property
    def folder(self) -> str:
        return self.config.get("WorkingDir") or "/"


@dataclass(frozen=True)
class Call:
    """An instruction with what its variables stand for."""

    instruction: Instruction
    variables: Mapping[str, str]
    escape: str

    def expand(self, text: str) -> str:
        return expand(text, self.variables, self.escape)

    def words(self) -> list[str]:
        """The arguments with their variables; those of the exec form are never cut into words."""
        if self.instruction.json:
            return [self.expand(each) for each in self.instruction.args]
        return [
            word for each in self.instruction.args for word in expand_words(each, self.variables, self.escape)
        ]


def _env(settings: Settings, call: Call) -> None:
    added = {call.expand(name): call.expand(value or "") for name, value in pairs(call.instruction)}
    settings.config["Env"] = [f"{name}={value}" for name, value in (settings.env | added).items()]


def _label(settings: Settings, call: Call) -> None:
    labels = {call.expand(name): call.expand(value or "") for name, value in pairs(call.instruction)}
    settings.config["Labels"] = {**(settings.config.get("Labels") or {}), **labels}


def _command(settings: Settings, call: Call) -> None:
    settings.config["Cmd"] = _program(settings, call.instruction)
    settings.has_command = True


def _entrypoint(settings: Settings, call: Call) -> None:
    settings.config["Entrypoint"] = _program(settings, call.instruction)
    if not settings.has_command:
        # A base's CMD was meant for the base's entrypoint.
        settings.config.pop("Cmd", None)


def _program(settings: Settings, instruction: Instruction) -> list[str]:
    """The exec form as it is, the shell form as an argument of the shell; variables stay for run time."""
    if instruction.json:
        return list(instruction.args)
    return [*(settings.config.get("Shell") or ["/bin/sh", "-c"]), *instruction.args]


def _shell(settings: Settings, call: Call) -> None:
    settings.config["Shell"] = list(call.instruction.args)


def _user(settings: Settings, call: Call) -> None:
    settings.config["User"] = call.expand(call.instruction.value)


def _workdir(settings: Settings, call: Call) -> None:
    folder = posixpath.join(settings.folder, call.expand(call.instruction.value))
    settings.config["WorkingDir"] = "/" + posixpath.normpath(folder).lstrip("/")


def _stop_signal(settings: Settings, call: Call) -> None:
    settings.config["StopSignal"] = call.expand(call.instruction.value)


def _maintainer(settings: Settings, call: Call) -> None:
    settings.author = call.instruction.value


def _volume(settings: Settings, call: Call) -> None:
    added: dict[str, Any] = {word: {} for word in call.words()}
    settings.config["Volumes"] = {**(settings.config.get("Volumes") or {}), **added}


def _expose(settings: Settings, call: Call) -> None:
    ports: dict[str, Any] = {port: {} for word in call.words() for port in _ports(word)}
    settings.config["ExposedPorts"] = {**(settings.config.get("ExposedPorts") or {}), **ports}


def _ports(word: str) -> list[str]:
    match = _PORT.fullmatch(word)
    first, last = (int(match["first"]), int(match["last"] or match["first"])) if match else (0, 0)
    if match is None or not 1 <= first <= last <= 65535:
        raise SettingError(f'"{word}" is no port')
    return [f"{port}/{(match['protocol'] or 'tcp').lower()}" for port in range(first, last + 1)]


def _healthcheck(settings: Settings, call: Call) -> None:
    instruction = call.instruction
    if not instruction.args:
        settings.config["Healthcheck"] = {"Test": ["NONE"]}
        return
    kind = "CMD" if instruction.json else "CMD-SHELL"
    check: dict[str, Any] = {"Test": [kind, *instruction.args]}
    flags = {"interval": "Interval", "timeout": "Timeout", "start-period": "StartPeriod"}
    for flag, key in {**flags, "start-interval": "StartInterval"}.items():
        if flag in instruction.flags:
            check[key] = _nanoseconds(call.expand(instruction.flags[flag]))
    if "retries" in instruction.flags:
        retries = call.expand(instruction.flags["retries"])
        if not retries.isdecimal():
            raise SettingError(f'"{retries}" is no number of retries')
        check["Retries"] = int(retries)
    settings.config["Healthcheck"] = check


def _nanoseconds(text: str) -> int:
    """A duration as Go writes it: 1m30s."""
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise SettingError(f'"{text}" is no duration such as 30s or 1m30s')
    return round(sum(float(number) * _NANOSECONDS[unit] for number, unit in parts))


def _nothing(settings: Settings, call: Call) -> None:
    """ARG changes what follows, not the image."""


SETTINGS: Mapping[str, Callable[[Settings, Call], None]] = {
    "ARG": _nothing,
    "CMD": _command,
    "ENTRYPOINT": _entrypoint,
    "ENV": _env,
    "EXPOSE": _expose,
    "HEALTHCHECK": _healthcheck,
    "LABEL": _label,
    "MAINTAINER": _maintainer,
    "SHELL": _shell,
    "STOPSIGNAL": _stop_signal,
    "USER": _user,
    "VOLUME": _volume,
    "WORKDIR": _workdir,
}
"""What each instruction does to the settings; SettingError for a bad value."""
