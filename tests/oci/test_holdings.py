"""What any registry holds, read in its own protocol."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from clouddeploy.conformance.images import TinyImage
from clouddeploy.emulator.registry import DISTRIBUTION, OciRegistry, anonymous
from clouddeploy.emulator.server import Server
from clouddeploy.errors import CloudDeployError, NotFoundError
from clouddeploy.oci.client import RegistryClient
from clouddeploy.oci.descriptor import OCI_INDEX, Descriptor, digest_of
from clouddeploy.oci.holdings import RegistryImages
from clouddeploy.push import push_image

LONG_AGO, LATELY = "2026-01-02T03:04:05.678901234Z", "2026-05-06T07:08:09+02:00"


@pytest.fixture
def client(tmp_path: Path) -> Iterator[RegistryClient]:
    store = OciRegistry(tmp_path, authorize=anonymous, profile=DISTRIBUTION)
    with Server(store) as server, RegistryClient(server.host) as found:
        yield found


def push(client: RegistryClient, repository: str, *tags: str, created: str | None = None) -> Descriptor:
    source = TinyImage(repository, created)
    push_image(source, f"{client.host}/{repository}", tags, client)
    return source.manifest


def put_index(client: RegistryClient, repository: str, tag: str, *children: Descriptor) -> str:
    listed = [one.to_json() for one in children]
    body = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": listed}).encode()
    client.put_manifest(repository, tag, body, OCI_INDEX)
    return digest_of(body)


def test_the_repositories_below_a_prefix_have_short_names(client: RegistryClient) -> None:
    for name in ("acme/shop/web", "acme/api", "acmeter/api", "other"):
        push(client, name, "v1")
    assert RegistryImages(client, "acme/").repositories() == ["api", "shop/web"]
    assert len(RegistryImages(client).repositories()) == 4


def test_a_registry_that_tells_no_repositories(tmp_path: Path) -> None:
    store = OciRegistry(tmp_path, authorize=anonymous)
    with Server(store) as server, RegistryClient(server.host) as client, pytest.raises(CloudDeployError):
        RegistryImages(client).repositories()


def test_an_image_has_all_its_tags_the_size_of_its_parts_and_the_time_it_was_made(
    client: RegistryClient,
) -> None:
    pushed = push(client, "acme/web", "v2", "v1", created=LATELY)
    (found,) = RegistryImages(client, "acme/").list("web")
    _, body = client.get_manifest("acme/web", "v1")
    manifest = json.loads(body)
    assert (found.digest, found.tags) == (pushed.digest, ("v1", "v2"))
    assert found.size == manifest["config"]["size"] + sum(one["size"] for one in manifest["layers"])
    assert found.pushed == datetime(2026, 5, 6, 5, 8, 9, tzinfo=UTC)


@pytest.mark.parametrize("created", [None, "1970-01-01T00:00:00Z", "yesterday"])
def test_an_image_that_does_not_say_when_it_was_made(client: RegistryClient, created: str | None) -> None:
    push(client, "web", "v1", created=created)
    (found,) = RegistryImages(client).list("web")
    assert found.pushed is None


def test_an_index_brings_the_images_that_it_names_and_is_as_old_as_the_newest(client: RegistryClient) -> None:
    parts = [push(client, "web", created=moment) for moment in (LONG_AGO, LATELY)]
    index = put_index(client, "web", "v1", *parts)
    found = {one.digest: one for one in RegistryImages(client).list("web")}
    assert set(found) == {index, *(one.digest for one in parts)}
    assert found[index].pushed == found[parts[1].digest].pushed
    assert found[parts[0].digest].tags == ()


def test_no_repository(client: RegistryClient) -> None:
    with pytest.raises(NotFoundError):
        RegistryImages(client).list("web")
