"""Which engine builds, how it is called, and what is said when there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from clouddeploy.app.dockerfile import Dockerfile, parse_dockerfile
from clouddeploy.app.model import Build
from clouddeploy.errors import CloudDeployError, ConfigError, MissingToolError, PreconditionError
from clouddeploy.images import engines
from clouddeploy.images.engines import Engine, find_engine
from clouddeploy.images.stages import needed_stages
from tests.images.fakes import Fakes

NO_SERVER = {
    "out": '{"Client": {}, "Server": null}',
    "status": 1,
    "err": "Cannot connect to the Docker daemon",
}


@pytest.fixture
def fakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fakes:
    fakes = Fakes(tmp_path / "bin")
    monkeypatch.setenv("PATH", str(fakes.home))
    return fakes


def dockerfile(*lines: str) -> Dockerfile:
    return parse_dockerfile("\n".join(lines), Path("web/Dockerfile"))


RUN = dockerfile("FROM scratch", "COPY a /a", "RUN make")
PLAIN = dockerfile("FROM scratch", "COPY a /a")


def test_docker_comes_first_then_podman_then_buildah(fakes: Fakes) -> None:
    fakes.put("buildah")
    assert find_engine(RUN).name == "buildah"
    fakes.put("podman")
    assert find_engine(RUN).name == "podman"
    fakes.put("docker")
    assert find_engine(RUN).name == "docker"
    fakes.put("docker", buildx=True)
    assert find_engine(RUN).name == "docker buildkit"


def test_what_does_not_answer_is_passed_over(fakes: Fakes) -> None:
    fakes.put("docker", version=NO_SERVER)
    fakes.put("podman", info={"status": 125, "err": "Error: no machine\n"})
    fakes.put("buildah")
    assert find_engine(RUN).name == "buildah"


def test_without_run_no_engine_is_needed(fakes: Fakes) -> None:
    assert find_engine(PLAIN) == Engine("built-in")
    fakes.put("docker", version=NO_SERVER)
    assert find_engine(PLAIN) == Engine("built-in")


def test_only_the_target_counts(fakes: Fakes) -> None:
    both = dockerfile("FROM scratch AS plain", "COPY a /a", "FROM scratch AS made", "RUN make", "FROM plain")
    assert find_engine(both).name == "built-in"
    with pytest.raises(MissingToolError, match="web/Dockerfile:4: RUN needs a build engine"):
        find_engine(both, target="made")


def test_stages_that_are_copied_from_count(fakes: Fakes) -> None:
    staged = dockerfile("FROM scratch AS one", "RUN make", "FROM scratch", "COPY --from=one /a /a")
    assert [stage.line for stage in needed_stages(staged)] == [1, 3]
    with pytest.raises(MissingToolError, match="web/Dockerfile:2"):
        find_engine(staged)


def test_a_stage_may_be_named_by_a_variable_or_a_number() -> None:
    staged = dockerfile(
        "ARG BASE=one", "FROM scratch AS one", "FROM scratch AS two", "FROM $BASE", "COPY --from=1 /a /a"
    )
    assert [stage.line for stage in needed_stages(staged)] == [2, 3, 4]
    assert [stage.line for stage in needed_stages(staged, build_args={"BASE": "image"})] == [3, 4]


def test_nothing_is_installed(fakes: Fakes) -> None:
    with pytest.raises(MissingToolError) as caught:
        find_engine(RUN)
    assert caught.value.message == (
        "web/Dockerfile:3: RUN needs a build engine, and neither docker nor podman nor buildah is installed"
    )
    assert caught.value.fix == (
        "install one: https://docs.docker.com/engine/install/, or the package podman or buildah"
    )


def test_docker_is_installed_but_nobody_answers(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    fakes.put("docker", version=NO_SERVER)
    with pytest.raises(PreconditionError) as caught:
        find_engine(RUN)
    assert caught.value.message == (
        "web/Dockerfile:3: RUN needs a build engine, and docker is installed "
        "but no engine answers at unix:///home/somebody/docker.sock"
    )
    assert (
        caught.value.fix
        == "start it (systemctl start docker, or open Docker Desktop), or use podman or buildah"
    )
    monkeypatch.setenv("DOCKER_HOST", "tcp://build:2376")
    with pytest.raises(PreconditionError, match="no engine answers at tcp://build:2376"):
        find_engine(RUN)


def test_docker_may_not_be_used(fakes: Fakes) -> None:
    fakes.put("docker", version={"status": 1, "err": "permission denied while trying to connect"})
    with pytest.raises(
        PreconditionError, match="you may not talk to the engine at unix:///home/some"
    ) as caught:
        find_engine(RUN)
    assert caught.value.fix == "let your user reach it: sudo usermod -aG docker $USER, then log in again"


@pytest.mark.parametrize("name", ["docker", "podman", "buildah"])
def test_an_engine_that_hangs(fakes: Fakes, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(engines, "ANSWER_SECONDS", 0.5)
    fakes.put(name, **{"version" if name == "docker" else "info": {"sleep": 30}})
    with pytest.raises(PreconditionError, match=f"{name} is installed but did not answer within"):
        find_engine(RUN)


def test_podman_in_dockers_clothes_is_podman(fakes: Fakes) -> None:
    """The package podman-docker installs a `docker` that has no server to speak of."""
    fakes.put("docker", version={"out": '{"Client": {"APIVersion": "4.3.1"}}'})
    fakes.put("podman")
    assert find_engine(RUN).name == "podman"


@pytest.mark.parametrize("out", ["", "not json", "[]", '{"Server": 1}'])
def test_nonsense_is_no_answer(fakes: Fakes, out: str) -> None:
    fakes.put("docker", version={"out": out})
    with pytest.raises(PreconditionError, match="no engine answers"):
        find_engine(RUN, "docker")


@pytest.mark.parametrize("name", ["docker", "podman", "buildah"])
def test_the_wanted_engine_is_used_or_missed(fakes: Fakes, name: str) -> None:
    with pytest.raises(MissingToolError, match=f"{name} is not installed") as caught:
        find_engine(PLAIN, name)
    assert caught.value.fix == f"install {name}, or leave the choice to clouddeploy"
    for each in ("docker", "podman", "buildah"):
        fakes.put(each)
    assert find_engine(PLAIN, name).name == name


def test_the_built_in_builder_can_be_wanted(fakes: Fakes) -> None:
    fakes.put("docker")
    assert find_engine(PLAIN, "built-in") == Engine("built-in")
    with pytest.raises(PreconditionError, match="web/Dockerfile:3: the built-in builder cannot do RUN"):
        find_engine(RUN, "built-in")


def test_an_engine_that_nobody_knows() -> None:
    with pytest.raises(ConfigError, match='"kaniko" is no build engine') as caught:
        find_engine(PLAIN, "kaniko")
    assert caught.value.fix == "one of docker, podman, buildah, built-in"


def test_a_podman_that_does_not_work(fakes: Fakes) -> None:
    fakes.put("podman", info={"status": 125, "err": "warning\nError: cannot connect to Podman\n"})
    with pytest.raises(CloudDeployError) as caught:
        find_engine(RUN, "podman")
    assert caught.value.message == "podman is installed but does not work: Error: cannot connect to Podman"
    assert caught.value.fix == "try: podman info"


FULL = Build(Path("/c"), Path("/c/D"), target="prod", args={"A": "1", "B": "x y"}, platform="linux/amd64")


def test_commands_are_data(fakes: Fakes) -> None:
    fakes.put("podman")
    engine = find_engine(RUN)
    program = str(fakes.home / "podman")
    assert engine.build_command(FULL, Path("/t/id")).arguments == [
        *(program, "build", "--format=docker", "--iidfile", "/t/id", "--file", "/c/D"),
        *(
            "--platform",
            "linux/amd64",
            "--target",
            "prod",
            "--build-arg",
            "A=1",
            "--build-arg",
            "B=x y",
            "/c",
        ),
    ]
    assert engine.save_command("sha256:1").arguments == [
        *(program, "save", "--quiet", "--format=docker-archive", "sha256:1")
    ]


def test_buildah_saves_by_pushing(fakes: Fakes) -> None:
    fakes.put("buildah")
    assert list(find_engine(RUN).save_command("sha256:1").arguments)[1:] == [
        *("push", "--quiet", "sha256:1", "docker-archive:/dev/stdout")
    ]


def test_the_legacy_builder_is_not_told_its_own_platform(fakes: Fakes) -> None:
    fakes.put("docker")
    engine = find_engine(RUN)
    assert "--platform" not in engine.build_command(FULL, Path("/t/id")).arguments
    arm = Build(Path("/c"), Path("/c/D"), platform="linux/arm64")
    assert "linux/arm64" in engine.build_command(arm, Path("/t/id")).arguments
    assert engine.environment == {"DOCKER_BUILDKIT": "0", "DOCKER_DEFAULT_PLATFORM": ""}


def test_buildkit_makes_no_attestations(fakes: Fakes) -> None:
    fakes.put("docker", buildx=True)
    engine = find_engine(RUN)
    assert engine.environment == {"DOCKER_BUILDKIT": "1", "BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}
    assert "--load" in engine.build_command(FULL, Path("/t/id")).arguments
