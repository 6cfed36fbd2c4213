"""Everything that people get wrong ends in one clear error, its fix and its exit code."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from clouddeploy.emulator.server import Server
from tests.commandline import Ran, Run

CONFIG = """\
apiVersion: clouddeploy/v1
app: shop
services:
  web: {build: .}
targets:
  aws: {provider: aws, region: eu-west-1}
"""

PLAYED = """\
{% extends "clouddeploy/deployment.yaml.j2" %}
{% block container %}
{{ super() }}
          env:
            - {name: CLOUDDEPLOY_EMULATOR_PLAY, value: FATE}
{% endblock %}
"""


def one_error(ran: Ran, code: int, *words: str) -> None:
    """The command failed with this code, one error that has these words, and a fix."""
    assert ran.code == code, ran.err
    assert ran.err.count("error: ") == 1, ran.err
    assert ran.err.count("  fix: ") == 1, ran.err
    for word in words:
        assert word in ran.err


def test_no_config_and_no_dockerfile(run: Run) -> None:
    one_error(run("push", "--to", "aws"), 2, "clouddeploy.yaml", "Dockerfile")


def test_yaml_that_does_not_parse(run: Run, folder: Path) -> None:
    (folder / "clouddeploy.yaml").write_text("app: [shop\nservices: {}\n")
    one_error(run("build"), 2, "clouddeploy.yaml:", "^")


def test_unknown_key(run: Run, folder: Path) -> None:
    (folder / "clouddeploy.yaml").write_text(CONFIG.replace("build: .", "build: ., replica: 2"))
    one_error(run("build"), 2, "clouddeploy.yaml:4:", "replica", "replicas", "^", "nothing was changed")


def test_a_target_that_does_not_exist(run: Run, static_app: Path) -> None:
    one_error(run("push", "--to", "azure"), 2, "azure", "aws")


def test_no_credentials(run: Run, static_app: Path) -> None:
    env = {
        "AWS_REGION": "eu-west-1",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    }
    one_error(run("push", "--to", "aws", env=env), 5, "credentials")


def test_wrong_account(run: Run, static_app: Path, aws: Mapping[str, str]) -> None:
    config = CONFIG.replace("provider: aws", 'provider: aws, account: "999999999999"')
    (static_app / "clouddeploy.yaml").write_text(config)
    one_error(run("push", "--to", "aws", env=aws), 5, "999999999999", "123456789012")


@pytest.mark.parametrize("name", ["Shop", "shop_", "shop--" + "x" * 60])
def test_a_name_that_no_repository_can_have(run: Run, static_app: Path, name: str) -> None:
    """The names of app and service make the repository's: what ECR refuses is refused in the file."""
    (static_app / "clouddeploy.yaml").write_text(CONFIG.replace("app: shop", f"app: {name}"))
    one_error(run("push", "--to", "aws"), 2, "clouddeploy.yaml:2:", name, "^", "nothing was changed")


def test_a_cluster_that_is_not_there(run: Run, static_app: Path, aws: Mapping[str, str]) -> None:
    (static_app / "clouddeploy.yaml").write_text(CONFIG.replace("region: eu-west-1", "cluster: nowhere"))
    one_error(run("status", "--to", "aws", env=aws), 5, "nowhere", "cluster create")
    one_error(run("cluster", "show", "--to", "aws", env=aws), 5, "nowhere", "cluster create")


def test_a_pod_that_cannot_start(run: Run, static_app: Path, running_cluster: Mapping[str, str]) -> None:
    (static_app / "clouddeploy.yaml").write_text(f"{CONFIG}templates: ./deploy\n")
    (static_app / "deploy").mkdir()
    for fate, reason in (("crash", "CrashLoopBackOff"), ("config-error", "CreateContainerConfigError")):
        (static_app / "deploy" / "deployment.yaml.j2").write_text(PLAYED.replace("FATE", fate))
        failed = run("deploy", "--to", "aws", env=running_cluster)
        one_error(failed, 6, "web: 0 of 1 ready", reason, "clouddeploy status")


def test_an_engine_that_is_not_running(run: Run, folder: Path, tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    docker = tools / "docker"
    docker.write_text("#!/bin/sh\necho 'Cannot connect to the Docker daemon' >&2\nexit 1\n")
    docker.chmod(docker.stat().st_mode | stat.S_IXUSR)
    (folder / "Dockerfile").write_text("FROM scratch\nRUN make\n")
    one_error(run("build", env={"PATH": f"{tools}:/usr/bin:/bin"}), 5, "docker", "Dockerfile:2")


def test_a_base_image_that_cannot_be_had(run: Run, folder: Path, registry: Scripted) -> None:
    registry.status = 404
    (folder / "Dockerfile").write_text(f"FROM {registry.host}/base:1\nCOPY Dockerfile /\n")
    one_error(run("build", "--engine", "built-in"), 5, f"{registry.host}/base")


@pytest.mark.parametrize(
    ("status", "body", "code", "word"),
    [
        (
            401,
            b'{"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]}',
            5,
            "authentication",
        ),
        (403, b'{"errors": [{"code": "DENIED", "message": "requested access is denied"}]}', 5, "denied"),
        (404, b'{"errors": [{"code": "NAME_UNKNOWN", "message": "repository name not known"}]}', 5, "not"),
        (500, b"oops", 75, "500"),
        (200, b"<html>a login page</html>", 1, "registry"),
    ],
)
def test_a_registry_that_refuses_or_answers_nonsense(
    run: Run, static_app: Path, registry: Scripted, status: int, body: bytes, code: int, word: str
) -> None:
    registry.status, registry.body = status, body
    (static_app / "clouddeploy.yaml").write_text(
        CONFIG + f"  lab: {{provider: kubernetes, context: lab, registry: {{host: '{registry.host}'}}}}\n"
    )
    one_error(run("push", "--to", "lab"), code, word, registry.host)


def test_a_prompt_without_a_terminal(run: Run, static_app: Path, aws: Mapping[str, str]) -> None:
    one_error(run("cluster", "create", "--to", "aws", env=aws), 2, "--yes", "nothing was changed")


@pytest.fixture
def running_cluster(run: Run, static_app: Path, aws: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
    """The emulated AWS's variables, while the app's cluster is there."""
    (static_app / "clouddeploy.yaml").write_text(CONFIG)
    assert run("cluster", "create", "--to", "aws", "--yes", env=aws).code == 0
    yield aws
    assert run("cluster", "delete", "--to", "aws", "--yes", env=aws).code == 0


class Scripted:
    """A server that gives every request the same answer."""

    def __init__(self) -> None:
        self.status, self.body = 200, b""
        self.server = Server(self)
        self.host = self.server.host

    def __call__(self, environ, start_response):  # type: ignore[no-untyped-def]
        read = environ["wsgi.input"].read
        while read(65536):
            pass
        headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(self.body)))]
        if self.status == 401:
            headers.append(("WWW-Authenticate", 'Basic realm="test"'))
        start_response(f"{self.status} Scripted", headers)
        return [self.body]


@pytest.fixture
def registry() -> Iterator[Scripted]:
    scripted = Scripted()
    yield scripted
    scripted.server.close()
