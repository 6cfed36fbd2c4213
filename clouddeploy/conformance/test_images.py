"""What every provider's registry tells about its images, and how it deletes them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from clouddeploy.conformance.checks import assert_helpful
from clouddeploy.conformance.images import TinyImage
from clouddeploy.conformance.rig import Site
from clouddeploy.contract import Provider, StoredImage
from clouddeploy.errors import CloudDeployError, NotFoundError
from clouddeploy.oci.descriptor import OCI_INDEX, digest_of
from clouddeploy.push import push_image
from clouddeploy.release.registries import OpenRegistry, open_target


@pytest.fixture
def registry(provider: Provider) -> Iterator[OpenRegistry]:
    """The target's registry with the repository shop/web."""
    provider.registry.ensure("shop/web")
    with open_target(provider) as found:
        yield found


def push(registry: OpenRegistry, content: str, *tags: str) -> str:
    """Push an image; its digest."""
    return push_image(TinyImage(content), registry.address("shop/web"), tags, registry.client).digest


def push_index(registry: OpenRegistry, tag: str, *contents: str) -> tuple[str, list[str]]:
    """Push images without a tag, and an index that names them; its digest and theirs."""
    children = [TinyImage(content) for content in contents]
    for one in children:
        push_image(one, registry.address("shop/web"), [], registry.client)
    manifests = [one.manifest.to_json() for one in children]
    body = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests}).encode()
    registry.client.put_manifest(registry.path("shop/web"), tag, body, OCI_INDEX)
    return digest_of(body), [one.manifest.digest for one in children]


def listed(registry: OpenRegistry) -> dict[str, StoredImage]:
    """What is in the repository, by digest; nothing where it went with its last image."""
    try:
        return {one.digest: one for one in registry.images.list("shop/web")}
    except NotFoundError:
        return {}


def test_repositories_have_the_names_that_an_address_takes(
    registry: OpenRegistry, provider: Provider
) -> None:
    push(registry, "one", "v1")
    assert "shop/web" in registry.images.repositories()
    assert registry.address("shop/web") == provider.registry.address("shop/web")


def test_an_image_is_listed_once_with_all_its_tags(registry: OpenRegistry) -> None:
    digest = push(registry, "one", "latest", "v1")
    other = push(registry, "two", "v2")
    found = listed(registry)
    assert set(found) == {digest, other}
    assert sorted(found[digest].tags) == ["latest", "v1"]
    pushed = found[digest].pushed
    assert pushed is None or abs(datetime.now(UTC) - pushed) < timedelta(minutes=5)
    assert (found[digest].size or 1) > 0


def test_a_repository_that_is_not_there(registry: OpenRegistry, site: Site) -> None:
    with pytest.raises(NotFoundError) as caught:
        registry.images.list("never/ensured")
    assert_helpful(caught.value, site)


def test_deleting_takes_all_tags_and_nothing_else(registry: OpenRegistry) -> None:
    gone, stays = push(registry, "one", "latest", "v1"), push(registry, "two", "v2")
    image = listed(registry)[gone]
    registry.images.delete("shop/web", [image])
    assert set(listed(registry)) == {stays}
    assert registry.client.head_manifest(registry.path("shop/web"), "v1") is None
    assert registry.client.head_manifest(registry.path("shop/web"), "v2") is not None
    registry.images.delete("shop/web", [image])  # what is gone already is no error


def test_an_index_goes_before_what_it_names(registry: OpenRegistry) -> None:
    index, children = push_index(registry, "v1", "amd64", "arm64")
    found = listed(registry)
    registry.images.delete("shop/web", [found[index]])
    left = [found[one] for one in children if one in listed(registry)]
    registry.images.delete("shop/web", left)
    assert not listed(registry)


def test_a_part_of_an_index_is_refused_or_goes_but_never_silently_stays(
    registry: OpenRegistry, site: Site
) -> None:
    _, children = push_index(registry, "v1", "amd64")
    part = listed(registry).get(children[0])
    if part is None:  # a cloud that lists nothing without a tag deletes nothing without one either
        return
    try:
        registry.images.delete("shop/web", [part])
    except CloudDeployError as error:
        assert_helpful(error, site)
        assert children[0] in listed(registry)
    else:
        assert children[0] not in listed(registry)


def test_what_is_left_to_do_is_one_sentence(registry: OpenRegistry) -> None:
    assert not registry.images.afterwards.endswith(".")
    assert "\n" not in registry.images.afterwards
