"""Build engines as data: what their programs are called with, and which of them answers here.

An engine is used through its own command line, so it builds as it always does: with the user's
context, credentials, caches and mirrors.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from clouddeploy.app.dockerfile import Dockerfile
from clouddeploy.app.model import Build
from clouddeploy.app.problems import display
from clouddeploy.errors import ConfigError, MissingToolError, PreconditionError
from clouddeploy.images.process import Command, answer
from clouddeploy.images.stages import first_run

ANSWER_SECONDS = 10.0
BUILT_IN = "built-in"
_START_DOCKER = "start it (systemctl start docker, or open Docker Desktop), or use podman or buildah"


@dataclass(frozen=True)
class Engine:
    """A way to build. `platform` is the engine's own, such as "linux/amd64"; `{id}` in `save` is the image.

    `names_platform` is False for one that refuses `--platform` for its own platform.
    """

    name: str
    program: str = ""
    build: tuple[str, ...] = ()
    save: tuple[str, ...] = ()
    platform: str | None = None
    names_platform: bool = True
    environment: Mapping[str, str] = field(default_factory=dict)

    def build_command(self, build: Build, id_file: Path) -> Command:
        """Builds, and leaves the image's ID in `id_file`."""
        words = [self.program, *self.build, "--iidfile", str(id_file), "--file", str(build.dockerfile)]
        if self.names_platform or build.platform != self.platform:
            words += ["--platform", build.platform]
        if build.target is not None:
            words += ["--target", build.target]
        for key, value in build.args.items():
            words += ["--build-arg", f"{key}={value}"]
        return Command([*words, str(build.context)], self.environment)

    def inspect_command(self, name: str) -> Command:
        """Prints the ID of an image."""
        return Command(
            [self.program, "image", "inspect", "--format", "{{.Id}}", "--", name], self.environment
        )

    def save_command(self, image_id: str) -> Command:
        """Writes the image to its output as an archive."""
        return Command(
            [self.program, *(word.replace("{id}", image_id) for word in self.save)], self.environment
        )


@dataclass(frozen=True)
class Silent:
    """A program that is installed, but builds nothing: why, and what to do about it."""

    why: str
    fix: str


Found = Engine | Silent | None


def find_engine(
    dockerfile: Dockerfile,
    wanted: str | None = None,
    *,
    target: str | None = None,
    build_args: Mapping[str, str] | None = None,
) -> Engine:
    """The engine to build with: `wanted`, else the first that answers, else the built-in builder.

    MissingToolError or PreconditionError names the RUN that needs an engine where there is none.
    """
    run = first_run(dockerfile, target, build_args)
    where = f"{display(dockerfile.path)}:{run}"
    if wanted == BUILT_IN and run is not None:
        message = f"{where}: the built-in builder cannot do RUN"
        raise PreconditionError(message, fix="build with docker, podman or buildah")
    if wanted is not None and wanted != BUILT_IN:
        return named_engine(wanted)
    silent: list[Silent] = []
    for probe in PROBES.values() if wanted is None else ():
        found = probe()
        if isinstance(found, Engine):
            return found
        silent += [found] if found else []
    if run is None:
        return Engine(BUILT_IN)
    if silent:
        raise PreconditionError(f"{where}: RUN needs a build engine, and {silent[0].why}", fix=silent[0].fix)
    raise MissingToolError(
        f"{where}: RUN needs a build engine, and neither docker nor podman nor buildah is installed",
        fix="install one: https://docs.docker.com/engine/install/, or the package podman or buildah",
    )


def named_engine(name: str) -> Engine:
    """The engine of this name; PreconditionError when it is silent, MissingToolError when not installed."""
    probe = PROBES.get(name)
    if probe is None:
        names = ", ".join([*PROBES, BUILT_IN])
        raise ConfigError(f'"{name}" is no build engine', fix=f"one of {names}")
    found = probe()
    if isinstance(found, Engine):
        return found
    if found:
        raise PreconditionError(found.why, fix=found.fix)
    raise MissingToolError(
        f"{name} is not installed", fix=f"install {name}, or leave the choice to clouddeploy"
    )


