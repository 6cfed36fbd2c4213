"""Builds a Dockerfile that has no RUN, without any engine.

Every instruction that Docker carries out without starting a container works here, with the same
result. Nothing of the machine gets into the image: entries are sorted, times are SOURCE_DATE_EPOCH
(https://reproducible-builds.org/specs/source-date-epoch/; 0 unless set), owners are numbers. The same
input gives the same image ID on any machine, and the same digest where zlib is the same.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from clouddeploy.app.dockerfile import Dockerfile, Instruction, Stage, evaluate, expand
from clouddeploy.app.ignore import Ignore
from clouddeploy.app.model import Build
from clouddeploy.errors import CloudDeployError, ConfigError
from clouddeploy.images.additions import add_entries, copy_entries, folder_entries
from clouddeploy.images.copy import CopyError
from clouddeploy.images.files import ContextFiles, Files, ImageFiles
from clouddeploy.images.layer import Entry, Spool, headers, open_layer, write_layer
from clouddeploy.images.manifest import add_manifest, config_of, parse_image, read_config, read_json
from clouddeploy.images.pull import pull_image
from clouddeploy.images.settings import DEFAULT_PATH, SETTINGS, Call, SettingError, Settings
from clouddeploy.images.stages import needed_stages, source_stage
from clouddeploy.images.store import Image, Store
from clouddeploy.images.tree import Node, Tree, layer_nodes
from clouddeploy.oci.descriptor import DOCKER_LAYER_GZIP, OCI_LAYER_GZIP, Descriptor
from clouddeploy.progress import SILENT, Progress

_KEPT = ("architecture", "os", "variant", "os.version", "os.features")
_USE_ENGINE = "build with docker, podman or buildah"


@dataclass
class Draft:
    """An image that is being built: what the next instruction starts from."""

    facts: dict[str, Any]
    settings: Settings
    tree: Tree = field(default_factory=Tree)
    layers: list[Descriptor] = field(default_factory=list)
    diff_ids: list[str] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)

    def copy(self) -> Draft:
        settings = Settings(dict(self.settings.config), self.settings.author)
        return Draft(
            dict(self.facts), settings, self.tree.copy(), [*self.layers], [*self.diff_ids], [*self.history]
        )


def build_without_engine(
    build: Build, dockerfile: Dockerfile, store: Store, progress: Progress = SILENT
) -> Descriptor:
    """Build the target of a Dockerfile; the manifest in the store.

    ConfigError with file, line and caret for what is wrong or needs an engine.
    """
    with closing(Spool()) as spool:
        return _Builder(build, dockerfile, store, spool, progress).build()


def source_date_epoch() -> int:
    """SOURCE_DATE_EPOCH in Unix seconds, 0 when it isn't set."""
    written = os.environ.get("SOURCE_DATE_EPOCH") or "0"
    if not written.isdecimal() or int(written) > 253402300799:
        message = f'SOURCE_DATE_EPOCH is "{written[:40]}", not a number of seconds'
        raise ConfigError(message, fix="for example: SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)")
    return int(written)


