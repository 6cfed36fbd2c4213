"""Artifact Registry: where images go, how the repository is made, who may push and pull."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from clouddeploy.conformance.images import TinyImage
from clouddeploy.contract import ClusterSpec, TargetSettings
from clouddeploy.errors import (
    CloudDeployError,
    ConfigError,
    CredentialsError,
    NotFoundError,
    PreconditionError,
    TemporaryError,
)
from clouddeploy.oci.client import RegistryClient
from clouddeploy.push import push_image
from clouddeploy_gcp import connect
from clouddeploy_gcp.registry import ArtifactRegistry
from moto_fixtures.gcp import NO_APIS, PROJECT, REGION, GcpAccount
from tests.providers.gcp.life import ensure


@pytest.fixture
def client(gcp_account: GcpAccount) -> Iterator[RegistryClient]:
    registry = connect(gcp_account.target()).registry
    with RegistryClient(gcp_account.cloud.host, registry.login) as client:
        yield client


@pytest.mark.parametrize(
    ("settings", "address"),
    [
        ({}, "europe-west3-docker.pkg.dev/acme/demo/shop/web"),
        ({"region": "europe-west3-b"}, "europe-west3-docker.pkg.dev/acme/demo/shop/web"),
        ({"registry": {"location": "europe"}}, "europe-docker.pkg.dev/acme/demo/shop/web"),
        ({"registry": {"repository": "team"}}, "europe-west3-docker.pkg.dev/acme/team/shop/web"),
    ],
)
def test_an_address_needs_no_request(
    settings: dict[str, object], address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CLOUDDEPLOY_GCP_ENDPOINT", raising=False)
    target = TargetSettings(
        "prod",
        "gcp",
        ClusterSpec("demo"),
        account="acme",
        **{"region": REGION, **settings},  # type: ignore[arg-type]
    )
    assert connect(target).registry.address("shop/web") == address


def test_a_repository_is_made_once_with_what_keeps_it_small(gcp_account: GcpAccount) -> None:
    assert ensure(gcp_account).created is True
    assert ensure(gcp_account).created is False
    assert gcp_account.writes() == [f"POST {REGION}/repositories"]
    message = gcp_account.cloud.artifacts.repo(REGION, "demo").message
    assert dict(message.labels) == {"clouddeploy-cluster": "demo"}
    assert message.docker_config.immutable_tags is False
    assert message.cleanup_policies["untagged"].condition.older_than.seconds == 14 * 86400
    assert list(message.cleanup_policies) == ["untagged"]
    assert message.vulnerability_scanning_config.enablement_config == 2  # DISABLED


def test_tags_may_be_immutable_and_old_versions_go(gcp_account: GcpAccount, client: RegistryClient) -> None:
    address = ensure(gcp_account, registry={"immutable": "true", "keep": "10"}).address
    policies = gcp_account.cloud.artifacts.repo(REGION, "demo").message.cleanup_policies
    assert policies["recent"].most_recent_versions.keep_count == 10
    assert sorted(policies) == ["old", "recent", "untagged"]
    push_image(TinyImage("one"), address, ["v1"], client)
    with pytest.raises(CloudDeployError):
        push_image(TinyImage("two"), address, ["v1"], client)


def test_making_one_is_waited_for_but_not_forever(gcp_account: GcpAccount) -> None:
    registry = ArtifactRegistry(gcp_account.session(), lambda _: None)
    with pytest.raises(TemporaryError, match="not ready yet"):
        registry.ensure("shop/web")
    gcp_account.cloud.clock.advance(5)
    assert registry.ensure("shop/web").created is False


def test_two_that_make_it_at_once_both_get_it(gcp_account: GcpAccount) -> None:
    slow = ArtifactRegistry(gcp_account.session(), lambda _: None)
    with pytest.raises(TemporaryError):
        slow.ensure("shop/web")
    assert ensure(gcp_account).created is False


def test_a_making_that_fails_says_why(gcp_account: GcpAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    operation = {"name": f"projects/{PROJECT}/locations/{REGION}/operations/1", "done": True}
    failure = {**operation, "error": {"code": 9, "message": "an organisation policy forbids it"}}
    monkeypatch.setattr(gcp_account.cloud.artifacts, "create", lambda *_: operation)
    monkeypatch.setattr(gcp_account.cloud.artifacts, "operation", lambda *_: failure)
    with pytest.raises(CloudDeployError, match="organisation policy forbids it"):
        ensure(gcp_account)


def test_a_repository_of_another_kind_is_not_used(gcp_account: GcpAccount) -> None:
    session = gcp_account.session()
    request = {"parent": session.parent(REGION), "repository_id": "demo", "repository": {"format_": "PYTHON"}}
    session.sdk.artifacts("create_repository", request)
    gcp_account.cloud.clock.advance(5)
    with pytest.raises(ConfigError, match="holds PYTHON, not images") as caught:
        ensure(gcp_account)
    assert "registry: {repository: …}" in str(caught.value.fix)


def test_an_api_that_is_off_is_named_with_the_command(gcp_account: GcpAccount) -> None:
    gcp_account.plant(NO_APIS)
    with pytest.raises(
        PreconditionError, match=r"artifactregistry\.googleapis\.com is not enabled"
    ) as caught:
        ensure(gcp_account)
    assert f"gcloud services enable artifactregistry.googleapis.com --project {PROJECT}" in str(
        caught.value.fix
    )


def test_a_login_lasts_an_hour_at_most(gcp_account: GcpAccount) -> None:
    login = connect(gcp_account.target()).registry.login()
    assert login
    assert (login.host, login.username) == (gcp_account.cloud.host, "oauth2accesstoken")
    assert login.expires
    assert timedelta(minutes=50) < login.expires - datetime.now(UTC) <= timedelta(hours=1)


def test_a_login_is_renewed_when_it_would_end_during_a_push(gcp_account: GcpAccount) -> None:
    registry = connect(gcp_account.target()).registry
    first, second = registry.login(), registry.login()
    assert first == second
    sdk = registry._session.sdk  # type: ignore[attr-defined]
    sdk._exchanged.expiry = datetime.now(UTC).replace(tzinfo=None) + timedelta(minutes=9)
    third = registry.login()
    assert third
    assert first
    assert third.password != first.password


def test_pushing_without_the_permission_names_it(gcp_account: GcpAccount, client: RegistryClient) -> None:
    address = ensure(gcp_account).address
    gcp_account.cloud.denied.add("artifactregistry.repositories.uploadArtifacts")
    with pytest.raises(CredentialsError, match="uploadArtifacts"):
        push_image(TinyImage(), address, ["v1"], client)


def test_pushing_where_no_repository_is_says_so(gcp_account: GcpAccount, client: RegistryClient) -> None:
    address = connect(gcp_account.target()).registry.address("shop/web")
    with pytest.raises(NotFoundError, match=r'Repository "demo" not found'):
        push_image(TinyImage(), address, ["v1"], client)


def test_an_expired_token_lets_nobody_in(gcp_account: GcpAccount, client: RegistryClient) -> None:
    ensure(gcp_account)
    gcp_account.cloud.accounts.expire_all()
    with RegistryClient(gcp_account.cloud.host, lambda: login) as stale:
        login = connect(gcp_account.target()).registry.login()
        gcp_account.cloud.accounts.expire_all()
        with pytest.raises(CredentialsError):
            stale.tags(f"{PROJECT}/demo/shop/web")


@pytest.mark.parametrize("name", ["", "Shop", "shop//web", "shop/web:1", "../web", "a" * 201])
def test_a_name_that_would_be_refused_is_refused_here(gcp_account: GcpAccount, name: str) -> None:
    with pytest.raises(ConfigError, match="no name for an image"):
        connect(gcp_account.target()).registry.address(name)
