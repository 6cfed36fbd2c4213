"""Which stages of a Dockerfile a target needs, and whether they can do without an engine."""

from __future__ import annotations

from collections.abc import Mapping

from clouddeploy.app.dockerfile import Dockerfile, Instruction, Stage


def needed_stages(
    dockerfile: Dockerfile, target: str | None = None, build_args: Mapping[str, str] | None = None
) -> tuple[Stage, ...]:
    """The stages that `target` builds on or copies from, itself last, in the file's order."""
    variables = dockerfile.globals(build_args)
    waiting, found = [dockerfile.stage(target)], dict[int, Stage]()
    while waiting:
        for stage in dockerfile.chain(waiting.pop(), variables):
            if stage.line in found:
                continue
            found[stage.line] = stage
            sources = (source_stage(dockerfile, stage, each) for each in stage.instructions)
            waiting += [source for source in sources if source]
    return tuple(found[line] for line in sorted(found))


def source_stage(dockerfile: Dockerfile, stage: Stage, instruction: Instruction) -> Stage | None:
    """The earlier stage, by name or number, that a `COPY --from` means; None for an image or no --from."""
    source = instruction.flags.get("from")
    if source is None or instruction.name != "COPY":
        return None
    earlier = [each for each in dockerfile.stages if each.line < stage.line]
    named = [each for each in earlier if each.name == source.lower()]
    if named:
        return named[-1]
    return earlier[int(source)] if source.isdecimal() and int(source) < len(earlier) else None


def first_run(
    dockerfile: Dockerfile, target: str | None = None, build_args: Mapping[str, str] | None = None
) -> int | None:
    """The line of the first RUN that `target` needs, None when it needs none."""
    stages = needed_stages(dockerfile, target, build_args)
    return next((each.line for stage in stages for each in stage.instructions if each.name == "RUN"), None)
