"""What the emulated ECR refuses and how it answers long lists, asked by boto3 and by plain requests."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from clouddeploy_aws.emulator.ecr.service import Ecr
from clouddeploy_aws.emulator.models import Caller
from clouddeploy_aws.permissions import document
from moto_fixtures.aws import ACCOUNT, REGION, AwsAccount
from tests.providers.aws.test_aws_emulator import Pusher


def _client() -> Any:
    """boto3, which sends whatever it is told."""
    session: Any = boto3.Session()
    return session.client("ecr", region_name=REGION, config=Config(parameter_validation=False))


@pytest.fixture
def ecr(aws_account: AwsAccount) -> Any:
    """The client of an account with the repository `web`."""
    client = _client()
    client.create_repository(repositoryName="web")
    return client


def test_a_hundred_repositories_are_a_page(aws_account: AwsAccount) -> None:
    client = _client()
    names = [f"app/{number:03}" for number in range(101)]
    for name in names:
        client.create_repository(repositoryName=name)
    first = client.describe_repositories()
    assert len(first["repositories"]) == 100
    rest = client.describe_repositories(nextToken=first["nextToken"])
    assert [one["repositoryName"] for one in rest["repositories"]] == names[100:]
    assert "nextToken" not in rest
    pages = client.get_paginator("describe_repositories").paginate(PaginationConfig={"PageSize": 40})
    assert [len(page["repositories"]) for page in pages] == [40, 40, 21]


def test_images_come_in_pages_and_by_their_tags(ecr: Any, aws_account: AwsAccount) -> None:
    pusher = Pusher(aws_account)
    for content in (b"1", b"2", b"3"):
        pusher.image("web", "v1", content)  # the tag moves on, and leaves an image without one
    for call, key in ((ecr.list_images, "imageIds"), (ecr.describe_images, "imageDetails")):
        first = call(repositoryName="web", maxResults=2)
        assert len(first[key]) == 2
        assert len(call(repositoryName="web", nextToken=first["nextToken"])[key]) == 1
        counted = {
            status: len(call(repositoryName="web", filter={"tagStatus": status})[key])
            for status in ("TAGGED", "UNTAGGED", "ANY")
        }
        assert counted == {"TAGGED": 1, "UNTAGGED": 2, "ANY": 3}


_FILTERS = [{"filterType": "WILDCARD", "filter": "dev-*"}]
_MANY = [{"Key": f"t{number}", "Value": "x"} for number in range(51)]


def _tag_twice(ecr: Any) -> None:
    arn = ecr.describe_repositories(repositoryNames=["web"])["repositories"][0]["repositoryArn"]
    ecr.tag_resource(resourceArn=arn, tags=_MANY[:50])
    ecr.tag_resource(resourceArn=arn, tags=_MANY[49:50])  # one that is there already
    ecr.tag_resource(resourceArn=arn, tags=_MANY[50:])


_REFUSED: Mapping[str, tuple[Callable[[Any], object], str]] = {
    "a-token-that-is-none": (
        lambda ecr: ecr.describe_repositories(nextToken="garbage"),
        "InvalidParameterException",
    ),
    "a-token-of-no-page": (
        lambda ecr: ecr.list_images(repositoryName="web", nextToken="bmV4dDo3"),
        "InvalidParameterException",
    ),
    "too-large-a-page": (
        lambda ecr: ecr.describe_repositories(maxResults=1001),
        "InvalidParameterException",
    ),
    "another-accounts-repository": (
        lambda ecr: ecr.describe_images(registryId="999999999999", repositoryName="web"),
        "AccessDeniedException",
    ),
    "too-many-tags": (
        lambda ecr: ecr.create_repository(repositoryName="api", tags=_MANY),
        "TooManyTagsException",
    ),
    "too-many-tags-together": (_tag_twice, "TooManyTagsException"),
    "a-key-twice": (
        lambda ecr: ecr.create_repository(repositoryName="api", tags=_MANY[:1] * 2),
        "InvalidTagParameterException",
    ),
    "a-tag-of-awss": (
        lambda ecr: ecr.create_repository(repositoryName="api", tags=[{"Key": "aws:x", "Value": "y"}]),
        "InvalidTagParameterException",
    ),
    "exclusions-without-filters": (
        lambda ecr: ecr.put_image_tag_mutability(
            repositoryName="web", imageTagMutability="IMMUTABLE_WITH_EXCLUSION"
        ),
        "InvalidParameterException",
    ),
    "filters-of-nothing": (
        lambda ecr: ecr.create_repository(
            repositoryName="api", imageTagMutability="IMMUTABLE", imageTagMutabilityExclusionFilters=_FILTERS
        ),
        "InvalidParameterException",
    ),
    "an-unknown-setting": (
        lambda ecr: ecr.put_account_setting(name="BLOB_MOUNTING", value="MAYBE"),
        "InvalidParameterException",
    ),
}


@pytest.mark.parametrize("what", _REFUSED)
def test_ecr_refuses(ecr: Any, what: str) -> None:
    call, code = _REFUSED[what]
    with pytest.raises(ClientError) as caught:
        call(ecr)
    response = caught.value.response
    assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == (code, 400)
    names = [one["repositoryName"] for one in ecr.describe_repositories()["repositories"]]
    assert names == ["web"]


def test_tags_that_a_filter_leaves_out_may_be_written_again(ecr: Any, aws_account: AwsAccount) -> None:
    answer = ecr.put_image_tag_mutability(
        repositoryName="web",
        imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters=_FILTERS,
    )
    assert answer["imageTagMutabilityExclusionFilters"] == _FILTERS
    pusher = Pusher(aws_account)
    statuses = {
        tag: [pusher.image("web", tag, content).status for content in (b"1", b"2")] for tag in ("v1", "dev-1")
    }
    assert statuses == {"v1": [201, 400], "dev-1": [201, 201]}


def test_a_blob_is_mounted_only_where_the_account_has_turned_it_on(ecr: Any, aws_account: AwsAccount) -> None:
    """Else ECR opens an upload, as the specification has it for a registry that does not mount."""
    ecr.create_repository(repositoryName="api")
    pusher = Pusher(aws_account)
    pusher.image("web", "v1")
    digest = f"sha256:{hashlib.sha256(b'{}').hexdigest()}"
    mount = f"/v2/api/blobs/uploads/?mount={digest}&from=web"
    assert ecr.get_account_setting(name="BLOB_MOUNTING")["value"] == "DISABLED"
    assert pusher.request("POST", mount).status == HTTPStatus.ACCEPTED
    ecr.put_account_setting(name="BLOB_MOUNTING", value="ENABLED")
    assert pusher.request("POST", mount).status == HTTPStatus.CREATED


def test_deleting_by_the_registry_protocol_needs_its_own_permission(
    ecr: Any, aws_account: AwsAccount
) -> None:
    pusher = Pusher(aws_account)
    digest = pusher.image("web", "v1").headers["Docker-Content-Digest"]
    statements = [one for one in document("aws", REGION, ACCOUNT)["Statement"] if one["Sid"] != "Images"]
    key = aws_account.cloud.moto.access_key
    aws_account.cloud.policies[key] = {"Version": "2012-10-17", "Statement": statements}
    refused = pusher.request("DELETE", f"/v2/web/manifests/{digest}")
    assert refused.status == HTTPStatus.FORBIDDEN
    assert "perform: ecr:BatchDeleteImage" in refused.json()["errors"][0]["message"]
    aws_account.cloud.policies.clear()
    assert pusher.request("DELETE", f"/v2/web/manifests/{digest}").status == HTTPStatus.ACCEPTED


@pytest.mark.parametrize(
    ("region", "head"), [("cn-north-1", "arn:aws-cn:ecr:"), ("us-gov-west-1", "arn:aws-us-gov:ecr:")]
)
def test_an_arn_begins_with_its_partition(aws_account: AwsAccount, region: str, head: str) -> None:
    service: Ecr = aws_account.cloud.ecr
    made = service.create_repository({"repositoryName": "web"}, Caller(ACCOUNT, region, "", ""))
    assert made["repository"]["repositoryArn"].startswith(head)
