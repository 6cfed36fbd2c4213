"""Apps as the loader would hand them over, for tests of everything after it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from clouddeploy.app.model import App, Expose, Health, Resources, Service, Target, Volume
from clouddeploy.contract import ClusterSpec, TargetSettings, Traits
from clouddeploy.manifests import render

RELEASE = "2026.11.23-7c1f2aa"
DIGEST = "sha256:" + "4f" * 32

WEB = Service(
    "web",
    image="nginx:1.29",
    port=8080,
    expose=Expose("shop.example.com", tls=True),
    health=Health(path="/healthz"),
    replicas=3,
    resources=Resources(cpu=250, memory=256),
    env={"API_URL": "http://api:9000", "GREETING": 'say "hi": # now\n- yes'},
)
API = Service(
    "api",
    image="api:1",
    port=9000,
    health=Health(command=["./ready"], interval=5, timeout=2.5, retries=4, start_period=20),
    env={"LOG_LEVEL": "info"},
)
WORKER = Service("worker", image_of="api", command=["./manage.py", "worker"])

DB = Service(
    "db",
    image="postgres:17",
    port=5432,
    volumes=(Volume("data", "/var/lib/postgresql/data", 12), Volume("wal", "/wal", 1)),
)

CLOUD = Traits(
    ingress_class="alb",
    ingress_annotations={"alb.ingress.kubernetes.io/target-type": "ip"},
    load_balancer_annotations={"service.beta.kubernetes.io/aws-load-balancer-scheme": "internet-facing"},
)

DISKS = Traits(
    storage_class="acme-ssd",
    storage_provisioner="disks.acme.example",
    storage_parameters={"type": "ssd"},
    min_volume_gib=10,
)
"""A cloud whose clusters have no storage class at first, and no disk below 10 GiB."""


def make_app(
    *services: Service, namespace: str = "shop", templates: Path | None = None, timeout: float = 600
) -> App:
    """An app called shop with one target, aws."""
    target = Target(TargetSettings("aws", "aws", ClusterSpec("shop")), namespace, services)
    return App(
        "shop", Path("/src"), Path("/src/clouddeploy.yaml"), services, {"aws": target}, templates, timeout
    )


def objects(app: App, traits: Traits = CLOUD, release: str = RELEASE) -> list[dict[str, Any]]:
    """The app's objects on its one target, every image pinned."""
    (target,) = app.targets.values()
    images = {each.name: f"registry.test/shop/{each.name}:1@{DIGEST}" for each in app.services}
    return render(app, target, images, traits, release=release)


def one(found: list[dict[str, Any]], kind: str, name: str = "") -> dict[str, Any]:
    """The only object of a kind (and name) among those found."""
    (match,) = [each for each in found if each["kind"] == kind and each["metadata"]["name"].startswith(name)]
    return match
