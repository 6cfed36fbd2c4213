"""Reads Dockerfiles: https://docs.docker.com/reference/dockerfile/.

`parse_dockerfile` checks the grammar and gives stages of instructions with their line numbers;
`chain` and `evaluate` follow a stage through the stages that it is built from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from clouddeploy.app.dockerlines import Heredoc, Source, logical_lines, read_source
from clouddeploy.app.instructions import Instruction, pairs, read_instruction
from clouddeploy.app.substitution import expand, expand_words, split_words
from clouddeploy.errors import ConfigError

__all__ = [
    "Dockerfile",
    "Heredoc",
    "Instruction",
    "Stage",
    "evaluate",
    "expand",
    "expand_words",
    "pairs",
    "parse_dockerfile",
    "split_words",
]


@dataclass(frozen=True)
class Stage:
    """One FROM and what follows it. `base` and `platform` are as written, variables and all."""

    base: str
    name: str | None
    platform: str | None
    instructions: tuple[Instruction, ...]
    line: int


@dataclass(frozen=True)
class Dockerfile:
    """A parsed Dockerfile: the ARGs before the first FROM, and at least one stage."""

    path: Path
    args: tuple[Instruction, ...]
    stages: tuple[Stage, ...]
    source: Source = field(repr=False, compare=False)

    @property
    def escape(self) -> str:
        """The escape character that its `escape` directive chose; `expand` wants it."""
        return self.source.escape

    def stage(self, target: str | None = None) -> Stage:
        """The stage named or numbered `target`, else the last one; ConfigError if there is none such."""
        if target is None:
            return self.stages[-1]
        for stage in self.stages:
            if stage.name == target.lower():
                return stage
        if target.isdecimal() and int(target) < len(self.stages):
            return self.stages[int(target)]
        names = ", ".join(stage.name for stage in self.stages if stage.name) or "none has a name"
        raise self.problem(self.stages[-1].line, f'no stage is called "{target}"', fix=f"the stages: {names}")

    def globals(self, build_args: Mapping[str, str] | None = None) -> dict[str, str]:
        """The values of the ARGs before the first FROM, which FROM lines can use."""
        values: dict[str, str] = {}
        given = build_args or {}
        for instruction in self.args:
            for name, default in pairs(instruction):
                value = given.get(name, None if default is None else expand(default, values, self.escape))
                values |= {} if value is None else {name: value}
        return values

    def chain(self, stage: Stage, variables: Mapping[str, str] | None = None) -> tuple[Stage, ...]:
        """The stages that `stage` is built from by FROM, root first, itself last.

        `variables` are for the bases' names: `globals(build_args)` unless given.
        """
        values = self.globals() if variables is None else variables
        chain = [stage]
        base = self._base(stage, values)
        # Only a stage further up can be meant: `FROM nginx AS nginx` names an image.
        for earlier in reversed(self.stages):
            if earlier.line < chain[-1].line and earlier.name == base:
                chain.append(earlier)
                base = self._base(earlier, values)
        return tuple(reversed(chain))

    def problem(self, line: int, message: str, *, fix: str | None = None) -> ConfigError:
        """An error at the start of a line of this file."""
        return self.source.problem(line, message, fix=fix)

    def _base(self, stage: Stage, variables: Mapping[str, str]) -> str:
        try:
            return expand(stage.base, variables, self.escape).lower()
        except ConfigError as error:
            raise self.problem(stage.line, error.message, fix=error.fix) from error


def evaluate(
    dockerfile: Dockerfile, stage: Stage, build_args: Mapping[str, str] | None = None
) -> Iterator[tuple[Instruction, Mapping[str, str]]]:
    """Each instruction on the way to `stage`, root first, with the variables that are set before it.

    ENV wins over ARG; an ARG without a value takes the global one; both are inherited by the
    stages built on a stage.
    """
    given = build_args or {}
    outside = dockerfile.globals(given)
    args: dict[str, str] = {}
    env: dict[str, str] = {}
    for each in dockerfile.chain(stage, outside):
        for instruction in each.instructions:
            before = args | env
            yield instruction, before
            try:
                if instruction.name == "ARG":
                    args |= _arg(instruction, before, outside, given, dockerfile.escape)
                elif instruction.name == "ENV":
                    env |= {
                        expand(name, before, dockerfile.escape): expand(
                            value or "", before, dockerfile.escape
                        )
                        for name, value in pairs(instruction)
                    }
            except ConfigError as error:
                raise dockerfile.problem(instruction.line, error.message, fix=error.fix) from error


def _arg(
    instruction: Instruction,
    before: Mapping[str, str],
    outside: Mapping[str, str],
    given: Mapping[str, str],
    escape: str,
) -> dict[str, str]:
    values: dict[str, str] = {}
    for name, default in pairs(instruction):
        if name in given:
            values[name] = given[name]
        elif default is not None:
            values[name] = expand(default, {**before, **values}, escape)
        elif name in outside:
            values[name] = outside[name]
    return values


def parse_dockerfile(text: str, path: Path) -> Dockerfile:
    """The stages in a Dockerfile's text; `path` is for errors and for the result.

    Raises ConfigError with file, line, column and the line itself for whatever Docker would refuse.
    """
    source = read_source(text, path)
    args: list[Instruction] = []
    stages: list[tuple[Instruction, list[Instruction]]] = []
    for line in logical_lines(source):
        instruction = read_instruction(source, line)
        if instruction.name == "FROM":
            stages.append((instruction, []))
        elif stages:
            stages[-1][1].append(instruction)
        elif instruction.name == "ARG":
            args.append(instruction)
        else:
            message = f"{instruction.name} before the first FROM"
            raise source.problem(line.number, message, fix="begin with FROM; only ARG may stand before it")
    if not stages:
        fix = 'begin with a line such as "FROM alpine:3.22"'
        raise source.problem(1, "no FROM: there is nothing to build", fix=fix)
    return Dockerfile(path, tuple(args), tuple(_stage(*each) for each in stages), source)


def _stage(opening: Instruction, instructions: list[Instruction]) -> Stage:
    base, *rest = opening.args
    name = rest[1].lower() if rest else None
    return Stage(base, name, opening.flags.get("platform"), tuple(instructions), opening.line)
