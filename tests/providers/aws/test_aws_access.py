"""Sessions of roles, and access entries: who gets into an emulated account and into its clusters."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from clouddeploy_aws.session import Session
from clouddeploy_aws.tokens import mint
from moto_fixtures.aws import ACCOUNT, EXISTING, REGION, AwsAccount
from tests.providers.aws.life import run_up, steps_of

ADMIN = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"


def _assume(account: AwsAccount, role: str, session: str = "run", **more: Any) -> dict[str, str]:
    made = account.client("sts").assume_role(RoleArn=role, RoleSessionName=session, **more)
    credentials: dict[str, str] = made["Credentials"]
    return credentials


def _use(monkeypatch: pytest.MonkeyPatch, credentials: dict[str, str]) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", credentials["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", credentials["SecretAccessKey"])
    monkeypatch.setenv("AWS_SESSION_TOKEN", credentials["SessionToken"])


@pytest.fixture
def cluster(aws_account: AwsAccount) -> Any:
    """A cluster of ours, whose authentication mode is API, made by the user `rehearsal`; the EKS client."""
    run_up(aws_account, steps_of(aws_account))
    return aws_account.client("eks")


def test_a_role_that_makes_a_cluster_is_its_administrator_in_every_session(
    aws_account: AwsAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    role = aws_account.assumable("ci")
    first, second = (_assume(aws_account, role, name) for name in ("monday", "tuesday"))
    eks = aws_account.client("eks")
    _use(monkeypatch, first)
    run_up(aws_account, steps_of(aws_account))
    assert eks.list_access_entries(clusterName="demo")["accessEntries"] == [role]
    entry = eks.describe_access_entry(clusterName="demo", principalArn=role)["accessEntry"]
    assert entry["username"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/ci/{{{{SessionName}}}}"
    _use(monkeypatch, second)
    token = mint(Session(aws_account.target()), "demo").value.reveal()
    who = f"arn:aws:sts::{ACCOUNT}:assumed-role/ci/tuesday"
    assert aws_account.kubernetes[0].authenticate(token) == (who, ("system:masters",))


def test_others_get_in_by_access_entries(aws_account: AwsAccount, cluster: Any) -> None:
    who = aws_account.assumable("ci")
    cluster.create_access_entry(clusterName="demo", principalArn=who, kubernetesGroups=["viewers"])
    assert who in cluster.list_access_entries(clusterName="demo")["accessEntries"]
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/ci/run"
    assert aws_account.cloud.access.groups("demo", session) == (session, ("viewers",))
    cluster.associate_access_policy(
        clusterName="demo", principalArn=who, policyArn=ADMIN, accessScope={"type": "cluster"}
    )
    assert aws_account.cloud.access.groups("demo", session) == (session, ("viewers", "system:masters"))
    with pytest.raises(ClientError, match="ResourceInUseException"):
        cluster.create_access_entry(clusterName="demo", principalArn=who)
    cluster.delete_access_entry(clusterName="demo", principalArn=who)
    assert aws_account.cloud.access.groups("demo", session) is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"principalArn": f"arn:aws:sts::{ACCOUNT}:assumed-role/ci/run"}, "invalid principal"),
        ({"principalArn": f"arn:aws:iam::{ACCOUNT}:role/missing"}, "invalid principal"),
        ({"principalArn": f"arn:aws:iam::{ACCOUNT}:group/admins"}, "invalid principal"),
        ({"principalArn": "ci"}, "invalid principal"),
        ({"kubernetesGroups": ["system:masters"]}, "system:masters is invalid, it cannot start with system:"),
        ({"username": "system:node:x"}, "The username must not begin with system:"),
        ({"username": "aws:x"}, "The username must not begin with aws:"),
        ({"type": "MAINFRAME"}, "InvalidParameterException"),
        ({"type": "EC2_LINUX", "kubernetesGroups": ["x"]}, "InvalidParameterException"),
        ({"type": "EC2", "principalArn": f"arn:aws:iam::{ACCOUNT}:user/rehearsal"}, "invalid principal"),
    ],
    ids=str,
)
def test_entries_that_eks_refuses(
    aws_account: AwsAccount, cluster: Any, changes: dict[str, Any], said: str
) -> None:
    request = {"clusterName": "demo", "principalArn": aws_account.assumable("ci"), **changes}
    with pytest.raises(ClientError, match=said) as caught:
        cluster.create_access_entry(**request)
    assert caught.value.response["Error"]["Code"] == "InvalidParameterException"


def test_another_accounts_role_and_a_nodes_role_may_have_entries(
    aws_account: AwsAccount, cluster: Any
) -> None:
    other = "arn:aws:iam::999999999999:role/teams/ci"
    cluster.create_access_entry(clusterName="demo", principalArn=other)
    entry = cluster.create_access_entry(
        clusterName="demo", principalArn=aws_account.assumable("nodes"), type="EC2_LINUX"
    )["accessEntry"]
    assert entry["type"] == "EC2_LINUX"


def test_a_cluster_with_a_config_map_alone_has_no_entries(
    aws_account: AwsAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its creator gets in all the same: EKS keeps that apart."""
    aws_account.plant(EXISTING)
    eks = aws_account.client("eks")
    for call in (
        lambda: eks.list_access_entries(clusterName="demo"),
        lambda: eks.create_access_entry(clusterName="demo", principalArn=aws_account.assumable("ci")),
    ):
        with pytest.raises(ClientError, match=r"must be set to one of \[API, API_AND_CONFIG_MAP\]") as caught:
            call()
        assert caught.value.response["Error"]["Code"] == "InvalidRequestException"
    token = mint(Session(aws_account.target()), "demo").value.reveal()
    assert aws_account.kubernetes[0].authenticate(token) == ("kubernetes-admin", ("system:masters",))


