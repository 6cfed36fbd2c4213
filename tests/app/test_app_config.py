"""What clouddeploy.yaml can say, and what it then means."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from clouddeploy.app.model import App, Build, Expose, Health, Resources, Service, Volume
from clouddeploy.contract import ClusterSpec, TargetSettings

Load = Callable[..., App]
HEAD = "apiVersion: clouddeploy/v1\napp: shop\n"


def service(load: Load, body: str, files: dict[str, str] | None = None) -> Service:
    """The service `web` with the given keys."""
    return load(f"{HEAD}services:\n  web: {body}\n", files).services[0]


def test_the_whole_format(load: Load, folder: Path) -> None:
    text = """\
apiVersion: clouddeploy/v1
app: shop
services:
  web:
    build: ./web
    port: 8080
    expose: {host: shop.example.com, tls: true}
    health: {path: /healthz}
    replicas: 3
    resources: {cpu: 250m, memory: 256Mi}
  api:
    build: {context: ./web, dockerfile: api.Dockerfile, target: prod, args: {V: 1.10}, platform: linux/arm64}
    port: 9000
    health: {command: [./check, "1"], interval: 1m30s, timeout: 500ms, retries: 5, start_period: 20s}
    env: {LOG_LEVEL: info}
  worker:
    image_of: api
    command: ./manage.py worker --name "a b"
  cache:
    image: redis:8.2
templates: ./deploy
rollout: {timeout: 15m}
defaults:
  cluster: {nodes: {count: 3, cpus: 2, memory: 8Gi}, version: 1.34}
targets:
  aws:
    {provider: aws, account: "012345678901", region: eu-west-1, profile: prod, cluster: {nodes: {count: 5}}}
  lab:
    provider: kubernetes
    context: kind-lab
    namespace: test
    cluster: {existing: Lab_1}
    registry: {host: "localhost:5000", insecure: true}
    overrides: {services: {web: {replicas: 1, expose: true, env: {A: 1}, resources: {cpu: 1}}}}
