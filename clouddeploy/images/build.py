"""From a Dockerfile to an image in the store, by the best engine there is."""

from __future__ import annotations

import re
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from clouddeploy.app.dockerfile import Dockerfile, parse_dockerfile
from clouddeploy.app.model import Build
from clouddeploy.app.problems import display
from clouddeploy.app.textfile import read_text
from clouddeploy.errors import CloudDeployError, TemporaryError
from clouddeploy.images.assemble import import_archive
from clouddeploy.images.engines import BUILT_IN, Engine, find_engine
from clouddeploy.images.manifest import check_platform, is_complete
from clouddeploy.images.process import Outcome, follow, output
from clouddeploy.images.refusals import base_image_error
from clouddeploy.images.store import Image, Store
from clouddeploy.oci.descriptor import Descriptor, check_digest
from clouddeploy.progress import SILENT, Progress, Task

_STEP = re.compile(r"(?:\[\d+/\d+\] )?STEP \d+(?:/\d+)? ?: (?P<text>.+)", re.IGNORECASE)
_BUILDKIT_LINE = re.compile(r"\S+:(?P<line>\d+)")


@dataclass(frozen=True)
class BuiltImage:
    """An image that is in the store, which engine built it, and in how many seconds.

    `cached` means that the same image was there before and nothing was exported.
    """

    image: Image
    engine: str
    seconds: float
    cached: bool


def build_image(
    build: Build, name: str, *, store: Store, progress: Progress = SILENT, engine: str | None = None
) -> BuiltImage:
    """Build an image and give it the name `name` in the store.

    `engine` forces docker, podman, buildah or built-in. Raises ConfigError for a Dockerfile that cannot
    be built, PreconditionError or MissingToolError where an engine is missing, and CloudDeployError with
    the engine's own words and its last lines when a build fails.
    """
    started = time.monotonic()
    dockerfile = parse_dockerfile(read_text(build.dockerfile), build.dockerfile)
    chosen = find_engine(dockerfile, engine, target=build.target, build_args=build.args)
    store.sweep()
    with progress.task(f"build {name}") as task:
        task.say(chosen.name)
        if chosen.name == BUILT_IN:
            from clouddeploy.images.builtin import build_without_engine

            manifest = build_without_engine(build, dockerfile, store, progress)
            cached = store.find(name) == manifest
        else:
            manifest, cached = _build_with(chosen, build, dockerfile, name, store, task)
    check_platform(store, manifest, build.platform, name)
    store.tag(name, manifest)
    return BuiltImage(Image(store, manifest), chosen.name, time.monotonic() - started, cached)


def _build_with(
    engine: Engine, build: Build, dockerfile: Dockerfile, name: str, store: Store, task: Task
) -> tuple[Descriptor, bool]:
    image_id = _run_build(engine, build, dockerfile, name, task)
    known = store.recall("images", image_id)
    if known and is_complete(store, known):
        return known, True
    task.say(f"{engine.name}: exporting the image")
    manifest = export_image(engine, image_id, store, task, platform=build.platform)
    store.remember("images", image_id, manifest)
    return manifest, False


def _run_build(engine: Engine, build: Build, dockerfile: Dockerfile, name: str, task: Task) -> str:
    with tempfile.TemporaryDirectory(prefix="clouddeploy-") as folder:
        id_file = Path(folder) / "image-id"
        outcome = follow(engine.build_command(build, id_file), task.say)
        if outcome.status != 0:
            raise _build_failed(engine, dockerfile, name, outcome)
        try:
            found = id_file.read_text().strip()
            return check_digest(found if ":" in found else f"sha256:{found}")
        except (OSError, ValueError) as error:
            message = f"{engine.name} built {name} but did not say the image's ID"
            raise CloudDeployError(message, fix=f"update {engine.program}, or use another engine") from error


def export_image(
    engine: Engine, image_id: str, store: Store, task: Task, *, platform: str | None = None
) -> Descriptor:
    """Bring an engine's image into the store without a file in between; its manifest there."""
    with output(engine.save_command(image_id)) as (stream, finish):
        title = f"the archive that {engine.name} wrote"
        try:
            manifest = import_archive(stream, store, title, platform=platform, on_bytes=task.advance)
        except CloudDeployError as error:
            # A stream that is at its end was cut off by the engine, which knows why.
            if stream.read(1) or (outcome := finish()).status == 0:
                raise
            raise _save_failed(engine, image_id, outcome) from error
        outcome = finish()
    if outcome.status != 0:
        raise _save_failed(engine, image_id, outcome)
    return manifest


def _save_failed(engine: Engine, image_id: str, outcome: Outcome) -> CloudDeployError:
    said = outcome.lines[-1] if outcome.lines else f"exit status {outcome.status}"
    return TemporaryError(f"{engine.name} could not save the image {image_id}: {said}", fix="build again")


def _build_failed(engine: Engine, dockerfile: Dockerfile, name: str, outcome: Outcome) -> CloudDeployError:
    line = _failed_line(dockerfile, outcome)
    where = f"{display(dockerfile.path)}:{line}" if line else display(dockerfile.path)
    said = outcome.lines[-1] if outcome.lines else f"exit status {outcome.status}"
    tail = "".join(f"\n  | {each}" for each in outcome.lines)
    message = f"{where}: {engine.name} could not build {name}: {said}{tail}"
    fix = "correct what the last lines say and build again"
    return base_image_error(message, outcome.lines) or CloudDeployError(message, fix=fix)


def _failed_line(dockerfile: Dockerfile, outcome: Outcome) -> int | None:
    """The line of the step that the engine named last: BuildKit by number, the others by the text."""
    for said in reversed(outcome.lines):
        numbered = _BUILDKIT_LINE.fullmatch(said)
        if numbered:
            return int(numbered["line"])
        step = _STEP.fullmatch(said)
        if step:
            return _line_of(dockerfile, step["text"])
    return None


def _line_of(dockerfile: Dockerfile, step: str) -> int | None:
    wanted = " ".join(step.split())
    steps = [(each, each.line) for stage in dockerfile.stages for each in stage.instructions]
    lines = [line for each, line in steps if " ".join(f"{each.name} {each.value}".split()) == wanted]
    return lines[0] if len(lines) == 1 else None
