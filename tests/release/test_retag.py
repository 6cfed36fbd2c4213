"""Tags move without a layer, and only as far as the registry proves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from clouddeploy.conformance.images import TinyImage
from clouddeploy.emulator.registry import OciRegistry, anonymous
from clouddeploy.emulator.server import Server
from clouddeploy.errors import CloudDeployError, ConfigError, NotFoundError
from clouddeploy.oci.client import RegistryClient
from clouddeploy.push import push_image
from clouddeploy.release.retag import Tagged, retag

ONE, TWO = TinyImage("one"), TinyImage("two")


@pytest.fixture
def store(tmp_path: Path) -> OciRegistry:
    return OciRegistry(tmp_path, authorize=anonymous)


@pytest.fixture
def client(store: OciRegistry) -> Iterator[RegistryClient]:
    with Server(store) as server, RegistryClient(server.host) as found:
        for image, tag in ((ONE, "v1"), (TWO, "v2")):
            push_image(image, f"{server.host}/web", [tag], found)
        yield found


def test_a_new_tag_an_old_one_and_one_that_moves(client: RegistryClient) -> None:
    one, two = ONE.manifest.digest, TWO.manifest.digest
    assert retag(client, "web", "v1", ["stable", "v1", "v2"]) == [
        Tagged("stable", one, None),
        Tagged("v1", one, one),
        Tagged("v2", one, two),
    ]
    assert [done.moved for done in retag(client, "web", two, ["stable"])] == [True]


def test_the_same_digest_is_no_change_where_tags_are_immutable(
    store: OciRegistry, client: RegistryClient
) -> None:
    store.create_repository("fixed", immutable=True)
    push_image(ONE, f"{client.host}/fixed", ["v1"], client)
    push_image(TWO, f"{client.host}/fixed", ["v2"], client)
    before = client.requests
    assert not retag(client, "fixed", "v1", ["v1"])[0].moved
    assert client.requests - before == 2, "nothing was sent"
    with pytest.raises(CloudDeployError, match="immutable"):
        retag(client, "fixed", "v1", ["v2"])


def test_no_such_image(client: RegistryClient) -> None:
    with pytest.raises(NotFoundError):
        retag(client, "web", "v3", ["stable"])


@pytest.mark.parametrize("tag", ["", "a b", "-v1", "v1/2", "sha256:abc"])
def test_what_is_no_tag_is_refused_before_anything_is_asked(client: RegistryClient, tag: str) -> None:
    before = client.requests
    with pytest.raises(ConfigError, match="is no tag"):
        retag(client, "web", "v1", ["stable", tag])
    assert client.requests == before


def test_a_registry_that_does_not_give_the_tag_back(
    client: RegistryClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "put_manifest", lambda *_: ONE.manifest.digest)
    with pytest.raises(CloudDeployError, match="does not give it back"):
        retag(client, "web", "v1", ["v2"])
