"""Reaching clusters: what is listed, how to get in, whose token opens which door."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from clouddeploy.clusters import up
from clouddeploy.contract import ClusterSpec, KubeAccess, Status, Token
from clouddeploy.errors import NotFoundError, PreconditionError, TemporaryError
from clouddeploy_aws import TRAITS, connect
from clouddeploy_aws.session import Session
from clouddeploy_aws.tokens import PREFIX, mint
from moto_fixtures.aws import EXISTING, FOREIGN_CLUSTER, AwsAccount


def _token(access: KubeAccess) -> Token:
    found = access.credential()
    assert isinstance(found, Token)
    return found


def _url(token: Token) -> str:
    text = token.value.reveal().removeprefix(PREFIX)
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()


def test_clusters_are_listed_with_what_they_are_and_whose(aws_account: AwsAccount) -> None:
    aws_account.plant(EXISTING)
    (found,) = connect(aws_account.target()).clusters.list()
    assert (found.name, found.state.status, found.owned) == ("demo", Status.READY, True)
    assert (found.version, found.endpoint) == ("1.36", "https://127.0.0.1:6443")


def test_a_foreign_cluster_is_listed_as_foreign(aws_account: AwsAccount) -> None:
    aws_account.plant(FOREIGN_CLUSTER)
    assert [cluster.owned for cluster in connect(aws_account.target()).clusters.list()] == [False]


def test_access_is_the_endpoint_its_authority_and_a_token_that_is_made_when_needed(
    aws_account: AwsAccount,
) -> None:
    aws_account.plant(EXISTING)
    access = connect(aws_account.target()).clusters.access("demo")
    assert access.server == "https://127.0.0.1:6443"
    assert access.ca is not None
    assert access.ca.startswith("-----BEGIN CERTIFICATE-----")
    before = len(aws_account.cloud.calls)
    assert _token(access).expires is not None
    assert len(aws_account.cloud.calls) == before


def test_a_cluster_that_is_not_there(aws_account: AwsAccount) -> None:
    aws_account.plant(EXISTING)
    with pytest.raises(NotFoundError, match="there is no EKS cluster shop in eu-west-1") as caught:
        connect(aws_account.target()).clusters.access("shop")
    assert caught.value.fix == "clouddeploy cluster create --to prod; or name one of: demo"


def test_a_cluster_that_is_on_its_way_in_or_out(aws_account: AwsAccount) -> None:
    provider = connect(aws_account.target())
    assert provider.provisioner is not None
    up(provider.provisioner.steps(ClusterSpec("demo")), clock=aws_account.clock)
    record = aws_account.cloud.eks.record("demo")
    record.ready_at = aws_account.cloud.clock.now() + 600
    with pytest.raises(TemporaryError, match="is being created"):
        provider.clusters.access("demo")
    aws_account.cloud.clock.advance(600)
    provider.provisioner.steps(ClusterSpec("demo"))[-1].delete()
    with pytest.raises(PreconditionError, match="is DELETING"):
        provider.clusters.access("demo")


def test_a_token_is_signed_for_the_real_sts_host_whatever_the_endpoints_are(aws_account: AwsAccount) -> None:
    parts = urlsplit(_url(mint(Session(aws_account.target()), "demo")))
    query = parse_qs(parts.query)
    assert (parts.scheme, parts.netloc, parts.path) == ("https", "sts.eu-west-1.amazonaws.com", "/")
    assert query["Action"] == ["GetCallerIdentity"]
    assert query["X-Amz-SignedHeaders"] == ["host;x-k8s-aws-id"]
    assert query["X-Amz-Expires"] == ["60"]


def test_a_token_is_given_up_a_minute_before_the_cluster_does(aws_account: AwsAccount) -> None:
    token = mint(Session(aws_account.target()), "demo")
    assert token.expires is not None
    assert timedelta(minutes=13, seconds=55) < token.expires - datetime.now(UTC) <= timedelta(minutes=14)
    assert "=" not in token.value.reveal()
    assert token.value.reveal() not in repr(token)


def test_the_creator_is_administrator_of_this_cluster_and_a_stranger_to_others(
    aws_account: AwsAccount,
) -> None:
    provider = connect(aws_account.target())
    assert provider.provisioner is not None
    up(provider.provisioner.steps(ClusterSpec("demo")), clock=aws_account.clock)
    (kubernetes,) = aws_account.kubernetes
    creator = "arn:aws:iam::123456789012:user/rehearsal"
    session = Session(aws_account.target())
    own, other = (mint(session, name).value.reveal() for name in ("demo", "shop"))
    assert kubernetes.authenticate(own) == (creator, ("system:masters",))
    assert kubernetes.authenticate(other) is None


def test_tokens_that_prove_nothing(aws_account: AwsAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    aws_account.plant(EXISTING)
    (kubernetes,) = aws_account.kubernetes
    good = mint(Session(aws_account.target()), "demo")
    assert kubernetes.authenticate(good.value.reveal())
    url = _url(good)
    day = datetime.now(UTC).strftime("%Y%m%dT")
    for bad in (
        url.replace("https://", "http://"),
        url.replace("sts.eu-west-1", "sts.us-east-1"),
        url.replace("sts.eu-west-1.amazonaws.com", "evil.example"),
        url.replace("GetCallerIdentity", "AssumeRole"),
        url.replace("X-Amz-Expires=60", "X-Amz-Expires=901"),
        url.replace(f"X-Amz-Date={day}", "X-Amz-Date=20200101T"),
        url + "&extra=1",
        url + "&Action=GetCallerIdentity",
        url[:-4] + "0000",
    ):
        token = PREFIX + base64.urlsafe_b64encode(bad.encode()).decode().rstrip("=")
        assert kubernetes.authenticate(token) is None, bad
    for text in (
        "",
        "x",
        PREFIX,
        PREFIX + "%%%",
        PREFIX + "A" * 5000,
        good.value.reveal().removeprefix(PREFIX),
    ):
        assert kubernetes.authenticate(text) is None, text
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    assert kubernetes.authenticate(mint(Session(aws_account.target()), "demo").value.reveal()) is None


def test_load_balancers_are_for_the_internet() -> None:
    annotations = TRAITS.load_balancer_annotations
    assert annotations == {"service.beta.kubernetes.io/aws-load-balancer-scheme": "internet-facing"}
