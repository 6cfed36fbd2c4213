"""What a repository holds and what belongs to it; what is deleted is gone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from clouddeploy.conformance.images import TinyImage
from clouddeploy.emulator.registry import DISTRIBUTION, OciRegistry, anonymous
from clouddeploy.emulator.server import Server
from clouddeploy.errors import PreconditionError
from clouddeploy.oci.client import RegistryClient
from clouddeploy.oci.descriptor import OCI_INDEX, OCI_MANIFEST, Descriptor, digest_of
from clouddeploy.push import push_image
from tests.oci.scripted import Answer, Scripted, Seen

DIGEST = digest_of(b"an image")


def test_the_catalog_in_pages(client: RegistryClient, registry: Scripted) -> None:
    def script(seen: Seen) -> Answer:
        if "last" in seen.path:
            return Answer(200, body=b'{"repositories": ["shop/web"]}')
        link = {"Link": '</v2/_catalog?last=shop%2Fapi&n=1>; rel="next"'}
        return Answer(200, link, b'{"repositories": ["shop/api", "../etc", 7]}')

    registry.script = script
    assert client.catalog() == ["shop/api", "shop/web"]


def test_a_manifest_is_deleted_with_its_tags(tmp_path: Path) -> None:
    store = OciRegistry(tmp_path, authorize=anonymous, profile=DISTRIBUTION)
    image = TinyImage()
    with Server(store) as server, RegistryClient(server.host) as client:
        push_image(image, f"{server.host}/shop/web", ["v1", "v2"], client)
        assert client.catalog() == ["shop/web"]
        assert client.delete_manifest("shop/web", image.manifest.digest) is True
        assert client.tags("shop/web") == []
        assert client.delete_manifest("shop/web", image.manifest.digest) is False


def test_a_registry_that_does_not_delete(client: RegistryClient, registry: Scripted) -> None:
    registry.script = lambda _: Answer(405)
    with pytest.raises(PreconditionError, match="does not let anybody delete images") as caught:
        client.delete_manifest("shop/web", DIGEST)
    assert "REGISTRY_STORAGE_DELETE_ENABLED" in (caught.value.fix or "")


SIGNATURE = Descriptor(OCI_MANIFEST, digest_of(b"signature"), 9)
SIGNED = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [SIGNATURE.to_json()]}


@pytest.mark.parametrize("api", [True, False])
def test_referrers_by_api_or_by_tag(api: bool, client: RegistryClient, registry: Scripted) -> None:
    index = Answer(200, {"Content-Type": OCI_INDEX}, json.dumps(SIGNED).encode())
    path = f"/referrers/{DIGEST}" if api else f"/manifests/{DIGEST.replace(':', '-')}"
    registry.script = lambda seen: index if seen.path.endswith(path) else Answer(404)
    assert client.referrers("shop/web", DIGEST) == [SIGNATURE]
    registry.script = lambda _: Answer(404)
    assert client.referrers("shop/web", DIGEST) == []
