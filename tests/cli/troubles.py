"""What goes wrong with four clouds: a row for each trouble, a cell for each cloud it can meet.

A cell says how the trouble is brought about, on an emulated account, and how the command line must end.
Where a cloud has no such trouble, the cell is the reason.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from moto_fixtures import alibaba, aws, digitalocean, gcp

USAGE, PRECONDITION, TEMPORARY = 2, 5, 75

NOBODY = "127.0.0.1:9"
CREATE = ("cluster", "create", "--yes")
PUSH = ("push",)


@dataclass(frozen=True)
class Given:
    """What a cell brings its trouble about with: the emulated account, and a folder for files."""

    account: Any
    folder: Path

    @property
    def cloud(self) -> Any:
        return self.account.cloud


Changes = Mapping[str, str]
Arrange = Callable[[Given], Changes | None]
"""Prepares the account, or answers with variables of the environment."""


@dataclass(frozen=True)
class Cell:
    """Exit code and words of the one error; `target` and `flags` are what was wished for."""

    code: int
    says: Sequence[str]
    arrange: Arrange = lambda _: None
    target: Mapping[str, str] = field(default_factory=dict)
    flags: Sequence[str] = ()
    commands: Sequence[Sequence[str]] = (CREATE, PUSH)


def env(**changes: str) -> Arrange:
    return lambda _: changes


def planted(*seeds: Any) -> Arrange:
    def arrange(given: Given) -> None:
        for seed in seeds:
            given.account.plant(seed)

    return arrange


def wrong_google_key(given: Given) -> Changes:
    key = given.cloud.accounts.write_key(given.folder / "stranger.json", stranger=True)
    return {"GOOGLE_APPLICATION_CREDENTIALS": str(key)}


def half_a_google_key(given: Given) -> Changes:
    whole = json.loads(Path(given.cloud.environment["GOOGLE_APPLICATION_CREDENTIALS"]).read_text())
    half = given.folder / "half.json"
    half.write_text(json.dumps({name: whole[name] for name in ("type", "project_id", "client_email")}))
    return {"GOOGLE_APPLICATION_CREDENTIALS": str(half)}


def old_google_token(given: Given) -> Changes:
    return {"CLOUDSDK_AUTH_ACCESS_TOKEN": given.cloud.accounts.issue(life=-1)}


def old_aws_key(given: Given) -> Changes:
    before = {name: value for name, value in given.cloud.environment.items() if name.startswith("AWS_")}
    given.cloud.moto.expire()
    return before


def old_alibaba_session(given: Given) -> Changes:
    key = given.cloud.environment["ALIBABA_CLOUD_ACCESS_KEY_ID"]
    given.cloud.signatures.tokens[key] = ""
    return {"ALIBABA_CLOUD_SECURITY_TOKEN": "session-of-yesterday"}


def unpaid_aws(given: Given) -> None:
    given.cloud.subscribed = False


def unpaid_google(given: Given) -> None:
    given.cloud.services.billed = False


def unpaid_alibaba(given: Given) -> None:
    given.cloud.world.funded = False


def unpaid_digitalocean(given: Given) -> None:
    given.cloud.account.status = "locked"
    given.cloud.account.status_message = "unpaid invoice"


def google_forbids_enabling(given: Given) -> None:
    given.account.plant(gcp.NO_APIS)
    given.cloud.denied.add("serviceusage.services.enable")


def closed_alibaba(given: Given) -> None:
    given.cloud.world.opened = False


def weather_of(cloud: Any) -> Any:
    return getattr(cloud, "weather", None) or cloud.faults


class Hurried:
    """The clock of a command that runs with `ODD_PACE=20`."""

    def monotonic(self) -> float:
        return 20 * time.monotonic()


def outage(given: Given) -> Changes:
    """From the first request on."""
    weather = weather_of(given.cloud)
    weather.before(1, lambda _: weather.outage(300, Hurried()))
    return {"ODD_PACE": "20"}


def unplugged(given: Given) -> Changes:
    """Every variable that named the cloud names a closed port."""
    ours = re.compile(r"\b(127\.0\.0\.1|localhost):\d+")
    return {name: ours.sub(NOBODY, value) for name, value in given.cloud.environment.items()}


CREDENTIALS: Mapping[str, Mapping[str, Cell | str]] = {
    "wrong credentials": {
        "alibaba": Cell(
            PRECONDITION,
            ("signature is not matched", "fix: run `aliyun configure`"),
            env(ALIBABA_CLOUD_ACCESS_KEY_SECRET="wr0ngSecretwr0ngSecretwr0ng"),
        ),
        "aws": Cell(
            PRECONDITION,
            ("AWS refuses the credentials", "fix: run `aws configure`"),
            env(AWS_SECRET_ACCESS_KEY="wr0ng/Secret/Key/wr0ng/Secret/Key/wr0ng"),
        ),
        "digitalocean": Cell(
            PRECONDITION,
            ("DigitalOcean refuses the token", "fix: set DIGITALOCEAN_TOKEN"),
            env(DIGITALOCEAN_TOKEN="dop_v1_wr0ng"),
        ),
        "gcp": Cell(PRECONDITION, ("Google refuses the credentials", "fix: "), wrong_google_key),
    },
    "expired credentials": {
        "alibaba": Cell(
            PRECONDITION,
            ("expired", "fix: log in again, or renew ALIBABA_CLOUD_SECURITY_TOKEN"),
            old_alibaba_session,
        ),
        "aws": Cell(
            PRECONDITION,
            ("the AWS credentials have expired", "fix: log in again: aws sso login"),
            old_aws_key,
        ),
        "digitalocean": "an expired token is answered like a wrong one: 401, unable to authenticate you",
        "gcp": Cell(PRECONDITION, ("Google refuses the credentials", "fix: "), old_google_token),
    },
    "partial credentials": {
        "alibaba": Cell(
            PRECONDITION,
            ("credentials", "fix: run `aliyun configure`"),
            env(ALIBABA_CLOUD_ACCESS_KEY_SECRET=""),
        ),
        "aws": Cell(
            PRECONDITION,
            ("the AWS credentials are incomplete", "fix: run `aws configure`"),
            env(AWS_SECRET_ACCESS_KEY=""),
        ),
        "digitalocean": Cell(
            PRECONDITION,
            ("holds characters that no token has", "fix: set DIGITALOCEAN_TOKEN"),
            env(DIGITALOCEAN_TOKEN="dop_v1_ab…"),
        ),
        "gcp": Cell(PRECONDITION, ("Google refuses the credentials", "fix: "), half_a_google_key),
    },
    "the account is not paid for": {
        "alibaba": Cell(
            1,
            ("does not have enough balance", "fix: delete what is there"),
            unpaid_alibaba,
            commands=(CREATE,),
        ),
        "aws": Cell(PRECONDITION, ("subscri", "fix: finish the sign-up and the payment method"), unpaid_aws),
        "digitalocean": Cell(
            PRECONDITION,
            ("locked: unpaid invoice", "fix: https://cloud.digitalocean.com"),
            unpaid_digitalocean,
            commands=(CREATE,),
        ),
        "gcp": Cell(PRECONDITION, ("requires billing", "fix: link a billing account"), unpaid_google),
    },
    "the API is switched off, and only an owner may switch it on": {
        "alibaba": Cell(
            PRECONDITION,
            ("not activated", "fix: switch the service on once"),
            closed_alibaba,
            commands=(CREATE,),
        ),
        "aws": "every service of an account is on; without a payment method none is: the row before",
        "digitalocean": "a token opens the whole API",
        "gcp": Cell(
            PRECONDITION,
            ("serviceusage.services.enable", "fix: ask the project's owner"),
            google_forbids_enabling,
            commands=(CREATE,),
        ),
    },
    "the registry's API is switched off": {
        "alibaba": "an instance of the registry is bought, or there is none",
        "aws": "every service of an account is on",
        "digitalocean": "a token opens the whole API",
        "gcp": Cell(
            PRECONDITION,
            ("is not enabled in the project", "fix: gcloud services enable artifactregistry.googleapis.com"),
            google_forbids_enabling,
            commands=(PUSH,),
        ),
    },
    "a clock that is ten minutes ahead": {
        "alibaba": "up to 15 minutes are taken: see the next row",
        "aws": Cell(PRECONDITION, ("Signature", "fix: set this machine's clock"), env(ODD_AHEAD="600")),
        "digitalocean": "a token carries no time",
        "gcp": Cell(PRECONDITION, ("fix: set this machine's clock",), env(ODD_AHEAD="600")),
    },
    "a clock that is ten minutes behind": {
        "alibaba": "up to 15 minutes are taken: see the next row",
        "aws": Cell(PRECONDITION, ("Signature", "fix: set this machine's clock"), env(ODD_AHEAD="-600")),
        "digitalocean": "a token carries no time",
        "gcp": "what was signed ten minutes ago is good for fifty more",
    },
    "a clock that is twenty minutes ahead": {
        "alibaba": Cell(PRECONDITION, ("time stamp", "fix: set this machine's clock"), env(ODD_AHEAD="1200")),
        "aws": "the row of ten minutes",
        "digitalocean": "a token carries no time",
        "gcp": "the row of ten minutes",
    },
    "the SDK is not installed": {
        "alibaba": Cell(
            PRECONDITION,
            ("Alibaba Cloud needs the package", "fix: pip install 'clouddeploy[alibaba]'"),
            env(
                ODD_WITHOUT="alibabacloud_credentials,alibabacloud_tea_openapi,alibabacloud_cs20151215,Tea,darabonba"
            ),
        ),
        "aws": Cell(
            PRECONDITION,
            ("AWS needs the package boto3", "fix: pip install 'clouddeploy[aws]'"),
            env(ODD_WITHOUT="boto3,botocore"),
        ),
        "digitalocean": Cell(
            PRECONDITION,
            ("DigitalOcean needs the package", "fix: pip install 'clouddeploy[digitalocean]'"),
            env(ODD_WITHOUT="pydo,azure"),
        ),
        "gcp": Cell(
            PRECONDITION,
            ("needs the package", "fix: pip install 'clouddeploy[gcp]'"),
            env(ODD_WITHOUT="google,grpc,proto"),
        ),
    },
}
"""Whatever is asked of the cloud, it ends the same."""

WISHES: Mapping[str, Mapping[str, Cell | str]] = {
    "a region that there is not": {
        "alibaba": Cell(USAGE, ("eu-centrel-1", "eu-central-1", "fix: "), target={"region": "eu-centrel-1"}),
        "aws": Cell(
            USAGE, ("AWS has no region eu-wset-1", "eu-west-1", "fix: "), target={"region": "eu-wset-1"}
        ),
        "digitalocean": Cell(USAGE, ("the region fra", "fra1", "fix: "), target={"region": "fra"}),
        "gcp": Cell(USAGE, ("europe-wset3", "europe-west3", "fix: "), target={"region": "europe-wset3"}),
    },
    "a machine that there is not": {
        "alibaba": Cell(
            USAGE, ("ecs.g9i.xlrge", "ecs.g9i.xlarge", "fix: "), flags=("--machine", "ecs.g9i.xlrge")
        ),
        "aws": Cell(USAGE, ("Auto Mode", "fix: leave"), flags=("--machine", "m5.xlrge")),
        "digitalocean": Cell(
            USAGE, ("s-2vcpu-4bg", "s-2vcpu-4gb", "fix: "), flags=("--machine", "s-2vcpu-4bg")
        ),
        "gcp": Cell(USAGE, ("e2-standrad-4", "e2-standard-4", "fix: "), flags=("--machine", "e2-standrad-4")),
    },
    "a Kubernetes version that there is not": {
        "alibaba": Cell(USAGE, ("Kubernetes 1.99", "1.35", "fix: use 1."), flags=("--version", "1.99")),
        "aws": Cell(
            USAGE, ("Kubernetes 1.99", "the nearest is 1.", "fix: use one of"), flags=("--version", "1.99")
        ),
        "digitalocean": Cell(USAGE, ("Kubernetes 1.99", "1.36", "fix: "), flags=("--version", "1.99")),
        "gcp": Cell(USAGE, ("Kubernetes 1.99", "fix: use 1."), flags=("--version", "1.99")),
    },
    "a cluster name that the cloud refuses": {
        "alibaba": Cell(
            USAGE, ("'shop_1' is no ACK cluster name", "fix: use 1 to 63"), flags=("--name", "shop_1")
        ),
        "aws": Cell(
            USAGE, ("'_shop' is no EKS cluster name", "fix: use 1 to 100"), flags=("--name", "_shop")
        ),
        "digitalocean": Cell(
            USAGE, ("'Shop' is no DOKS cluster name", "fix: use 1 to 63"), flags=("--name", "Shop")
        ),
        "gcp": Cell(USAGE, ("'Shop' is no GKE cluster name", "fix: use 1 to 40"), flags=("--name", "Shop")),
    },
    "somebody else's cluster has our name": {
        "alibaba": Cell(
            PRECONDITION, ("demo", "nothing was changed", "fix: "), planted(alibaba.FOREIGN_CLUSTER)
        ),
        "aws": Cell(PRECONDITION, ("not ours", "nothing was changed", "fix: "), planted(aws.FOREIGN_CLUSTER)),
        "digitalocean": Cell(
            PRECONDITION, ("demo", "nothing was changed", "fix: "), planted(digitalocean.FOREIGN_CLUSTER)
        ),
        "gcp": Cell(PRECONDITION, ("not ours", "nothing was changed", "fix: "), planted(gcp.FOREIGN_CLUSTER)),
    },
    "somebody else's network has our name": {
        "alibaba": Cell(
            PRECONDITION, ("clouddeploy-demo", "nothing was changed", "fix: "), planted(alibaba.FOREIGN_VPC)
        ),
        "aws": Cell(
            PRECONDITION, ("clouddeploy-demo", "nothing was changed", "fix: "), planted(aws.FOREIGN_VPC)
        ),
        "digitalocean": Cell(
            PRECONDITION,
            ("clouddeploy-demo", "nothing was changed", "fix: "),
            planted(digitalocean.FOREIGN_VPC),
        ),
        "gcp": "the cluster is in the network that the target names, and makes none",
    },
    "two clusters have the name": {
        "alibaba": "of several, one with our tag is ours; without any the row before",
        "aws": "EKS lets a name be had once",
        "digitalocean": Cell(
            PRECONDITION,
            ("not ours", "nothing was changed", "fix: "),
            planted(*[digitalocean.FOREIGN_CLUSTER] * 2),
        ),
        "gcp": "of several in the region's zones, one with our label is ours; without any the row before",
    },
    "it answers 503 for five minutes": {
        name: Cell(TEMPORARY, ("could not", "fix: run it again in a minute"), outage)
        for name in ("alibaba", "aws", "digitalocean", "gcp")
    },
    "nobody answers": {
        name: Cell(
            TEMPORARY,
            ("could not", f"{NOBODY} refuses connections", "fix: check the network and the region"),
            unplugged,
        )
        for name in ("alibaba", "aws", "digitalocean", "gcp")
    },
}
"""What `cluster create` is asked for, or meets."""