def find_docker() -> Found:
    """Docker Engine, if one answers where the docker command looks; with BuildKit where buildx is."""
    program = shutil.which("docker")
    if program is None:
        return None
    try:
        reply = answer(Command([program, "version", "--format", "{{json .}}"], {}), ANSWER_SECONDS)
        server = _json(reply.stdout).get("Server")
        if not isinstance(server, dict) or not server.get("Os"):
            return _silent_docker(program, reply.stderr)
        buildx = answer(Command([program, "buildx", "version"], {}), ANSWER_SECONDS).returncode == 0
    except subprocess.TimeoutExpired:
        why = f"docker is installed but did not answer within {ANSWER_SECONDS:.0f} seconds"
        return Silent(why, _START_DOCKER)
    platform = f"{server['Os']}/{server.get('Arch')}"
    return _buildkit(program, platform) if buildx else _legacy_docker(program, platform)


def _buildkit(program: str, platform: str) -> Engine:
    return Engine(
        "docker buildkit",
        program,
        build=("build", "--progress=plain", "--load"),
        save=("save", "{id}"),
        platform=platform,
        # An attestation would make an index of the image, with another ID at every build.
        environment={"DOCKER_BUILDKIT": "1", "BUILDX_NO_DEFAULT_ATTESTATIONS": "1"},
    )


def _legacy_docker(program: str, platform: str) -> Engine:
    return Engine(
        "docker",
        program,
        build=("build",),
        save=("save", "{id}"),
        platform=platform,
        names_platform=False,
        environment={"DOCKER_BUILDKIT": "0", "DOCKER_DEFAULT_PLATFORM": ""},
    )


def _silent_docker(program: str, said: str) -> Silent:
    host = os.environ.get("DOCKER_HOST")
    if not host:
        inspect = Command([program, "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"], {})
        host = answer(inspect, ANSWER_SECONDS).stdout.strip() or "its default address"
    if "permission denied" in said.lower():
        fix = "let your user reach it: sudo usermod -aG docker $USER, then log in again"
        return Silent(f"docker is installed but you may not talk to the engine at {host}", fix)
    return Silent(f"docker is installed but no engine answers at {host}", _START_DOCKER)


def find_podman() -> Found:
    """podman, with its own service or machine where it needs one."""
    return _find_podman_like(
        "podman",
        "{{.Host.OS}}/{{.Host.Arch}}",
        build=("build", "--format=docker"),
        save=("save", "--quiet", "--format=docker-archive", "{id}"),
    )


def find_buildah() -> Found:
    """buildah, which works without any service."""
    return _find_podman_like(
        "buildah",
        "{{.host.os}}/{{.host.arch}}",
        build=("bud", "--format=docker", "--layers"),
        save=("push", "--quiet", "{id}", "docker-archive:/dev/stdout"),
    )


def _find_podman_like(name: str, platform: str, *, build: tuple[str, ...], save: tuple[str, ...]) -> Found:
    """`--format=docker` because the OCI format has no HEALTHCHECK and no SHELL."""
    program = shutil.which(name)
    if program is None:
        return None
    try:
        reply = answer(Command([program, "info", "--format", platform], {}), ANSWER_SECONDS)
    except subprocess.TimeoutExpired:
        return Silent(
            f"{name} is installed but did not answer within {ANSWER_SECONDS:.0f} seconds", f"try: {name} info"
        )
    if reply.returncode != 0:
        said = reply.stderr.strip().splitlines()
        return Silent(
            f"{name} is installed but does not work: {said[-1] if said else 'no reason given'}",
            f"try: {name} info",
        )
    return Engine(name, program, build, save, platform=reply.stdout.strip())


PROBES: Mapping[str, Callable[[], Found]] = {
    "docker": find_docker,
    "podman": find_podman,
    "buildah": find_buildah,
}
"""By the name that chooses an engine, best first."""


def _json(text: str) -> dict[str, object]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
