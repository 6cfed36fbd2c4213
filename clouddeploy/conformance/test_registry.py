"""What every provider's registry does: an address, a repository, a login that works."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

import pytest

from clouddeploy import plugins
from clouddeploy.conformance.checks import assert_helpful, change
from clouddeploy.conformance.images import TinyImage
from clouddeploy.conformance.rig import Site
from clouddeploy.contract import Provider
from clouddeploy.errors import CloudDeployError, ConfigError, CredentialsError, NotFoundError
from clouddeploy.oci.client import RegistryClient
from clouddeploy.oci.reference import Reference
from clouddeploy.push import push_image


def enter(provider: Provider, repository: str) -> None:
    """Log in and look for a manifest."""
    where = Reference.parse_address(provider.registry.address(repository))
    with RegistryClient(where.host, provider.registry.login) as client:
        client.head_manifest(where.repository, "latest")


def test_an_address_is_a_host_and_a_path(provider: Provider) -> None:
    where = Reference.parse_address(provider.registry.address("shop/web"))
    assert where.repository.endswith("shop/web")
    assert where.tag is None


def test_ensure_is_idempotent_and_says_who_made_it(site: Site, provider: Provider) -> None:
    first, second = provider.registry.ensure("shop/web"), provider.registry.ensure("shop/web")
    assert first.address == second.address == provider.registry.address("shop/web")
    assert second.created is False
    if site.writes:
        assert first.created is True
        before = site.writes()
        provider.registry.ensure("shop/web")
        assert site.writes() == before


def test_a_name_that_no_registry_takes_is_refused(site: Site, provider: Provider) -> None:
    for name in ("Shop/Web", "shop//web", "../web", "shop/web:latest", ""):
        with pytest.raises(ConfigError) as caught:
            provider.registry.ensure(name)
        assert_helpful(caught.value, site)


def test_the_login_lets_in_and_hides_its_password(site: Site, provider: Provider) -> None:
    provider.registry.ensure("shop/web")
    login = provider.registry.login()
    assert login
    assert login.host == Reference.parse_address(provider.registry.address("shop/web")).host
    assert login.password.reveal() not in f"{login!r} {login}"
    assert login.expires is None or login.expires > datetime.now(UTC)
    enter(provider, "shop/web")


def test_without_the_login_nobody_gets_in(site: Site, provider: Provider) -> None:
    provider.registry.ensure("shop/web")
    where = Reference.parse_address(provider.registry.address("shop/web"))
    with RegistryClient(where.host) as client, pytest.raises(CredentialsError) as caught:
        client.head_manifest(where.repository, "latest")
    assert_helpful(caught.value, site)


@pytest.mark.parametrize("how", ["none", "wrong"])
def test_refused_credentials_say_what_to_do(
    how: str, site: Site, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(monkeypatch, site.refused[how])
    with pytest.raises(CredentialsError) as caught:
        enter(provider, "shop/web")
    assert_helpful(caught.value, site)


def test_an_image_arrives_under_its_digest(provider: Provider) -> None:
    image = TinyImage()
    address = provider.registry.ensure("shop/web").address
    where = Reference.parse_address(address)
    with RegistryClient(where.host, provider.registry.login) as client:
        result = push_image(image, address, ["v1", "latest"], client)
        assert result.digest == image.manifest.digest
        assert result.reference == f"{address}:v1@{result.digest}"
        descriptor, body = client.get_manifest(where.repository, "latest")
        assert (descriptor.digest, body) == (result.digest, image.open(result.digest).read())
        assert push_image(image, address, ["v1"], client).uploaded == 0


def test_a_repository_says_whether_its_tags_move(provider: Provider) -> None:
    assert _moves(provider) is not provider.registry.ensure("shop/web").immutable


def test_tags_that_never_move_are_known_on_every_run(site: Site, fixing: Provider) -> None:
    first, second = fixing.registry.ensure("shop/web"), fixing.registry.ensure("shop/web")
    assert (first.created, first.immutable) == (True, True)
    assert (second.created, second.immutable) == (False, True)
    assert plugins.connect(site.target).registry.ensure("shop/web").immutable
    assert not _moves(fixing)


def _moves(provider: Provider) -> bool:
    """Whether a tag that is there takes another digest; it names one of the two either way."""
    address = provider.registry.ensure("shop/web").address
    where = Reference.parse_address(address)
    first, second = TinyImage("one"), TinyImage("two")
    with RegistryClient(where.host, provider.registry.login) as client:
        push_image(first, address, ["v1"], client)
        with suppress(CloudDeployError):
            push_image(second, address, ["v1"], client)
        found = client.head_manifest(where.repository, "v1")
    assert found
    assert found.digest in {first.manifest.digest, second.manifest.digest}
    return found.digest == second.manifest.digest


def test_only_repositories_that_exist_or_come_with_the_push(site: Site, provider: Provider) -> None:
    address = provider.registry.address("never/ensured")
    where = Reference.parse_address(address)
    with RegistryClient(where.host, provider.registry.login) as client:
        try:
            push_image(TinyImage(), address, ["v1"], client)
        except NotFoundError as error:
            assert_helpful(error, site)
            return
        assert client.tags(where.repository) == ["v1"]