_SERVICES = {
    "sts": ("get_caller_identity", "InvalidClientTokenId"),
    "ec2": ("describe_vpcs", "AuthFailure"),
    "eks": ("list_clusters", "UnrecognizedClientException"),
}


@pytest.mark.parametrize("token", ["", "garbage"])
@pytest.mark.parametrize("service", _SERVICES)
def test_a_temporary_key_is_good_only_with_its_own_token(
    aws_account: AwsAccount, service: str, token: str
) -> None:
    made = _assume(aws_account, aws_account.assumable("ci"))
    call, code = _SERVICES[service]
    assert _answer(service, call, {**made, "SessionToken": token}) == code
    assert _answer(service, call, made) == ""


def test_a_lasting_key_is_good_only_without_a_token(aws_account: AwsAccount) -> None:
    moto = aws_account.cloud.moto
    lasting = {"AccessKeyId": moto.access_key, "SecretAccessKey": moto.secret_key, "SessionToken": "x"}
    assert _answer("sts", "get_caller_identity", lasting) == "InvalidClientTokenId"


def test_a_session_ends(aws_account: AwsAccount) -> None:
    made = _assume(aws_account, aws_account.assumable("ci"))
    session = aws_account.cloud.moto._assumed(made["AccessKeyId"])
    session.expiration -= timedelta(hours=2)
    assert _answer("sts", "get_caller_identity", made) == "ExpiredToken"


def _answer(service: str, call: str, credentials: dict[str, str]) -> str:
    """The error's code; empty for none."""
    session: Any = boto3.Session(
        credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"], REGION
    )
    try:
        getattr(session.client(service), call)()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


@pytest.mark.parametrize(
    ("changes", "code", "said"),
    [
        ({"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/missing"}, "AccessDenied", "perform: sts:AssumeRole"),
        ({"DurationSeconds": 899}, "ValidationError", "greater than or equal to 900"),
        ({"DurationSeconds": 43201}, "ValidationError", "less than or equal to 43200"),
        ({"DurationSeconds": 3601}, "ValidationError", "exceeds the MaxSessionDuration set for this role"),
        ({"RoleSessionName": "a b"}, "ValidationError", "roleSessionName"),
    ],
    ids=str,
)
def test_what_sts_refuses(aws_account: AwsAccount, changes: dict[str, Any], code: str, said: str) -> None:
    request = {"RoleArn": aws_account.assumable("ci"), "RoleSessionName": "run", **changes}
    session: Any = boto3.Session()
    from botocore.config import Config

    sts = session.client("sts", config=Config(parameter_validation=False))
    with pytest.raises(ClientError, match=said) as caught:
        sts.assume_role(**request)
    assert caught.value.response["Error"]["Code"] == code


def test_a_role_is_assumed_only_by_whom_it_trusts(aws_account: AwsAccount) -> None:
    service = aws_account.role("for-eks", "eks.amazonaws.com", {})
    with pytest.raises(ClientError, match=f"perform: sts:AssumeRole on resource: {service}"):
        _assume(aws_account, service)


def test_a_role_that_a_role_assumed_lasts_an_hour_at_most(aws_account: AwsAccount) -> None:
    role = aws_account.assumable("ci")
    aws_account.client("iam").update_role(RoleName="ci", MaxSessionDuration=7200)
    assert _assume(aws_account, role, DurationSeconds=7200)
    made = _assume(aws_account, role)
    session: Any = boto3.Session(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"], REGION)
    with pytest.raises(ClientError, match="1 hour session limit"):
        session.client("sts").assume_role(RoleArn=role, RoleSessionName="again", DurationSeconds=7200)