class _Builder:
    def __init__(
        self, build: Build, dockerfile: Dockerfile, store: Store, spool: Spool, progress: Progress
    ) -> None:
        self.dockerfile = dockerfile
        self.platform = build.platform
        self.target = build.target
        self.store = store
        self.spool = spool
        self.progress = progress
        self.arguments = {**_platform_arguments(build.platform), **build.args}
        self.context = ContextFiles(build.context, Ignore.load(build.context, build.dockerfile))
        self.epoch = source_date_epoch()
        self.created = datetime.fromtimestamp(self.epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.done: dict[int, Draft] = {}
        self.pulled: dict[str, Draft] = {}

    def build(self) -> Descriptor:
        for stage in needed_stages(self.dockerfile, self.target, self.arguments):
            self.done[stage.line] = self.stage(stage)
        draft = self.done[self.dockerfile.stage(self.target).line]
        return add_manifest(self.store, self.config(draft), draft.layers)

    def stage(self, stage: Stage) -> Draft:
        draft = self.base(stage)
        own = len(stage.instructions)
        steps = list(evaluate(self.dockerfile, stage, self.arguments))
        for instruction, variables in steps[len(steps) - own :]:
            call = Call(instruction, {**variables, **draft.settings.env}, self.dockerfile.escape)
            try:
                self.step(stage, draft, call)
            except (CopyError, SettingError) as error:
                raise self.problem(instruction, error) from error
            except ConfigError as error:
                raise self.dockerfile.problem(instruction.line, error.message, fix=error.fix) from error
        return draft

    def base(self, stage: Stage) -> Draft:
        variables = {**self.arguments, **self.dockerfile.globals(self.arguments)}
        parents = self.dockerfile.chain(stage, variables)
        if len(parents) > 1:
            return self.done[parents[-2].line].copy()
        name = expand(stage.base, variables, self.dockerfile.escape)
        if name != "scratch":
            platform = expand(stage.platform or "", variables, self.dockerfile.escape) or self.platform
            return self.pull(name, platform, stage.line).copy()
        system, machine, *variant = self.platform.split("/")
        facts = {"architecture": machine, "os": system} | ({"variant": variant[0]} if variant else {})
        return Draft(facts, Settings({"Env": [DEFAULT_PATH]}))

    def pull(self, name: str, platform: str, line: int) -> Draft:
        if name not in self.pulled:
            image = pull_image(name, self.store, platform=platform, progress=self.progress)
            config = read_json(config_of(self.store, image.manifest), f"the config of {name}")
            settings = config.get("config") or {}
            if settings.get("OnBuild"):
                message = f"{name} has ONBUILD instructions, which the built-in builder does not carry out"
                raise self.dockerfile.problem(line, message, fix=_USE_ENGINE)
            self.pulled[name] = _draft(self.store, image, config, settings)
        return self.pulled[name]

    def step(self, stage: Stage, draft: Draft, call: Call) -> None:
        instruction = call.instruction
        entries: Sequence[Entry] = ()
        if instruction.name == "COPY":
            files = self.files(stage, instruction)
            entries = copy_entries(call, draft.tree, files, draft.settings.folder)
        elif instruction.name == "ADD":
            entries = add_entries(call, draft.tree, self.context, draft.settings.folder, self.spool)
        elif instruction.name in SETTINGS:
            SETTINGS[instruction.name](draft.settings, call)
            if instruction.name == "WORKDIR":
                entries = folder_entries(draft.tree, draft.settings.folder)
        else:
            message = f"the built-in builder cannot do {instruction.name}"
            raise self.dockerfile.problem(instruction.line, message, fix=_USE_ENGINE)
        self.commit(draft, instruction, entries)

    def files(self, stage: Stage, instruction: Instruction) -> Files:
        source = instruction.flags.get("from")
        if source is None:
            return self.context
        earlier = source_stage(self.dockerfile, stage, instruction)
        if earlier:
            draft, where = self.done[earlier.line], f"stage {source}"
        else:
            draft, where = self.pull(source, self.platform, instruction.line), source
        return ImageFiles(where, self.store, draft.tree, draft.layers, self.spool)

    def commit(self, draft: Draft, instruction: Instruction, entries: Sequence[Entry]) -> None:
        note: dict[str, Any] = {
            "created": self.created,
            "created_by": f"{instruction.name} {instruction.value}",
        }
        if entries:
            layer = write_layer(self.store, entries, self.epoch)
            draft.tree.add_layer(_nodes(entries, len(draft.layers)))
            draft.layers.append(layer.blob)
            draft.diff_ids.append(layer.raw)
        else:
            note["empty_layer"] = True
        draft.history.append(note)

    def config(self, draft: Draft) -> bytes:
        config = {
            "created": self.created,
            **({"author": draft.settings.author} if draft.settings.author else {}),
            **draft.facts,
            "config": draft.settings.config,
            "rootfs": {"type": "layers", "diff_ids": draft.diff_ids},
            "history": draft.history,
        }
        return json.dumps(config, sort_keys=True, separators=(",", ":")).encode()

    def problem(self, instruction: Instruction, error: CopyError | SettingError) -> CloudDeployError:
        at = error.at if isinstance(error, CopyError) else ""
        fix = _USE_ENGINE if "built-in builder" in str(error) else f"correct this {instruction.name}"
        return self.dockerfile.source.problem(instruction.line, str(error), at=at, fix=fix)


def _draft(store: Store, image: Image, config: dict[str, Any], settings: dict[str, Any]) -> Draft:
    """A pulled image to build on."""
    layers = [_oci_layer(each) for each in parse_image(store, image.manifest).layers]
    tree = Tree()
    for number, layer in enumerate(layers):
        with open_layer(store, layer) as tar:
            tree.add_layer(layer_nodes(headers(tar), number))
    diff_ids = read_config(config_of(store, image.manifest), "the base's config").diff_ids
    facts = {key: config[key] for key in _KEPT if key in config}
    settings = {key: value for key, value in settings.items() if key != "Image"}
    return Draft(
        facts,
        Settings(settings, config.get("author", "")),
        tree,
        layers,
        list(diff_ids),
        list(config.get("history") or []),
    )


def _oci_layer(layer: Descriptor) -> Descriptor:
    """A layer with OCI's media type, for a manifest that has no Docker ones beside it."""
    media_type = OCI_LAYER_GZIP if layer.media_type == DOCKER_LAYER_GZIP else layer.media_type
    return Descriptor(media_type, layer.digest, layer.size)


def _nodes(entries: Sequence[Entry], layer: int) -> Iterator[tuple[str, Node]]:
    for each in sorted(entries, key=lambda entry: entry.path):
        yield each.path, Node(each.kind, each.mode, each.uid, each.gid, each.link, layer, each.path)


def _platform_arguments(platform: str) -> Mapping[str, str]:
    """The ARGs that BuildKit predefines; what builds here is of the target's own platform."""
    system, machine, *variant = platform.split("/")
    parts = {"PLATFORM": platform, "OS": system, "ARCH": machine, "VARIANT": variant[0] if variant else ""}
    return {f"{side}{name}": value for side in ("TARGET", "BUILD") for name, value in parts.items()}
