"""One rig for each provider: what the conformance suite has to know about a cloud.

Adding a provider to the suite is adding its rig to RIGS.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from clouddeploy.conformance.rig import Cloud, EmulatedClock, Rig, Site
from clouddeploy.contract import ClusterSpec, TargetSettings


@contextmanager
def start_aws(directory: Path) -> Iterator[Cloud]:
    """An emulated account; waiting is emulated time, so a cluster is there at once."""
    from clouddeploy.emulator import EmulatorSettings
    from clouddeploy_aws.emulator import start

    region = "eu-west-1"
    cloud = start(EmulatorSettings(directory, region=region, pace=1))

    def site() -> Site:
        cloud.reset()
        return Site(
            target=TargetSettings("live", "aws", ClusterSpec("shop"), account=cloud.account, region=region),
            environment=cloud.environment,
            cluster=None,
            refused={
                "none": {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None},
                "wrong": {"AWS_SECRET_ACCESS_KEY": "wr0ng/Secret/Key/wr0ng/Secret/Key/wr0ng"},
            },
            secrets=(cloud.environment["AWS_SECRET_ACCESS_KEY"],),
            clock=EmulatedClock(cloud.clock.advance, cloud.eks.join),
            writes=lambda: sum(_is_aws_write(action) for _, action in cloud.calls),
            disown=_disown_eks,
            attached=lambda: _attached(cloud.ledger()),
        )

    with closing(cloud):
        yield site


@contextmanager
def start_alibaba(directory: Path) -> Iterator[Cloud]:
    """An emulated account with one registry instance; waiting is emulated time."""
    from clouddeploy.emulator import EmulatorSettings
    from clouddeploy_alibaba.emulator import start

    cloud = start(EmulatorSettings(directory, pace=1))

    def site() -> Site:
        cloud.reset()
        return Site(
            target=TargetSettings(
                "live", "alibaba", ClusterSpec("shop"), account=cloud.account, region=cloud.region
            ),
            environment=cloud.environment,
            cluster=None,
            refused={
                "none": {"ALIBABA_CLOUD_ACCESS_KEY_ID": None, "ALIBABA_CLOUD_ACCESS_KEY_SECRET": None},
                "wrong": {"ALIBABA_CLOUD_ACCESS_KEY_SECRET": "wr0ngSecretwr0ngSecretwr0ng"},
            },
            secrets=(cloud.environment["ALIBABA_CLOUD_ACCESS_KEY_SECRET"],),
            clock=EmulatedClock(cloud.clock.advance, cloud.ack.join),
            writes=lambda: sum(_is_alibaba_write(action) for _, action in cloud.calls),
            disown=cloud.disown,
            attached=lambda: _attached(cloud.ledger()),
        )

    with closing(cloud):
        yield site


@contextmanager
def start_kubernetes(directory: Path) -> Iterator[Cloud]:
    """A Kubernetes API with one user, and a registry with one login."""
    from clouddeploy.emulator.kubernetes import User, start_kubernetes
    from clouddeploy.emulator.registry import DISTRIBUTION, OciRegistry, basic
    from clouddeploy.emulator.server import Server

    token, password = "s3cr3t-kubernetes-token", "s3cr3t-registry-password"
    admin = User("admin", ("system:masters",))
    api = start_kubernetes(
        directory / "api", authenticate=lambda given: admin if given == token else None, real=False
    )
    kubeconfig = directory / "kubeconfig"
    kubeconfig.write_text(_kubeconfig(api.url, directory / "ca.crt", token))
    (directory / "ca.crt").write_text(api.ca)
    app = OciRegistry(directory / "registry", authorize=basic({"ci": password}), profile=DISTRIBUTION)

    def site() -> Site:
        for name in list(app.repositories()):
            app.delete_repository(name)
        return Site(
            target=TargetSettings(
                "lab",
                "kubernetes",
                ClusterSpec("lab"),
                registry={"host": registry.host, "namespace": "acme"},
                options={"context": "lab", "kubeconfig": str(kubeconfig)},
            ),
            environment={
                "CLOUDDEPLOY_REGISTRY_USERNAME": "ci",
                "CLOUDDEPLOY_REGISTRY_PASSWORD": password,
            },
            cluster="lab",
            refused={
                "none": {"CLOUDDEPLOY_REGISTRY_USERNAME": None, "CLOUDDEPLOY_REGISTRY_PASSWORD": None},
                "wrong": {"CLOUDDEPLOY_REGISTRY_PASSWORD": "wr0ng-password"},
            },
            secrets=(token, password),
        )

    with closing(api), Server(app) as registry:
        yield site


@contextmanager
def start_digitalocean(directory: Path) -> Iterator[Cloud]:
    """An emulated account; waiting is emulated time, so a cluster is there at once."""
    from clouddeploy.emulator import EmulatorSettings
    from clouddeploy_digitalocean.emulator import start
    from clouddeploy_digitalocean.emulator.routes import WRITES

    cloud = start(EmulatorSettings(directory, region="fra1", pace=1))

    def site() -> Site:
        cloud.reset()
        return Site(
            target=TargetSettings(
                "live",
                "digitalocean",
                ClusterSpec("shop"),
                account=cloud.account.team,
                region="fra1",
                registry={"name": "acme", "tier": "basic"},
            ),
            environment=cloud.environment,
            cluster=None,
            refused={
                "none": {"DIGITALOCEAN_TOKEN": None, "DIGITALOCEAN_ACCESS_TOKEN": None},
                "wrong": {"DIGITALOCEAN_TOKEN": "dop_v1_wr0ng"},
            },
            secrets=(cloud.token,),
            clock=EmulatedClock(cloud.clock.advance, cloud.kubernetes.join),
            writes=lambda: sum(operation in WRITES for operation in cloud.calls),
            disown=cloud.kubernetes.disown,
            attached=lambda: _attached(cloud.ledger()),
        )

    with closing(cloud):
        yield site


@contextmanager
def start_gcp(directory: Path) -> Iterator[Cloud]:
    """An emulated project; waiting is emulated time, so a cluster is there at once."""
    from clouddeploy.emulator import EmulatorSettings
    from clouddeploy_gcp.emulator import start

    cloud = start(EmulatorSettings(directory, region="europe-west3", pace=10))
    stranger = cloud.accounts.write_key(directory / "stranger.json", stranger=True)

    def site() -> Site:
        cloud.reset()
        return Site(
            target=TargetSettings(
                "live", "gcp", ClusterSpec("shop", nodes=3), account=cloud.project, region="europe-west3"
            ),
            environment=cloud.environment,
            cluster=None,
            refused={
                "none": {"GOOGLE_APPLICATION_CREDENTIALS": None},
                "wrong": {"GOOGLE_APPLICATION_CREDENTIALS": str(stranger)},
            },
            secrets=(json.loads(stranger.read_text())["private_key"],),
            clock=EmulatedClock(cloud.clock.advance, cloud.gke.join),
            writes=lambda: len(cloud.writes()),
            disown=cloud.disown,
            attached=lambda: _attached(cloud.ledger()),
            stranger="not-ours",
        )

    with closing(cloud):
        yield site


RIGS = (
    Rig(
        name="alibaba",
        start=start_alibaba,
        offline=TargetSettings(
            "live",
            "alibaba",
            ClusterSpec("shop"),
            account="1234567890123456",
            region="eu-central-1",
            registry={"instance": "acme"},
        ),
        late=("Tea", "darabonba", "requests", "alibabacloud_credentials", "alibabacloud_cs20151215"),
        provisions=True,
        asks_who=True,
        fixes_tags=True,
        cleared=("ALIBABA", "ALICLOUD", "CLOUDDEPLOY_"),
    ),
    Rig(
        name="aws",
        start=start_aws,
        offline=TargetSettings(
            "live", "aws", ClusterSpec("shop"), account="123456789012", region="eu-west-1"
        ),
        late=("boto3", "botocore"),
        provisions=True,
        asks_who=True,
        fixes_tags=True,
        cleared=("AWS_",),
    ),
    Rig(
        name="digitalocean",
        start=start_digitalocean,
        offline=TargetSettings(
            "live", "digitalocean", ClusterSpec("shop"), region="fra1", registry={"name": "acme"}
        ),
        late=("pydo", "azure", "requests"),
        provisions=True,
        asks_who=True,
        cleared=("DIGITALOCEAN_", "CLOUDDEPLOY_DIGITALOCEAN_"),
    ),
    Rig(
        name="gcp",
        start=start_gcp,
        offline=TargetSettings(
            "live", "gcp", ClusterSpec("shop"), account="acme-shop", region="europe-west3"
        ),
        late=("google", "grpc", "proto", "requests"),
        provisions=True,
        asks_who=True,
        fixes_tags=True,
        cleared=("GOOGLE_", "CLOUDSDK_", "CLOUDDEPLOY_GCP_", "GCE_METADATA"),
    ),
    Rig(
        name="kubernetes",
        start=start_kubernetes,
        offline=TargetSettings("lab", "kubernetes", ClusterSpec("lab"), registry={"host": "ghcr.io"}),
        late=("yaml", "urllib3", "lightkube"),
        cleared=("KUBECONFIG", "DOCKER_", "CLOUDDEPLOY_"),
    ),
)


def _is_aws_write(action: str) -> bool:
    return not action.startswith(("Describe", "List", "Get", "BatchGet", "BatchCheck", "Simulate"))


def _is_alibaba_write(action: str) -> bool:
    return not action.startswith(("Describe", "List", "Get", "Check"))


def _attached(ledger: Sequence[tuple[str, str, object]]) -> int:
    kinds = {"load balancer", "volume", "slb", "disk", "forwardingRules", "disks"}
    return sum(kind in kinds for kind, _, _ in ledger)


def _disown_eks(name: str) -> None:
    import boto3

    from clouddeploy.contract import OWNER_TAG

    eks = boto3.client("eks")
    arn = eks.describe_cluster(name=name)["cluster"]["arn"]
    eks.untag_resource(resourceArn=arn, tagKeys=[OWNER_TAG])


def _kubeconfig(server: str, authority: Path, token: str) -> str:
    cluster = {"server": server, "certificate-authority": authority.name}
    return json.dumps(
        {
            "clusters": [{"name": "lab", "cluster": cluster}],
            "users": [{"name": "admin", "user": {"token": token}}],
            "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "admin"}}],
        }
    )
