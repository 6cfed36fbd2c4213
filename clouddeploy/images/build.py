"""From a Dockerfile to an image in the store, by the best engine there is."""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from clouddeploy.app.dockerfile import Dockerfile, parse_dockerfile
from clouddeploy.app.model import Build
from clouddeploy.app.problems import display
from clouddeploy.app.textfile import read_text
from clouddeploy.errors import CloudDeployError, TemporaryError
from clouddeploy.images.engines import BUILT_IN, Engine, find_engine
from clouddeploy.images.manifest import check_platform, is_complete
from clouddeploy.images.process import Outcome, follow, output
from clouddeploy.images.refusals import base_image_error
from clouddeploy.images.shelf import StoreShelf
from clouddeploy.images.store import Image, Store
from clouddeploy.images.streamed import Archive, note_built, note_image
from clouddeploy.images.tarstream import Readable
from clouddeploy.oci.descriptor import check_digest
from clouddeploy.progress import SILENT, Progress, Task

_STEP = re.compile(r"(?:\[\d+/\d+\] )?STEP \d+(?:/\d+)? ?: (?P<text>.+)", re.IGNORECASE)
_BUILDKIT_LINE = re.compile(r"\S+:(?P<line>\d+)")


@dataclass(frozen=True)
class BuiltImage:
    """An image in the store or, unless it was exported, in its engine; who built it, in how many seconds.

    `cached` means that the same image was there before and nothing was exported.
    """

    image: Image | Archive
    engine: str
    seconds: float
    cached: bool


def build_image(
    build: Build,
    name: str,
    *,
    store: Store,
    progress: Progress = SILENT,
    engine: str | None = None,
    export: bool = True,
) -> BuiltImage:
    """Build an image and give it the name `name` in the store.

    `engine` forces docker, podman, buildah or built-in. Without `export` an engine keeps what it
    built, and the image is read from there when it is pushed. Raises ConfigError for a Dockerfile that cannot
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

            built = Image(store, build_without_engine(build, dockerfile, store, progress))
            image: Image | Archive = built
            cached = store.find(name) == built.manifest
        else:
            image_id = _run_build(chosen, build, dockerfile, name, task)
            note_built(store, name, image_id)
            archive = engine_archive(chosen, image_id, name, store, build.platform)
            image, cached = _exported(archive, chosen, task) if export else _in_engine(archive)
    if isinstance(image, Image):
        check_platform(store, image.manifest, build.platform, name)
        note_image(store, name, image)
    return BuiltImage(image, chosen.name, time.monotonic() - started, cached)


def engine_archive(
    engine: Engine, image_id: str, name: str, store: Store, platform: str | None = None
) -> Archive:
    """An engine's image, exported without a file in between whenever it is read."""
    title = f"the archive that {engine.name} wrote"
    return Archive(image_id, name, title, store, lambda: _saved(engine, image_id), platform)


def _in_engine(archive: Archive) -> tuple[Image | Archive, bool]:
    known = archive.known("gzip")
    if known and is_complete(archive.store, known.manifest):
        return known, True
    return archive, known is not None


def _exported(archive: Archive, engine: Engine, task: Task) -> tuple[Image, bool]:
    image, cached = _in_engine(archive)
    if isinstance(image, Image):
        return image, cached
    task.say(f"{engine.name}: exporting the image")
    return archive.read(StoreShelf(archive.store), task.advance), False


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


@contextmanager
def _saved(engine: Engine, image_id: str) -> Iterator[Readable]:
    """The archive that an engine writes; TemporaryError with its own words when it fails."""
    with output(engine.save_command(image_id)) as (stream, finish):
        try:
            yield stream
        except CloudDeployError as error:
            # A stream that is at its end was cut off by the engine, which knows why.
            if stream.read(1) or (outcome := finish()).status == 0:
                raise
            raise _save_failed(engine, image_id, outcome) from error
        outcome = finish()
    if outcome.status != 0:
        raise _save_failed(engine, image_id, outcome)


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
