"""The emulated account against boto3 alone: what it accepts, refuses and says is what AWS does."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

import boto3
import pytest
import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from clouddeploy.clusters import up
from clouddeploy.contract import ClusterSpec, Token
from clouddeploy.emulator import EmulatorSettings
from clouddeploy_aws import connect
from clouddeploy_aws.emulator import sigv4, start
from clouddeploy_aws.emulator.answers import ServiceError
from clouddeploy_aws.emulator.cloud import AwsCloud
from clouddeploy_aws.emulator.sigv4 import Key, Received, Scope
from moto_fixtures.aws import EXISTING, AwsAccount
from moto_fixtures.kubernetes import StubKubernetes


def _code(call: Any, **arguments: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


_CALLS = [
    ("sts", "get_caller_identity", "SignatureDoesNotMatch", "InvalidClientTokenId"),
    ("iam", "list_roles", "SignatureDoesNotMatch", "InvalidClientTokenId"),
    ("ec2", "describe_vpcs", "AuthFailure", "AuthFailure"),
    ("eks", "list_clusters", "InvalidSignatureException", "UnrecognizedClientException"),
    ("ecr", "describe_repositories", "InvalidSignatureException", "UnrecognizedClientException"),
]


@pytest.mark.parametrize(("service", "call", "wrong_secret", "unknown_key"), _CALLS)
def test_every_service_checks_signatures_in_its_own_words(
    aws_account: AwsAccount, service: str, call: str, wrong_secret: str, unknown_key: str
) -> None:
    key = aws_account.cloud.environment["AWS_ACCESS_KEY_ID"]
    for key_id, secret, code in ((key, "wrong", wrong_secret), ("AKIA0000000000000000", "x", unknown_key)):
        session: Any = boto3.Session(
            aws_access_key_id=key_id, aws_secret_access_key=secret, region_name="eu-west-1"
        )
        assert _code(getattr(session.client(service), call))[0] == code


def test_a_request_without_a_signature(aws_account: AwsAccount) -> None:
    answer = urllib3.request("GET", f"http://{aws_account.cloud.host}/clusters")
    assert answer.status == HTTPStatus.FORBIDDEN
    assert answer.headers["x-amzn-ErrorType"] == "MissingAuthenticationTokenException"


@pytest.mark.parametrize(
    ("minutes", "said"), [(-6, "Signature expired"), (6, "Signature not yet current"), (-4, None), (4, None)]
)
def test_a_clock_may_be_five_minutes_off(minutes: int, said: str | None) -> None:
    moment = (datetime.now(UTC) + timedelta(minutes=minutes)).strftime("%Y%m%dT%H%M%SZ")
    request = AWSRequest("GET", "http://localhost/clusters", headers={"host": "localhost"})
    request.context["timestamp"] = moment
    signer = SigV4Auth(Credentials("KEY", "secret"), "eks", "eu-west-1")
    request.headers["X-Amz-Date"] = moment
    signature = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    scope = Scope("KEY", moment[:8], "eu-west-1", "eks")
    authorization = (
        f"AWS4-HMAC-SHA256 Credential=KEY/{scope}, SignedHeaders=host;x-amz-date, Signature={signature}"
    )
    headers = {"host": "localhost", "x-amz-date": moment, "authorization": authorization}
    received = Received("GET", "/clusters", "", headers, b"")
    if said is None:
        sigv4.check_header(received, scope, lambda _: Key("secret"))
        return
    with pytest.raises(ServiceError, match=said) as caught:
        sigv4.check_header(received, scope, lambda _: Key("secret"))
    assert caught.value.code == "InvalidSignatureException"


@pytest.mark.parametrize(
    ("service", "call", "code"),
    [
        ("sts", "get_caller_identity", "SignatureDoesNotMatch"),
        ("ec2", "describe_vpcs", "AuthFailure"),
        ("eks", "list_clusters", "InvalidSignatureException"),
        ("ecr", "describe_repositories", "InvalidSignatureException"),
    ],
)
def test_a_region_takes_only_what_is_signed_for_it(
    aws_account: AwsAccount, service: str, call: str, code: str
) -> None:
    session: Any = boto3.Session(region_name="ap-northeast-2")
    with pytest.raises(ClientError, match="scoped to a valid region, not 'ap-northeast-2'") as caught:
        getattr(session.client(service), call)()
    assert caught.value.response["Error"]["Code"] == code


def test_resources_with_awkward_characters_in_the_path_are_signed_alike(aws_account: AwsAccount) -> None:
    aws_account.plant(EXISTING)
    eks = aws_account.client("eks")
    arn = eks.describe_cluster(name="demo")["cluster"]["arn"]
    eks.tag_resource(resourceArn=arn, tags={"team": "a b/c=d&e"})
    assert eks.list_tags_for_resource(resourceArn=arn)["tags"]["team"] == "a b/c=d&e"
    eks.untag_resource(resourceArn=arn, tagKeys=["team"])
    assert "team" not in eks.list_tags_for_resource(resourceArn=arn)["tags"]


def test_an_unknown_service_operation_and_cluster(aws_account: AwsAccount) -> None:
    eks = aws_account.client("eks")
    assert _code(eks.describe_cluster, name="nope") == ("ResourceNotFoundException", HTTPStatus.NOT_FOUND)
    assert _code(eks.list_insights, clusterName="x")[0] == "UnknownOperationException"


def _request(account: AwsAccount, **changes: Any) -> dict[str, Any]:
    ec2 = account.client("ec2")
    subnets = [subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"]]
    role = account.role("eks", "eks.amazonaws.com", {})
    account.settle(role)
    return {"name": "x", "roleArn": role, "resourcesVpcConfig": {"subnetIds": subnets}, **changes}


@pytest.mark.parametrize(
    ("changes", "code", "said"),
    [
        ({"version": "9.99"}, "InvalidParameterException", "unsupported Kubernetes version 9.99"),
        (
            {"computeConfig": {"enabled": True}},
            "InvalidParameterException",
            "fully enabled or fully disabled",
        ),
        ({"resourcesVpcConfig": {"subnetIds": ["subnet-1"]}}, "InvalidParameterException", "does not exist"),
        ({"resourcesVpcConfig": {"subnetIds": []}}, "InvalidParameterException", "two different AZs"),
        (
            {"roleArn": "arn:aws:iam::123456789012:role/no"},
            "InvalidParameterException",
            "could not be assumed",
        ),
        ({"name": "-x"}, "InvalidParameterException", "regular expression"),
        ({"accessConfig": {"authenticationMode": "NONE"}}, "InvalidParameterException", "enum value set"),
    ],
)
def test_eks_refuses_what_eks_refuses(
    aws_account: AwsAccount, changes: dict[str, Any], code: str, said: str
) -> None:
    with pytest.raises(ClientError, match=said) as caught:
        aws_account.client("eks").create_cluster(**_request(aws_account, **changes))
    assert caught.value.response["Error"]["Code"] == code


def test_a_name_is_taken_until_its_cluster_is_gone(aws_account: AwsAccount) -> None:
    request = _request(aws_account)
    eks = aws_account.client("eks")
    assert eks.create_cluster(**request)["cluster"]["status"] == "CREATING"
    assert _code(eks.create_cluster, **request) == ("ResourceInUseException", HTTPStatus.CONFLICT)
    assert _code(eks.delete_cluster, name="x") == ("ResourceInUseException", HTTPStatus.CONFLICT)
    aws_account.cloud.eks.join()
    aws_account.cloud.clock.advance(600)
    assert eks.describe_cluster(name="x")["cluster"]["status"] == "ACTIVE"
    assert eks.delete_cluster(name="x")["cluster"]["status"] == "DELETING"
    aws_account.cloud.clock.advance(300)
    assert eks.list_clusters()["clusters"] == []


def test_the_same_request_token_means_the_same_cluster(aws_account: AwsAccount) -> None:
    request = {**_request(aws_account), "clientRequestToken": "t" * 33}
    eks = aws_account.client("eks")
    first, second = (eks.create_cluster(**request)["cluster"]["createdAt"] for _ in range(2))
    assert first == second
    assert _code(eks.create_cluster, **{**request, "version": "1.34"})[0] == "InvalidParameterException"


def test_versions_are_offered_with_one_default(aws_account: AwsAccount) -> None:
    eks = aws_account.client("eks")
    every = eks.describe_cluster_versions()["clusterVersions"]
    default = eks.describe_cluster_versions(defaultOnly=True)["clusterVersions"]
    assert [one for one in every if one["defaultVersion"]] == default
    assert len(default) == 1


def test_versions_say_how_long_they_have_support(aws_account: AwsAccount) -> None:
    eks = aws_account.client("eks")
    extended = eks.describe_cluster_versions(versionStatus="EXTENDED_SUPPORT")["clusterVersions"]
    assert extended == eks.describe_cluster_versions(status="extended-support")["clusterVersions"]
    assert [one["clusterVersion"] for one in extended] == ["1.33", "1.32"]
    assert all(one["endOfStandardSupportDate"] < datetime(2026, 11, 1, tzinfo=UTC) for one in extended)
    (one,) = eks.describe_cluster_versions(clusterVersions=["1.34"])["clusterVersions"]
    assert (one["versionStatus"], one["status"]) == ("STANDARD_SUPPORT", "standard-support")
    assert (one["endOfExtendedSupportDate"] - one["endOfStandardSupportDate"]).days == 365


def test_extended_support_is_billed(aws_account: AwsAccount) -> None:
    eks = aws_account.client("eks")
    eks.create_cluster(**_request(aws_account, version="1.33"))
    assert [kind for kind, _, _ in aws_account.cloud.ledger()] == ["cluster", "extended support"]
    aws_account.cloud.eks.record("x").version = "1.34"
    assert [kind for kind, _, _ in aws_account.cloud.ledger()] == ["cluster"]


class Pusher:
    """Puts a tiny image into the registry, by plain requests."""

    def __init__(self, account: AwsAccount) -> None:
        self.login = connect(account.target()).registry.login()

    def request(self, method: str, path: str, body: bytes = b"", **headers: str) -> urllib3.BaseHTTPResponse:
        assert self.login is not None
        password = self.login.password.reveal()
        known = urllib3.make_headers(basic_auth=f"AWS:{password}")
        url = path if path.startswith("http") else f"http://{self.login.host}{path}"
        return urllib3.request(method, url, body=body, headers={**known, **headers})

    def blob(self, repository: str, data: bytes) -> dict[str, Any]:
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        session = self.request("POST", f"/v2/{repository}/blobs/uploads/").headers["Location"]
        patched = self.request("PATCH", session, data, **{"Content-Type": "application/octet-stream"})
        assert patched.status == HTTPStatus.CREATED  # where the specification says 202
        done = self.request("PUT", f"{patched.headers['Location']}?digest={digest}")
        assert done.status == HTTPStatus.CREATED
        return {"mediaType": "application/octet-stream", "digest": digest, "size": len(data)}

    def image(self, repository: str, tag: str, content: bytes = b"x") -> urllib3.BaseHTTPResponse:
        layer = {**self.blob(repository, gzip.compress(content, mtime=0))}
        layer["mediaType"] = "application/vnd.oci.image.layer.v1.tar+gzip"
        config = {**self.blob(repository, b"{}"), "mediaType": "application/vnd.oci.image.config.v1+json"}
        media_type = "application/vnd.oci.image.manifest.v1+json"
        manifest = {"schemaVersion": 2, "mediaType": media_type, "config": config, "layers": [layer]}
        return self.manifest(repository, tag, manifest)

    def index(self, repository: str, tag: str, *digests: str) -> urllib3.BaseHTTPResponse:
        of_image = "application/vnd.oci.image.manifest.v1+json"
        found = {one: self.request("GET", f"/v2/{repository}/manifests/{one}").data for one in digests}
        listed = [{"mediaType": of_image, "digest": one, "size": len(body)} for one, body in found.items()]
        media_type = "application/vnd.oci.image.index.v1+json"
        return self.manifest(
            repository, tag, {"schemaVersion": 2, "mediaType": media_type, "manifests": listed}
        )

    def manifest(self, repository: str, tag: str, document: dict[str, Any]) -> urllib3.BaseHTTPResponse:
        path, media_type = f"/v2/{repository}/manifests/{tag}", document["mediaType"]
        return self.request("PUT", path, json.dumps(document).encode(), **{"Content-Type": media_type})


def test_what_was_pushed_is_what_ecr_lists(aws_account: AwsAccount) -> None:
    ecr = aws_account.client("ecr")
    ecr.create_repository(repositoryName="web")
    digest = Pusher(aws_account).image("web", "v1").headers["Docker-Content-Digest"]
    assert ecr.list_images(repositoryName="web")["imageIds"] == [{"imageDigest": digest, "imageTag": "v1"}]
    (detail,) = ecr.describe_images(repositoryName="web", imageIds=[{"imageTag": "v1"}])["imageDetails"]
    assert (detail["imageDigest"], detail["imageTags"]) == (digest, ["v1"])
    assert detail["imageSizeInBytes"] == len(gzip.compress(b"x", mtime=0)) + 2
    (image,) = ecr.batch_get_image(repositoryName="web", imageIds=[{"imageTag": "v1"}])["images"]
    assert f"sha256:{hashlib.sha256(image['imageManifest'].encode()).hexdigest()}" == digest
    assert _code(ecr.delete_repository, repositoryName="web")[0] == "RepositoryNotEmptyException"
    gone = ecr.batch_delete_image(repositoryName="web", imageIds=[{"imageTag": "v1"}, {"imageTag": "v2"}])
    assert gone["imageIds"] == [{"imageTag": "v1"}]
    assert gone["failures"][0]["failureCode"] == "ImageNotFound"
    ecr.delete_repository(repositoryName="web", force=True)
    assert _code(ecr.list_images, repositoryName="web")[0] == "RepositoryNotFoundException"


def test_a_list_of_images_is_as_large_as_its_largest(aws_account: AwsAccount) -> None:
    ecr, pusher = aws_account.client("ecr"), Pusher(aws_account)
    ecr.create_repository(repositoryName="web")
    pushed = [pusher.image("web", f"v{number}", b"x" * number) for number in (1, 999)]
    digests = [one.headers["Docker-Content-Digest"] for one in pushed]
    assert pusher.index("web", "all", *digests).status == HTTPStatus.CREATED
    found = ecr.describe_images(repositoryName="web")["imageDetails"]
    sizes = {tag: one["imageSizeInBytes"] for one in found for tag in one["imageTags"]}
    assert sizes["all"] == sizes["v999"] > sizes["v1"]


def test_an_immutable_tag_refuses_even_its_own_digest(aws_account: AwsAccount) -> None:
    ecr = aws_account.client("ecr")
    ecr.create_repository(repositoryName="web")
    pusher = Pusher(aws_account)
    pusher.image("web", "v1")
    assert pusher.image("web", "v1").status == HTTPStatus.CREATED
    ecr.put_image_tag_mutability(repositoryName="web", imageTagMutability="IMMUTABLE")
    refused = pusher.image("web", "v1")
    assert (refused.status, refused.json()["errors"][0]["code"]) == (HTTPStatus.BAD_REQUEST, "TAG_INVALID")
    assert "the tag is immutable" in refused.json()["errors"][0]["message"]
    assert pusher.image("web", "v2").status == HTTPStatus.CREATED


def test_nodes_pull_what_is_there_and_nothing_else(aws_account: AwsAccount) -> None:
    aws_account.plant(EXISTING)
    digest = Pusher(aws_account).image("shop/web", "v1").headers["Docker-Content-Digest"]
    problem = aws_account.kubernetes[0].pull_problem
    host = aws_account.cloud.host
    assert problem(f"{host}/shop/web:v1@{digest}") is None
    assert problem(f"{host}/shop/web:v1") is None
    assert problem("docker.io/library/nginx:1") is None
    assert "not found" in (problem(f"{host}/shop/web@sha256:{'0' * 64}") or "")
    assert "not found" in (problem(f"{host}/shop/api:v1") or "")


def test_a_lifecycle_policy_is_json_with_rules(aws_account: AwsAccount) -> None:
    ecr = aws_account.client("ecr")
    ecr.create_repository(repositoryName="web")
    assert _code(ecr.get_lifecycle_policy, repositoryName="web")[0] == "LifecyclePolicyNotFoundException"
    old = _rule(1, tagStatus="untagged", countType="sinceImagePushed", countUnit="days", countNumber=14)
    new = _rule(2, tagStatus="any", countType="imageCountMoreThan", countNumber=10)
    for text in (json.dumps({"rules": [old]}), json.dumps({"rules": [old, new]})):
        ecr.put_lifecycle_policy(repositoryName="web", lifecyclePolicyText=text)
        assert ecr.get_lifecycle_policy(repositoryName="web")["lifecyclePolicyText"] == text


_UNTAGGED = {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 14}
_ANY = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 10}


def _rule(priority: object, **selection: object) -> dict[str, object]:
    return {"rulePriority": priority, "selection": selection, "action": {"type": "expire"}}


@pytest.mark.parametrize(
    "rules",
    [
        [],
        [_rule(0, **_UNTAGGED)],
        [_rule("1", **_UNTAGGED)],
        [_rule(1, **{**_UNTAGGED, "countUnit": "weeks"})],
        [_rule(1, **{**_UNTAGGED, "countNumber": 0})],
        [_rule(1, **{**_UNTAGGED, "tagPrefixList": ["v"]})],
        [_rule(1, **{**_ANY, "countUnit": "days"})],
        [_rule(1, **{**_ANY, "tagStatus": "tagged"})],
        [_rule(1, **{**_ANY, "tagStatus": "none"})],
        [_rule(1, **_UNTAGGED), _rule(1, **_ANY)],
        [_rule(1, **_UNTAGGED), _rule(2, **_UNTAGGED)],
        [_rule(1, **_ANY), _rule(2, **_UNTAGGED)],
        [{**_rule(1, **_ANY), "action": {"type": "keep"}}],
        [{**_rule(1, **_ANY), "note": "x"}],
        ["rule"],
    ],
    ids=str,
)
def test_a_lifecycle_policy_that_is_none(aws_account: AwsAccount, rules: list[object]) -> None:
    ecr = aws_account.client("ecr")
    ecr.create_repository(repositoryName="web")
    text = json.dumps({"rules": rules}).ljust(100)
    with pytest.raises(ClientError, match="Lifecycle policy validation failure") as caught:
        ecr.put_lifecycle_policy(repositoryName="web", lifecyclePolicyText=text)
    assert caught.value.response["Error"]["Code"] == "InvalidParameterException"


def test_a_network_stays_while_load_balancers_are_in_it(aws_account: AwsAccount) -> None:
    ec2, elb = aws_account.client("ec2"), aws_account.client("elbv2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    made = elb.create_load_balancer(Name="k8s", Subnets=[subnet], Type="network")["LoadBalancers"][0]
    detach = {"InternetGatewayId": gateway, "VpcId": vpc}
    with pytest.raises(ClientError, match="has some mapped public address") as caught:
        ec2.detach_internet_gateway(**detach)
    assert caught.value.response["Error"]["Code"] == "DependencyViolation"
    assert _code(ec2.delete_subnet, SubnetId=subnet)[0] == "DependencyViolation"
    elb.delete_load_balancer(LoadBalancerArn=made["LoadBalancerArn"])
    ec2.detach_internet_gateway(**detach)
    ec2.delete_subnet(SubnetId=subnet)


def test_a_sixth_internet_gateway_is_one_too_many(aws_account: AwsAccount) -> None:
    ec2 = aws_account.client("ec2")
    for _ in range(5):
        ec2.create_internet_gateway()
    assert _code(ec2.create_internet_gateway)[0] == "InternetGatewayLimitExceeded"


def test_a_cluster_that_is_updated_cannot_be_deleted(aws_account: AwsAccount) -> None:
    eks = aws_account.client("eks")
    eks.create_cluster(**_request(aws_account, version="1.35"))
    aws_account.cloud.eks.join()
    aws_account.cloud.clock.advance(600)
    eks.update_cluster_version(name="x", version="1.36")
    with pytest.raises(ClientError, match="currently has an update in progress") as caught:
        eks.delete_cluster(name="x")
    assert caught.value.response["Error"]["Code"] == "ResourceInUseException"
    aws_account.cloud.clock.advance(480)
    eks.delete_cluster(name="x")


@pytest.fixture
def whole_cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsCloud]:
    """As `emulator up` starts it, with a Kubernetes API behind each cluster."""
    cloud = start(EmulatorSettings(tmp_path, "210987654321", "us-east-1", pace=1200))
    for name, value in cloud.environment.items():
        monkeypatch.setenv(name, value)
    yield cloud
    cloud.close()


def test_another_account_in_another_region_with_a_kubernetes_api_that_answers(whole_cloud: AwsCloud) -> None:
    import ssl

    from clouddeploy.contract import TargetSettings

    provider = connect(TargetSettings("prod", "aws", ClusterSpec("demo"), account="210987654321"))
    assert provider.provisioner is not None
    up(provider.provisioner.steps(ClusterSpec("demo")))
    access = provider.clusters.access("demo")
    credential = access.credential()
    assert isinstance(credential, Token)
    pool = urllib3.PoolManager(ssl_context=ssl.create_default_context(cadata=access.ca))
    url = f"{access.server}/api/v1/namespaces/default"
    headers = {"Authorization": f"Bearer {credential.value.reveal()}"}
    assert pool.request("GET", url, headers=headers).status == HTTPStatus.OK
    headers = {"Authorization": "Bearer k8s-aws-v1.AAAA"}
    assert pool.request("GET", url, headers=headers).status == HTTPStatus.UNAUTHORIZED
    pool.clear()


def test_closing_twice_is_fine(tmp_path: Path) -> None:
    cloud = AwsCloud(EmulatorSettings(tmp_path), StubKubernetes)
    cloud.close()
    cloud.close()
