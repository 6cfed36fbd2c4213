"""One Dockerfile instruction: its flags, its arguments, and what Docker refuses.

Facts: https://docs.docker.com/reference/dockerfile/, one section for each instruction.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Never, cast

from clouddeploy.app.dockerlines import Heredoc, Line, Source
from clouddeploy.app.problems import did_you_mean, quoted
from clouddeploy.app.substitution import split_words, words_from

_FLAGS: Mapping[str, tuple[str, ...]] = {
    "ADD": ("chown", "chmod", "link", "keep-git-dir", "checksum", "unpack", "exclude"),
    "COPY": ("chown", "chmod", "link", "from", "exclude", "parents"),
    "FROM": ("platform",),
    "HEALTHCHECK": ("interval", "timeout", "start-period", "start-interval", "retries"),
    "RUN": ("mount", "network", "security", "device"),
}
_SWITCHES = frozenset({"link", "keep-git-dir", "unpack", "parents"})
_REPEATABLE = frozenset({"mount", "exclude", "device"})
_ONE_VALUE = frozenset({"MAINTAINER", "STOPSIGNAL", "USER", "WORKDIR"})
_MAYBE_JSON = frozenset({"ADD", "CMD", "COPY", "ENTRYPOINT", "HEALTHCHECK", "RUN", "SHELL", "VOLUME"})
_PAIRS = frozenset({"ENV", "LABEL"})
_NAMES = frozenset({*_ONE_VALUE, *_MAYBE_JSON, *_PAIRS, "ARG", "EXPOSE", "FROM", "ONBUILD"})
_STAGE_NAME = re.compile(r"[a-z][a-z0-9-_.]*")


@dataclass(frozen=True)
class Instruction:
    """An instruction as written.

    `name` is in capitals and `value` is all that follows the flags. `args` are, in the exec form
    (`json`), the strings of the list; for ENV, LABEL and ARG its `name=value` words; for a
    shell command, ONBUILD and one-value instructions the value whole; else the words. Quotes, escapes
    and variables are still in them: `expand` resolves them. HEALTHCHECK's args do not include CMD.
    """

    name: str
    value: str
    options: tuple[tuple[str, str], ...]
    args: tuple[str, ...]
    json: bool
    line: int
    heredocs: tuple[Heredoc, ...] = ()

    @property
    def flags(self) -> Mapping[str, str]:
        """Flags by name without dashes; a switch is "true"; of a repeated flag the last."""
        return dict(self.options)

    def all(self, flag: str) -> tuple[str, ...]:
        """Every value of a flag that can be repeated, such as `--exclude` or `--mount`."""
        return tuple(value for name, value in self.options if name == flag)


def pairs(instruction: Instruction) -> list[tuple[str, str | None]]:
    """Names and values of ENV, LABEL or ARG, as written; None for an ARG without a default."""
    split = (arg.partition("=") for arg in instruction.args)
    return [(name, value if equals else None) for name, equals, value in split]


def read_instruction(source: Source, line: Line) -> Instruction:
    """Check one line; ConfigError says what is wrong with it."""
    return _Reader(source, line).read(line.text)


class _Reader:
    def __init__(self, source: Source, line: Line) -> None:
        self.source = source
        self.line = line

    def read(self, text: str) -> Instruction:
        word, _, rest = _split_once(text.strip())
        name = word.upper()
        if name not in _NAMES:
            known = did_you_mean(word, _NAMES)
            self.fail(f"unknown instruction {quoted(word)}{known}", at=word)
        words, value = split_flags(rest.strip(), self.source.escape)
        options = tuple(self.option(name, each) for each in words)
        self.check_repeats(options)
        args, is_json = self.arguments(name, value)
        self.check(name, args, is_json)
        return Instruction(name, value, options, args, is_json, self.line.number, self.line.heredocs)

    def fail(self, message: str, *, at: str = "", fix: str | None = None) -> Never:
        raise self.source.problem(self.line.number, message, at=at, last=self.line.last, fix=fix)

    def option(self, instruction: str, word: str) -> tuple[str, str]:
        name, equals, value = word.removeprefix("--").partition("=")
        known = _FLAGS.get(instruction, ())
        if name not in known:
            self.fail(f"unknown flag --{name} for {instruction}{did_you_mean(name, known)}", at=f"--{name}")
        if name in _SWITCHES and not equals:
            return name, "true"
        if not value:
            self.fail(f"--{name} needs a value", at=f"--{name}", fix=f"write --{name}=VALUE")
        if name in _SWITCHES and value.lower() not in ("true", "false"):
            self.fail(f"--{name} is true or false, not {quoted(value)}", at=f"--{name}")
        return name, value.lower() if name in _SWITCHES else value

    def check_repeats(self, options: tuple[tuple[str, str], ...]) -> None:
        names = [name for name, _ in options]
        for name in names:
            if name not in _REPEATABLE and names.count(name) > 1:
                self.fail(f"--{name} is given twice", at=f"--{name}", fix="keep one of them")

    def arguments(self, name: str, value: str) -> tuple[tuple[str, ...], bool]:
        if name == "HEALTHCHECK":
            return self.health_arguments(value)
        if name in _MAYBE_JSON and (strings := self.json_list(value)) is not None:
            return strings, True
        if name in _PAIRS:
            return self.pair_arguments(name, value), False
        if name in _ONE_VALUE or name in ("ONBUILD", "RUN", "CMD", "ENTRYPOINT", "SHELL"):
            return ((value,) if value else ()), False
        return (split_words(value, self.source.escape) if name == "ARG" else tuple(value.split())), False

    def health_arguments(self, value: str) -> tuple[tuple[str, ...], bool]:
        kind, _, command = _split_once(value)
        if kind.upper() == "NONE" and not command:
            return (), False
        if kind.upper() != "CMD":
            self.fail(
                "HEALTHCHECK is followed by CMD or NONE",
                at=kind,
                fix="HEALTHCHECK CMD command, or HEALTHCHECK NONE",
            )
        strings = self.json_list(command.strip())
        if strings is not None:
            return strings, True
        if not command.strip():
            self.fail("HEALTHCHECK CMD without a command", at=kind)
        return (command.strip(),), False

    def json_list(self, value: str) -> tuple[str, ...] | None:
        """The strings of the exec form; None when this is not JSON, which makes it the shell form."""
        if not value.startswith("["):
            return None
        try:
            found = json.loads(value)
        except (ValueError, RecursionError):
            return None
        if not all(isinstance(each, str) for each in found):
            self.fail(
                "the exec form takes strings only", at="[", fix='quote each item: ["program", "argument"]'
            )
        return tuple(cast("list[str]", found))

    def pair_arguments(self, name: str, value: str) -> tuple[str, ...]:
        words = split_words(value, self.source.escape)
        if words and "=" not in words[0]:
            key, _, rest = _split_once(value)
            if not rest:
                self.fail(f"{name} {key} has no value", at=key, fix=f"{name} {key}=VALUE")
            return (f"{key}={rest}",)
        for word in words:
            if "=" not in word:
                self.fail(
                    f"{quoted(word)} has no =",
                    at=word,
                    fix=f"{name} NAME=VALUE; quote values that hold blanks",
                )
            if word.startswith("="):
                self.fail(f"{name} without a name", at=word, fix=f"{name} NAME=VALUE")
        return words

    def check(self, name: str, args: tuple[str, ...], is_json: bool) -> None:
        if not args and not (
            is_json or name == "HEALTHCHECK" or (name in _MAYBE_JSON and self.line.heredocs)
        ):
            self.fail(f"{name} needs an argument")
        if name == "FROM":
            self.check_from(args)
        elif name in ("COPY", "ADD") and len(args) < 2:
            self.fail(f"{name} needs a source and a destination")
        elif name == "SHELL" and not (is_json and args):
            self.fail("SHELL takes the exec form only", fix='for example SHELL ["/bin/bash", "-c"]')
        elif name == "ONBUILD":
            self.check_trigger(args[0])
        elif name == "ARG" and any(arg.startswith("=") for arg in args):
            self.fail("ARG without a name", fix="ARG NAME or ARG NAME=DEFAULT")

    def check_from(self, args: tuple[str, ...]) -> None:
        if len(args) not in (1, 3) or (len(args) == 3 and args[1].upper() != "AS"):
            self.fail(
                "FROM takes an image, and AS with a name if it needs one",
                fix="FROM image, or FROM image AS name",
            )
        if len(args) == 3 and not _STAGE_NAME.fullmatch(args[2].lower()):
            fix = "begin with a letter; then letters, digits, - _ ."
            self.fail(f"{quoted(args[2])} cannot name a stage", at=args[2], fix=fix)

    def check_trigger(self, trigger: str) -> None:
        inner = trigger.split(maxsplit=1)[0].upper()
        if inner in ("ONBUILD", "FROM", "MAINTAINER"):
            self.fail(f"ONBUILD {inner} is not allowed", at=inner)
        self.read(trigger)


def split_flags(text: str, escape: str) -> tuple[list[str], str]:
    """Leading `--flag` words, unquoted, and the rest; a lone `--` ends them."""
    flags: list[str] = []
    for word, start in words_from(text, escape):
        if not word.startswith("--"):
            return flags, text[start:]
        if word == "--":
            return flags, text[start + 2 :].lstrip()
        flags.append(re.sub(rf"{re.escape(escape)}(.)|['\"]", lambda match: match[1] or "", word))
    return flags, ""


def _split_once(text: str) -> tuple[str, str, str]:
    match = re.search(r"\s+", text)
    return (text[: match.start()], match.group(), text[match.end() :]) if match else (text, "", "")