"""
    files = {"web/Dockerfile": "FROM a", "web/api.Dockerfile": "FROM a AS prod", "deploy/x.j2": ""}
    app = load(text, files)
    web, api, worker, cache = app.services
    context = folder / "web"
    assert web == Service(
        "web",
        build=Build(context, context / "Dockerfile"),
        port=8080,
        health=Health("/healthz"),
        replicas=3,
        resources=Resources(250, 256),
        expose=Expose("shop.example.com", tls=True),
    )
    assert api.build == Build(context, context / "api.Dockerfile", "prod", {"V": "1.10"}, "linux/arm64")
    assert api.health == Health(None, ("./check", "1"), 90, 0.5, 5, 20)
    assert worker.command == ("./manage.py", "worker", "--name", "a b")
    assert cache.image == "redis:8.2"
    assert (app.templates, app.rollout_timeout) == (folder / "deploy", 900)

    aws, lab = app.targets["aws"], app.targets["lab"]
    assert aws.settings == TargetSettings(
        "aws",
        "aws",
        ClusterSpec("shop", nodes=5, cpus=2, memory_gib=8, version="1.34"),
        account="012345678901",
        region="eu-west-1",
        options={"profile": "prod"},
    )
    assert (aws.namespace, aws.services) == ("shop", app.services)
    assert (lab.settings.cluster, lab.settings.existing) == (ClusterSpec("Lab_1"), True)
    assert lab.settings.registry == {"host": "localhost:5000", "insecure": "true"}
    assert lab.settings.options == {"context": "kind-lab"}
    assert lab.namespace == "test"
    changed = lab.services[0]
    assert (changed.replicas, changed.expose, changed.resources) == (1, Expose(), Resources(1000, 256))
    assert (changed.env, changed.health) == ({"A": "1"}, web.health)


def test_everything_but_the_image_may_be_left_out(load: Load, folder: Path) -> None:
    app = load(f"{HEAD}services: {{web: {{image: nginx}}}}\n")
    assert app == App(
        "shop",
        folder,
        folder / "clouddeploy.yaml",
        (Service("web", image="nginx"),),
        {},
        defaults=TargetSettings("", "", ClusterSpec("shop")),
    )


@pytest.mark.parametrize(
    ("written", "millicores"), [("250m", 250), ("0.5", 500), ("2", 2000), ('"1.5"', 1500), (".1", 100)]
)
def test_cpus(load: Load, written: str, millicores: int) -> None:
    assert service(load, f"{{image: a, resources: {{cpu: {written}}}}}").resources.cpu == millicores


@pytest.mark.parametrize(
    ("written", "mebibytes"),
    [("256Mi", 256), ("1Gi", 1024), ("1.5Gi", 1536), ("512M", 489), ("1G", 954), ("8192Ki", 8)],
)
def test_memory_is_rounded_up_to_mebibytes(load: Load, written: str, mebibytes: int) -> None:
    assert service(load, f"{{image: a, resources: {{memory: {written}}}}}").resources.memory == mebibytes


def test_env_values_are_taken_as_written(load: Load) -> None:
    body = "{image: a, env: {A: 0123, B: no, C: True, D: 1.10, E: '', F: 12:30, G: 0x1F}}"
    assert service(load, body).env == {
        "A": "0123", "B": "no", "C": "True", "D": "1.10", "E": "", "F": "12:30", "G": "0x1F",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("written", "expose"),
    [
        ("true", Expose()),
        ("false", None),
        ("{}", Expose()),
        ("{path: /api}", Expose(path="/api")),
        ('{host: "*.example.com"}', Expose(host="*.example.com")),
    ],
)
def test_expose(load: Load, written: str, expose: Expose | None) -> None:
    assert service(load, f"{{image: a, port: 80, expose: {written}}}").expose == expose


@pytest.mark.parametrize(
    ("cluster", "spec", "existing"),
    [
        ("{}", ClusterSpec("main", nodes=3, version="1.33"), False),
        ("own", ClusterSpec("own", nodes=3, version="1.33"), False),
        ("{name: own, version: 1.34}", ClusterSpec("own", nodes=3, version="1.34"), False),
        (
            "{nodes: {machine: m7g.large}}",
            ClusterSpec("main", nodes=3, machine="m7g.large", version="1.33"),
            False,
        ),
        ("{existing: theirs}", ClusterSpec("theirs"), True),
    ],
)
def test_clusters_complete_one_another(load: Load, cluster: str, spec: ClusterSpec, existing: bool) -> None:
    defaults = "defaults: {cluster: {name: main, nodes: {count: 3}, version: '1.33'}}"
    target = f"{{provider: x, cluster: {cluster}}}"
    text = f"{HEAD}services: {{a: {{image: a}}}}\n{defaults}\ntargets: {{t: {target}}}\n"
    settings = load(text).targets["t"].settings
    assert (settings.cluster, settings.existing) == (spec, existing)


def test_an_override_can_close_what_is_open(load: Load) -> None:
    override = "{provider: x, overrides: {services: {web: {expose: false, replicas: 0, port: 81}}}}"
    text = f"{HEAD}services: {{web: {{image: a, port: 80, expose: true}}}}\ntargets: {{t: {override}}}\n"
    (web,) = load(text).targets["t"].services
    assert (web.expose, web.replicas, web.port) == (None, 0, 81)


def test_paths_are_relative_to_the_file_and_the_dockerfile_to_its_context(load: Load, folder: Path) -> None:
    files = {"a/b/Dockerfile": "FROM x", "a/shared.Dockerfile": "FROM x"}
    found = service(load, "{build: {context: ./a/b/../b, dockerfile: ../shared.Dockerfile}}", files).build
    assert found == Build(folder / "a/b", folder / "a/shared.Dockerfile")


@pytest.mark.parametrize(
    "image", ["nginx", "nginx:1.29", "ghcr.io/a/b_c/d-e:v1", "localhost:5000/x@sha256:" + "0" * 64]
)
def test_images(load: Load, image: str) -> None:
    assert service(load, f'{{image: "{image}"}}').image == image


@pytest.mark.parametrize(
    ("size", "gib"),
    [("1Gi", 1), ("500Mi", 1), ("1.5Gi", 2), ("1Ti", 1024), ("1G", 1), ("100G", 94), ("64Ti", 65536)],
)
def test_a_volumes_size_is_counted_in_whole_gib(load: Load, size: str, gib: int) -> None:
    (volume,) = service(load, f"{{image: a, volumes: [{{name: d, mount: /d, size: {size}}}]}}").volumes
    assert volume == Volume("d", "/d", gib)


def test_a_targets_variant_keeps_the_volumes(load: Load) -> None:
    text = f"""{HEAD}services:
  db: {{image: a, volumes: [{{name: d, mount: /d, size: 1Gi}}]}}
targets: {{aws: {{provider: aws, overrides: {{services: {{db: {{replicas: 0}}}}}}}}}}
"""
    (varied,) = load(text).targets["aws"].services
    assert varied.volumes == (Volume("d", "/d", 1),)
