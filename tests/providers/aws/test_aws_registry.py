"""ECR: addresses, repositories, logins."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import pytest
import urllib3

from clouddeploy.contract import Login
from clouddeploy.errors import ConfigError, CredentialsError, PreconditionError
from clouddeploy_aws import connect
from clouddeploy_aws.emulator.faults import Fault
from clouddeploy_aws.partitions import ecr_host
from moto_fixtures.aws import AwsAccount


def test_an_address_follows_from_account_and_region_without_a_request(
    aws_account: AwsAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL_ECR")
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    registry = connect(aws_account.target(account="111122223333")).registry
    assert registry.address("shop/web") == "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/web"
    assert aws_account.cloud.calls == []


def test_without_an_account_the_credentials_tell_it(
    aws_account: AwsAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL_ECR")
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    registry = connect(aws_account.target()).registry
    assert registry.address("web") == "123456789012.dkr.ecr.eu-west-1.amazonaws.com/web"


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("us-gov-west-1", "1.dkr.ecr.us-gov-west-1.amazonaws.com"),
        ("cn-north-1", "1.dkr.ecr.cn-north-1.amazonaws.com.cn"),
        ("eusc-de-east-1", "1.dkr.ecr.eusc-de-east-1.amazonaws.eu"),
    ],
)
def test_other_partitions_have_other_hosts(region: str, host: str) -> None:
    assert ecr_host("1", region) == host


def test_a_redirected_api_says_where_its_registry_is(aws_account: AwsAccount) -> None:
    registry = connect(aws_account.target()).registry
    login = registry.login()
    assert login is not None
    assert registry.address("shop/web") == f"{aws_account.cloud.host}/shop/web"
    assert login.host == aws_account.cloud.host


@pytest.mark.parametrize(
    "name", ["w", "Web", "shop//web", "/web", "web/", "we b", "a" * 257, "web:1", ".web"]
)
def test_a_name_that_ecr_would_refuse_is_refused_before_the_call(aws_account: AwsAccount, name: str) -> None:
    registry = connect(aws_account.target()).registry
    with pytest.raises(ConfigError, match="is no ECR repository name") as caught:
        registry.ensure(name)
    assert "2 to 256 lower-case letters" in (caught.value.fix or "")
    assert aws_account.cloud.calls == []


def test_a_missing_repository_is_made_once(aws_account: AwsAccount) -> None:
    registry = connect(aws_account.target()).registry
    first, second = registry.ensure("shop/web"), registry.ensure("shop/web")
    assert (first.created, second.created) == (True, False)
    assert aws_account.writes() == ["ecr:CreateRepository", "ecr:PutLifecyclePolicy"]


def test_a_made_repository_can_be_retagged_is_not_scanned_and_forgets_untagged_images(
    aws_account: AwsAccount,
) -> None:
    connect(aws_account.target()).registry.ensure("shop/web")
    ecr = aws_account.client("ecr")
    made = ecr.describe_repositories(repositoryNames=["shop/web"])["repositories"][0]
    policy = json.loads(ecr.get_lifecycle_policy(repositoryName="shop/web")["lifecyclePolicyText"])
    assert made["imageTagMutability"] == "MUTABLE"
    assert made["imageScanningConfiguration"] == {"scanOnPush": False}
    assert policy["rules"][0]["selection"]["countNumber"] == 14
    tags = ecr.list_tags_for_resource(resourceArn=made["repositoryArn"])["tags"]
    assert tags == [{"Key": "clouddeploy:app", "Value": "shop"}]


def test_somebody_else_making_the_repository_first_is_a_success(aws_account: AwsAccount) -> None:
    taken = "The repository with name 'web' already exists"
    aws_account.cloud.faults.add(
        Fault("ecr", "CreateRepository", "RepositoryAlreadyExistsException", taken, status=400)
    )
    assert connect(aws_account.target()).registry.ensure("web").created is False


def test_one_throttled_answer_is_not_noticed(aws_account: AwsAccount) -> None:
    throttled = Fault("ecr", "DescribeRepositories", "ThrottlingException", "Rate exceeded", status=400)
    aws_account.cloud.faults.add(throttled)
    assert connect(aws_account.target()).registry.ensure("web").created


def test_a_missing_permission_is_named(aws_account: AwsAccount) -> None:
    said = (
        "User: arn:aws:iam::123456789012:user/ci is not authorized to perform: ecr:CreateRepository "
        "on resource: arn:aws:ecr:eu-west-1:123456789012:repository/web"
    )
    aws_account.cloud.faults.add(Fault("ecr", "CreateRepository", "AccessDeniedException", said, status=400))
    with pytest.raises(CredentialsError, match="could not create the repository web") as caught:
        connect(aws_account.target()).registry.ensure("web")
    assert "allow ecr:CreateRepository" in (caught.value.fix or "")
    assert caught.value.code == "AccessDeniedException"
    assert "(request " in caught.value.message


def test_a_used_up_quota_is_named(aws_account: AwsAccount) -> None:
    aws_account.cloud.faults.add(
        Fault("ecr", "CreateRepository", "LimitExceededException", "Limit: 100000", status=400, times=3)
    )
    with pytest.raises(PreconditionError, match="quota for objects is used up") as caught:
        connect(aws_account.target()).registry.ensure("web")
    assert "Service Quotas" in (caught.value.fix or "")


def test_a_login_lasts_twelve_hours_and_its_password_is_hidden(aws_account: AwsAccount) -> None:
    login = connect(aws_account.target()).registry.login()
    assert login is not None
    assert login.expires is not None
    left = login.expires - datetime.now(UTC)
    assert timedelta(hours=11, minutes=59) < left <= timedelta(hours=12)
    assert login.username == "AWS"
    assert login.password.reveal() not in repr(login)


def _get(login: Login, path: str, method: str = "GET") -> urllib3.BaseHTTPResponse:
    headers = urllib3.make_headers(basic_auth=f"{login.username}:{login.password.reveal()}")
    return urllib3.request(method, f"http://{login.host}{path}", headers=headers)


def test_the_login_opens_the_registry_and_no_other_does(aws_account: AwsAccount) -> None:
    login = connect(aws_account.target()).registry.login()
    assert login is not None
    assert _get(login, "/v2/").status == HTTPStatus.OK
    stranger = urllib3.request("GET", f"http://{login.host}/v2/")
    assert (stranger.status, stranger.data) == (HTTPStatus.UNAUTHORIZED, b"Not Authorized\n")
    assert stranger.headers["WWW-Authenticate"] == (
        f'Basic realm="http://{login.host}/",service="ecr.amazonaws.com"'
    )


def test_an_expired_login_is_told_to_log_in_again(aws_account: AwsAccount) -> None:
    login = connect(aws_account.target()).registry.login()
    assert login is not None
    aws_account.cloud.registry.passwords.expire_all()
    refused = _get(login, "/v2/")
    assert refused.status == HTTPStatus.FORBIDDEN
    assert "Your authorization token has expired. Reauthenticate and try again." in refused.data.decode()


def test_a_push_to_a_missing_repository_is_refused_in_ecrs_words(aws_account: AwsAccount) -> None:
    login = connect(aws_account.target()).registry.login()
    assert login is not None
    refused = _get(login, "/v2/shop/web/blobs/uploads/", "POST")
    assert refused.status == HTTPStatus.NOT_FOUND
    said = "The repository with name 'shop/web' does not exist in the registry with id '123456789012'"
    assert refused.json()["errors"][0]["code"] == "NAME_UNKNOWN"
    assert refused.json()["errors"][0]["message"] == said
