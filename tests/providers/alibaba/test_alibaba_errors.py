"""What Alibaba Cloud answers, and what a person is told."""

from __future__ import annotations

import pytest

from clouddeploy.emulator.faults import Request
from clouddeploy.errors import (
    CloudDeployError,
    ConfigError,
    CredentialsError,
    MissingToolError,
    NotFoundError,
    PreconditionError,
    TemporaryError,
)
from clouddeploy_alibaba.errors import Refusal, refused, translated
from moto_fixtures.alibaba import AlibabaAccount

ANSWERS = [
    # code, text, status -> type, a word of the fix
    (
        "InvalidAccessKeyId.NotFound",
        "Specified access key is not found.",
        404,
        CredentialsError,
        "aliyun configure",
    ),
    (
        "SignatureDoesNotMatch",
        "Specified signature is not matched.",
        400,
        CredentialsError,
        "aliyun configure",
    ),
    (
        "InvalidSecurityToken.Expired",
        "Specified SecurityToken is expired.",
        400,
        CredentialsError,
        "log in again",
    ),
    ("InvalidTimeStamp.Expired", "Specified time stamp is expired.", 400, CredentialsError, "clock"),
    ("Forbidden.RAM", "User not authorized to operate.", 403, CredentialsError, "administrator"),
    ("NoPrivilege", "Access denied for this user.", 403, CredentialsError, "administrator"),
    ("NoPermission", "You are not authorized to do this action.", 403, CredentialsError, "administrator"),
    ("StatusForbidden", "RAM policy forbidden.", 403, CredentialsError, "administrator"),
    ("QuotaExceeded.Cluster", "cluster quota exceeded", 400, PreconditionError, "quotas.console"),
    ("QuotaExceeded.SLBInstancesQuota", "quota exceeded", 400, PreconditionError, "quotas.console"),
    (
        "Forbidden.User",
        "The number exceeds the quota of the account.",
        403,
        PreconditionError,
        "quotas.console",
    ),
    ("NotEnoughBalance", "Your account does not have enough balance.", 400, PreconditionError, "top up"),
    ("Account.Arrearage", "Your account has an overdue payment.", 400, PreconditionError, "top up"),
    (
        "ErrorServiceNotOpen",
        "Container Service is not activated.",
        400,
        PreconditionError,
        "switch the service on",
    ),
    (
        "ErrManagedAddonRoleNotAttach",
        "please complete it",
        400,
        PreconditionError,
        "asks for the service roles",
    ),
    ("ErrManagedKuberneteRoleNotAttach", "complete it", 400, PreconditionError, "asks for the service roles"),
    ("EntityNotExist.Role", "The role not exists", 404, PreconditionError, "asks for the service roles"),
    ("Throttling.User", "Request was denied due to user flow control.", 400, TemporaryError, "again"),
    ("Throttling", "flow control", 429, TemporaryError, "again"),
    ("SomethingElse", "QPS Limit Exceeded", 400, TemporaryError, "again"),
    ("ServiceUnavailable", "The service is unavailable.", 503, TemporaryError, "again"),
    ("InternalError", "boom", 500, TemporaryError, "again"),
    ("Unheard", "gateway", 502, TemporaryError, "again"),
    ("SLB_SERVICE_ERROR", "slb", 400, TemporaryError, "again"),
    ("DependencyViolation.Resource", "has dependent resources", 400, TemporaryError, "again"),
    ("IncorrectVpcStatus", "Current VPC status does not support this.", 400, TemporaryError, "again"),
    ("ErrorClusterState", "cluster state initial does not allow this", 409, TemporaryError, "again"),
    ("OperationConflict", "Operation conflict.", 400, TemporaryError, "again"),
    ("Throttling.Api", "The request exceeds the quota of the flow.", 403, TemporaryError, "again"),
    ("TOKEN_PROCESSING", "The token is being processed.", 400, TemporaryError, "again"),
    ("OperationFailed.IdempotentTokenProcessing", "token", 400, TemporaryError, "again"),
    ("OperationFailed.DistibuteLock", "lock", 400, TemporaryError, "again"),
    ("IncorrectVSwitchStatus", "VSwitch Creation simultaneously", 400, TemporaryError, "again"),
    ("InvalidStatus.RouteEntry", "Specified route entry status error.", 400, TemporaryError, "again"),
    ("InvalidNodePoolStatus.Forbidden", "node pool is removing_nodes", 400, TemporaryError, "again"),
    ("ErrorNodePoolState", "node pool state deleting", 409, TemporaryError, "again"),
    ("Forbbiden", "Active custom route in vpc.", 400, TemporaryError, "again"),
    ("EmptyCIDR", "pod or service cidr is empty", 400, ConfigError, "check"),
    ("ErrorClusterNotFound", "cluster not found", 404, NotFoundError, "name"),
    ("NAMESPACE_NOT_EXIST", "NAMESPACE_NOT_EXIST", 200, NotFoundError, "name"),
    ("InvalidVpcId.NotFound", "Specified VPC does not exist.", 404, NotFoundError, "name"),
    ("InvalidKubernetesVersion", "version 1.2 is not supported", 400, ConfigError, "version"),
    ("ErrorCheckParams", "name is invalid", 400, ConfigError, "names"),
    ("MissingInstanceId", "InstanceId is mandatory.", 400, ConfigError, "names"),
    ("SomethingNew", "您已开通 the service", 500, CloudDeployError, "troubleshoot"),
    ("SomethingNew", "whatever", 400, CloudDeployError, "troubleshoot"),
]


