"""Connecting: what is loaded, what is asked, who the credentials belong to."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from clouddeploy.contract import Identity
from clouddeploy.errors import (
    ConfigError,
    CredentialsError,
    MissingToolError,
    PreconditionError,
    TemporaryError,
)
from clouddeploy_aws import connect
from moto_fixtures.aws import ACCOUNT, AwsAccount

_NO_SDK = """
import sys
from clouddeploy.contract import ClusterSpec, TargetSettings
from clouddeploy_aws import connect
target = TargetSettings("prod", "aws", ClusterSpec("demo"), account="123456789012", region="eu-west-1")
print(connect(target).registry.address("shop/web"))
assert not {"boto3", "botocore", "moto"} & set(sys.modules)
"""


def test_connecting_and_naming_an_image_need_no_sdk() -> None:
    run = subprocess.run(
        [sys.executable, "-c", _NO_SDK], capture_output=True, text=True, env={"PATH": ""}, check=False
    )
    assert (run.stdout, run.stderr) == ("123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/web\n", "")


def test_without_boto3_the_error_is_the_line_that_installs_it(
    aws_account: AwsAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(MissingToolError, match="needs the package boto3") as caught:
        connect(aws_account.target()).identity()
    assert caught.value.fix == "pip install 'clouddeploy[aws]'"


@pytest.mark.parametrize(
    ("settings", "said", "fix"),
    [
        (
            {"options": {"profil": "x"}},
            "aws knows no options key profil",
            "did you mean profile? known keys: profile",
        ),
        (
            {"registry": {"imutable": "true"}},
            "aws knows no registry key imutable",
            "did you mean immutable? known keys: immutable, keep, scan",
        ),
        (
            {"registry": {"host": "x"}},
            "aws knows no registry key host",
            "known keys: immutable, keep, scan",
        ),
        ({"registry": {"immutable": "maybe"}}, "registry key immutable is 'maybe'", "write true or false"),
        ({"registry": {"scan": ""}}, "registry key scan is ''", "write true or false"),
        ({"registry": {"keep": "0"}}, "registry key keep is '0'", "write a number from 1 to 10000"),
        ({"registry": {"keep": "ten"}}, "registry key keep is 'ten'", "write a number from 1 to 10000"),
    ],
)
def test_unknown_keys_are_refused(
    aws_account: AwsAccount, settings: dict[str, Any], said: str, fix: str
) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        connect(aws_account.target(**settings))
    assert caught.value.fix == fix


def test_connecting_makes_no_request(aws_account: AwsAccount) -> None:
    connect(aws_account.target())
    assert aws_account.cloud.calls == []


def test_the_identity_is_the_caller_and_is_asked_once(aws_account: AwsAccount) -> None:
    provider = connect(aws_account.target(account=ACCOUNT))
    assert provider.identity() == Identity(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/rehearsal")
    provider.identity()
    assert aws_account.cloud.calls == [("sts", "GetCallerIdentity")]


def test_the_wrong_account_is_refused_before_anything_is_written(aws_account: AwsAccount) -> None:
    provider = connect(aws_account.target(account="999999999999"))
    assert provider.provisioner is not None
    with pytest.raises(
        CredentialsError, match=r"is for AWS account 999999999999.*belong to 123456789012"
    ) as caught:
        provider.registry.ensure("shop/web")
    assert "AWS_PROFILE" in (caught.value.fix or "")
    with pytest.raises(CredentialsError):
        provider.provisioner.steps(aws_account.target().cluster)
    assert aws_account.writes() == []


def test_no_region_anywhere(aws_account: AwsAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.delenv("AWS_PROFILE")
    with pytest.raises(PreconditionError, match="no AWS region for target prod") as caught:
        connect(aws_account.target(region=None)).identity()
    assert caught.value.fix == "set region: in the target, or AWS_REGION"


def test_the_region_of_the_environment_serves_a_target_without_one(aws_account: AwsAccount) -> None:
    steps = connect(aws_account.target(region=None)).provisioner
    assert steps is not None
    assert [step.state().detail for step in steps.steps(aws_account.target().cluster)] == [""] * 7


@pytest.mark.parametrize(
    ("region", "near"), [("eu-wset-1", "eu-west-1"), ("us-east1", "us-east-1"), ("frankfurt", "")]
)
def test_a_region_that_is_none_names_the_nearest(aws_account: AwsAccount, region: str, near: str) -> None:
    provider = connect(aws_account.target(region=region))
    for ask in (provider.identity, provider.clusters.list, lambda: provider.registry.ensure("shop/web")):
        with pytest.raises(
            ConfigError, match=f"AWS has no region {region}; the nearest name is {near}"
        ) as caught:
            ask()
        assert caught.value.exit_code == 2
    assert aws_account.cloud.calls == []


def test_no_credentials(aws_account: AwsAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(CredentialsError, match="there are no AWS credentials") as caught:
        connect(aws_account.target()).identity()
    assert "aws sso login" in (caught.value.fix or "")


def test_half_of_a_credential(aws_account: AwsAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(CredentialsError, match="the AWS credentials are incomplete"):
        connect(aws_account.target()).identity()


def test_a_profile_that_does_not_exist(aws_account: AwsAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL_STS")
    with pytest.raises(CredentialsError, match=r"profile \(nobody\) could not be found") as caught:
        connect(aws_account.target(options={"profile": "nobody"})).identity()
    assert caught.value.fix == "list the profiles: aws configure list-profiles"


def test_an_emulator_on_this_machine_has_no_profiles(aws_account: AwsAccount) -> None:
    target = aws_account.target(options={"profile": "nobody"})
    assert connect(target).identity().account == ACCOUNT


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("AWS_SECRET_ACCESS_KEY", "wrong" * 8, "SignatureDoesNotMatch"),
        ("AWS_ACCESS_KEY_ID", "AKIA0000000000000000", "InvalidClientTokenId"),
    ],
)
def test_credentials_that_aws_refuses(
    aws_account: AwsAccount, monkeypatch: pytest.MonkeyPatch, name: str, value: str, code: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(CredentialsError, match="AWS refuses the credentials") as caught:
        connect(aws_account.target()).identity()
    assert caught.value.code == code
    assert value not in caught.value.message


def test_nobody_listens(aws_account: AwsAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1")
    with pytest.raises(TemporaryError, match="refuses connections") as caught:
        connect(aws_account.target()).identity()
    assert caught.value.exit_code == 75
