"""What ECR lists and deletes, and what it refuses to."""

from __future__ import annotations

import json

import pytest

from clouddeploy.conformance.images import TinyImage
from clouddeploy.contract import Provider, StoredImage
from clouddeploy.errors import CloudDeployError
from clouddeploy.oci.client import RegistryClient
from clouddeploy.oci.descriptor import OCI_INDEX, digest_of
from clouddeploy.push import push_image
from clouddeploy_aws import connect
from clouddeploy_aws.images import EcrImages
from moto_fixtures.aws import AwsAccount


@pytest.fixture
def provider(aws_account: AwsAccount) -> Provider:
    found = connect(aws_account.target())
    found.registry.ensure("shop/web")
    return found


def images_of(provider: Provider) -> EcrImages:
    assert isinstance(provider.images, EcrImages)
    return provider.images


def push_index(provider: Provider) -> tuple[str, str]:
    """An index with one image that has no tag; the digests of both."""
    address, image = provider.registry.address("shop/web"), TinyImage()
    body = json.dumps(
        {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [image.manifest.to_json()]}
    ).encode()
    with RegistryClient(address.partition("/")[0], provider.registry.login) as client:
        push_image(image, address, [], client)
        client.put_manifest("shop/web", "v1", body, OCI_INDEX)
    return digest_of(body), image.manifest.digest


def test_what_an_index_names_is_kept_and_the_error_says_why(provider: Provider) -> None:
    index, child = push_index(provider)
    images = images_of(provider)
    with pytest.raises(CloudDeployError, match="did not delete") as caught:
        images.delete("shop/web", [StoredImage(child)])
    assert f"referenced by manifest list: [{index}]" in caught.value.message
    assert caught.value.code == "ImageReferencedByManifestList"
    images.delete("shop/web", [StoredImage(index)])
    images.delete("shop/web", [StoredImage(child)])
    assert images.list("shop/web") == []


def test_more_images_than_one_request_takes(provider: Provider, aws_account: AwsAccount) -> None:
    many = [StoredImage(f"sha256:{number:064x}") for number in range(150)]
    images_of(provider).delete("shop/web", many)
    assert [action for _, action in aws_account.cloud.calls].count("BatchDeleteImage") == 2


def test_another_accounts_target_deletes_nothing(aws_account: AwsAccount) -> None:
    images = connect(aws_account.target(account="999999999999")).images
    assert images
    with pytest.raises(CloudDeployError):
        images.delete("shop/web", [StoredImage(f"sha256:{'0' * 64}")])
    assert "BatchDeleteImage" not in [action for _, action in aws_account.cloud.calls]