@pytest.mark.parametrize(
    ("code", "text", "status", "kind", "word"), ANSWERS, ids=[a[0] + "-" + str(a[2]) for a in ANSWERS]
)
def test_an_answer_becomes_an_error_that_says_what_to_do(
    code: str, text: str, status: int, kind: type[CloudDeployError], word: str
) -> None:
    error = refused("make it", Refusal(code, text, status, "ABC-1"))
    assert type(error) is kind
    assert error.message.startswith("could not make it: ")
    assert error.message.endswith("(request ABC-1)")
    assert word in str(error.fix)
    assert error.code == code


def test_a_missing_permission_is_named() -> None:
    error = refused("make it", Refusal("Forbidden.RAM", "no", 403, action="cs:CreateCluster"))
    assert "cs:CreateCluster" in str(error.fix)


def test_a_missing_package_says_what_to_install() -> None:
    with pytest.raises(MissingToolError) as caught, translated("make it"):
        raise ModuleNotFoundError("no", name="alibabacloud_cs20151215")
    assert caught.value.fix == "pip install 'clouddeploy[alibaba]'"


def test_what_is_not_the_sdks_goes_through() -> None:
    with pytest.raises(ZeroDivisionError), translated("make it"):
        _ = 1 / 0


def quiet(_: Request) -> None:
    raise ConnectionResetError("gone")


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (b'{"code":"Forbidden.RAM","message":"no","requestId":"R-1"}', 403, CredentialsError),
        (b"<html>bad gateway</html>", 502, TemporaryError),
        (b"", 503, TemporaryError),
        (b'["not", "an", "object"]', 500, TemporaryError),
        (b'{"code":"Throttling","message":"slow down"}', 429, TemporaryError),
    ],
)
def test_what_the_sdk_makes_of_an_answer_is_translated(
    body: bytes, status: int, kind: type[CloudDeployError], alibaba_account: AlibabaAccount
) -> None:
    alibaba_account.cloud.faults.fail(status, 9, body=body)
    with pytest.raises(kind) as caught:
        alibaba_account.provider().clusters.list()
    assert caught.value.fix
    assert "\n" not in caught.value.message


def test_a_read_whose_connection_is_lost_is_sent_once_more(alibaba_account: AlibabaAccount) -> None:
    provider = alibaba_account.provider()
    alibaba_account.cloud.faults.drop(times=1)
    assert provider.clusters.list() == []
    alibaba_account.cloud.faults.drop(times=2)
    with pytest.raises(TemporaryError, match="could not list the ACK clusters") as caught:
        provider.clusters.list()
    assert "network" in str(caught.value.fix)


def test_a_write_whose_connection_is_lost_is_not_repeated(alibaba_account: AlibabaAccount) -> None:
    alibaba_account.cloud.faults.lose_reply(
        lambda request: request.headers.get("x-acs-action") == "CreateNamespace"
    )
    with pytest.raises(TemporaryError):
        alibaba_account.provider().registry.ensure("shop/web")
    assert alibaba_account.writes() == ["CR:CreateNamespace"]
