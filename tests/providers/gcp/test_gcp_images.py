"""What Artifact Registry refuses to delete. Asked without our provider, as gcloud would."""

from __future__ import annotations

import json

import pytest

from clouddeploy.conformance.images import TinyImage
from clouddeploy.contract import StoredImage
from clouddeploy.errors import CloudDeployError
from clouddeploy.oci.client import RegistryClient
from clouddeploy.oci.descriptor import OCI_INDEX, digest_of
from clouddeploy.push import push_image
from clouddeploy_gcp import connect
from clouddeploy_gcp.images import ArtifactImages
from moto_fixtures.gcp import PROJECT, REGION, GcpAccount
from tests.providers.gcp.asker import Asker
from tests.providers.gcp.life import ensure

PACKAGE = f"/v1/projects/{PROJECT}/locations/{REGION}/repositories/demo/packages/shop%2Fweb/versions"


def push(account: GcpAccount, image: TinyImage, *tags: str) -> str:
    registry = connect(account.target(cluster="demo")).registry
    address = registry.address("shop/web")
    with RegistryClient(address.partition("/")[0], registry.login) as client:
        return push_image(image, address, tags, client).digest


def push_index(account: GcpAccount, image: TinyImage) -> str:
    registry = connect(account.target(cluster="demo")).registry
    host, _, path = registry.address("shop/web").partition("/")
    body = json.dumps(
        {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [image.manifest.to_json()]}
    ).encode()
    with RegistryClient(host, registry.login) as client:
        client.put_manifest(path, "v1", body, OCI_INDEX)
    return digest_of(body)


@pytest.fixture
def ask(gcp_account: GcpAccount) -> Asker:
    ensure(gcp_account)
    return Asker(gcp_account.cloud)


def test_a_tagged_version_goes_by_force_alone(gcp_account: GcpAccount, ask: Asker) -> None:
    digest = push(gcp_account, TinyImage(), "v1")
    assert "tagged" in ask("DELETE", f"{PACKAGE}/{digest}", status=400)["error"]["message"]
    assert ask("DELETE", f"{PACKAGE}/{digest}?force=true")["name"]


def test_an_image_is_as_large_as_what_was_pushed(gcp_account: GcpAccount, ask: Asker) -> None:
    """With config and layers; what images share counts once in the repository."""
    image = TinyImage()
    push(gcp_account, image, "v1")
    manifest = json.loads(image.open(image.manifest.digest).read())
    parts = [manifest["config"], *manifest["layers"]]
    session = gcp_account.session(cluster="demo")
    (found,) = ArtifactImages(session, gcp_account.cloud.clock.advance).list("shop/web")
    assert found.size == image.manifest.size + sum(one["size"] for one in parts)
    push(gcp_account, TinyImage(created="2026-01-01T00:00:00Z"), "v2")
    sizes = [one.size or 0 for one in ArtifactImages(session).list("shop/web")]
    (layer,) = manifest["layers"]
    repository = ask("GET", PACKAGE.partition("/packages")[0])
    assert int(repository["sizeBytes"]) == sum(sizes) - layer["size"]


def test_a_version_that_an_index_names_stays(gcp_account: GcpAccount, ask: Asker) -> None:
    image = TinyImage()
    digest = push(gcp_account, image)
    push_index(gcp_account, image)
    told = ask("DELETE", f"{PACKAGE}/{digest}?force=true", status=400)["error"]["message"]
    assert told.startswith("GOOGLE_MANIFEST_DANGLING_PARENT_IMAGE")


def test_a_name_with_a_plain_slash_is_no_package(gcp_account: GcpAccount, ask: Asker) -> None:
    digest = push(gcp_account, TinyImage(), "v1")
    ask("DELETE", f"{PACKAGE.replace('%2F', '/')}/{digest}?force=true", status=404)


def test_an_immutable_repository_keeps_what_is_tagged(gcp_account: GcpAccount) -> None:
    registry = {"immutable": "true"}
    ensure(gcp_account, registry=registry)
    digest = push(gcp_account, TinyImage(), "v1")
    session = gcp_account.session(cluster="demo", registry=registry)
    images = ArtifactImages(session, gcp_account.cloud.clock.advance)
    with pytest.raises(CloudDeployError, match="immutable") as caught:
        images.delete("shop/web", [StoredImage(digest, ("v1",))])
    assert caught.value.fix
    assert [one.digest for one in images.list("shop/web")] == [digest]
