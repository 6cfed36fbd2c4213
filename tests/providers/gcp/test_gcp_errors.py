"""Each of Google's refusals: what a person is told, and what to do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from clouddeploy.contract import ClusterSpec
from clouddeploy.errors import (
    CloudDeployError,
    ConfigError,
    CredentialsError,
    NotFoundError,
    PreconditionError,
    TemporaryError,
)
from clouddeploy_gcp import connect
from clouddeploy_gcp.emulator.answers import ApiError, ComputeError
from moto_fixtures.gcp import GcpAccount
from tests.providers.gcp.life import make

REST_QUOTA = (
    "Insufficient regional quota to satisfy request: resource \"CPUS\": request requires '12.0' and is short "
    "'4.0'. project has a quota of '8.0' with '8.0' available."
)

NO_QUOTA = (
    "Your application is authenticating by using local Application Default Credentials. The {} API requires "
    "a quota project, which is not set by default. To learn how to set your quota project, see "
    "https://cloud.google.com/docs/authentication/adc-troubleshooting/user-creds ."
)


def no_quota_project(service: str) -> ApiError:
    """As in pulumi/pulumi-gcp#2896; the consumer is Google's own project."""
    return ApiError(
        "PERMISSION_DENIED",
        NO_QUOTA.format(service),
        reason="SERVICE_DISABLED",
        metadata={"service": service, "consumer": "projects/764086051850"},
    )


CASES: list[tuple[str, ApiError, type[CloudDeployError], str, str]] = [
    (
        "permission",
        ApiError(
            "PERMISSION_DENIED", 'Required "container.clusters.list" permission(s) for "projects/acme-shop".'
        ),
        CredentialsError,
        "Required",
        "allow container.clusters.list",
    ),
    (
        "API off",
        ApiError(
            "PERMISSION_DENIED",
            "Kubernetes Engine API has not been used in project 1 before or it is disabled.",
            reason="SERVICE_DISABLED",
            metadata={"service": "container.googleapis.com", "consumer": "projects/acme-shop"},
        ),
        PreconditionError,
        "container.googleapis.com is not enabled",
        "gcloud services enable container.googleapis.com --project acme-shop",
    ),
    (
        "API off, as it was said before ErrorInfo",
        ApiError(
            "PERMISSION_DENIED",
            "Kubernetes Engine API is not enabled for this project. Please visit "
            "https://console.cloud.google.com/apis/api/container.googleapis.com/overview?project=p to do so.",
        ),
        PreconditionError,
        "container.googleapis.com is not enabled",
        "gcloud services enable container.googleapis.com",
    ),
    (
        "billing",
        ApiError(
            "PERMISSION_DENIED", "This API method requires billing to be enabled.", reason="BILLING_DISABLED"
        ),
        PreconditionError,
        "requires billing",
        "link a billing account",
    ),
    (
        "quota, said as a permission",
        ApiError("PERMISSION_DENIED", REST_QUOTA),
        PreconditionError,
        "quota for CPUS is used up",
        "iam-admin/quotas",
    ),
    (
        "quota",
        ApiError(
            "RESOURCE_EXHAUSTED", "Quota 'IN_USE_ADDRESSES' exceeded. Limit: 8.0 in region europe-west3."
        ),
        PreconditionError,
        "quota for IN_USE_ADDRESSES is used up",
        "iam-admin/quotas",
    ),
    (
        "rate",
        ApiError(
            "RESOURCE_EXHAUSTED",
            "Quota exceeded for quota metric 'Read requests' and limit 'Read requests per minute'.",
            reason="RATE_LIMIT_EXCEEDED",
        ),
        TemporaryError,
        "Read requests",
        "in a minute",
    ),
    ("throttled", ApiError("RESOURCE_EXHAUSTED", "Try later"), TemporaryError, "Try later", "in a minute"),
    ("unavailable", ApiError("UNAVAILABLE", "The service is down"), TemporaryError, "down", "in a minute"),
    ("internal", ApiError("INTERNAL", "Internal error"), TemporaryError, "Internal", "in a minute"),
    ("conflict", ApiError("ABORTED", "Concurrent change"), TemporaryError, "Concurrent", "in a minute"),
    (
        "busy",
        ApiError("FAILED_PRECONDITION", "Cluster is running incompatible operation operation-1-2."),
        TemporaryError,
        "incompatible operation operation-1-2",
        "wait until that operation is done",
    ),
    (
        "busy upgrading",
        ApiError(
            "FAILED_PRECONDITION",
            "Operation operation-1 is currently upgrading cluster demo. Please wait and try again later.",
        ),
        TemporaryError,
        "currently upgrading",
        "wait until that operation is done",
    ),
    (
        "precondition",
        ApiError("FAILED_PRECONDITION", "Organisation policy forbids it"),
        PreconditionError,
        "forbids",
        "put that right",
    ),
    ("not found", ApiError("NOT_FOUND", "Not found: zone"), NotFoundError, "Not found", "check the name"),
    ("wrong", ApiError("INVALID_ARGUMENT", "Invalid field"), ConfigError, "Invalid field", "check the names"),
    (
        "a login without a quota project",
        no_quota_project("container.googleapis.com"),
        CredentialsError,
        "requires a quota project",
        "gcloud auth application-default set-quota-project PROJECT",
    ),
    (
        "a login without a quota project, as it was said before",
        ApiError(
            "PERMISSION_DENIED",
            "Kubernetes Engine API has not been used in project 764086051850 before or it is disabled.",
        ),
        CredentialsError,
        "764086051850",
        "gcloud auth application-default set-quota-project PROJECT",
    ),
    (
        "a quota project that may not be used",  # google-github-actions/auth#250
        ApiError(
            "PERMISSION_DENIED",
            "Caller does not have required permission to use project acme-shop. Grant the caller the "
            "roles/serviceusage.serviceUsageConsumer role, or a custom role with the "
            "serviceusage.services.use permission",
            reason="USER_PROJECT_DENIED",
        ),
        CredentialsError,
        "Caller does not have",
        "allow serviceusage.services.use",
    ),
    (
        "no such place",
        ApiError(
            "PERMISSION_DENIED",
            "Permission denied on 'locations/mars' (or it may not exist).",
            reason="LOCATION_POLICY_VIOLATED",
        ),
        ConfigError,
        "locations/mars",
        "check the region in the target",
    ),
    (
        "no such place, before there were reasons",
        ApiError("PERMISSION_DENIED", "Permission denied on 'locations/mars' (or it may not exist)."),
        ConfigError,
        "locations/mars",
        "check the region in the target",
    ),
    (
        "a permission of Compute Engine's",
        ComputeError(
            "PERMISSION_DENIED", "Required 'compute.zones.list' permission for 'projects/acme-shop'"
        ),
        CredentialsError,
        "Required",
        "allow compute.zones.list",
    ),
    (
        "nobody",
        ApiError("UNAUTHENTICATED", "Invalid credentials"),
        CredentialsError,
        "refuses",
        "gcloud auth",
    ),
]


@pytest.mark.parametrize(
    ("answer", "kind", "message", "fix"), [one[1:] for one in CASES], ids=[one[0] for one in CASES]
)
def test_an_answer_becomes_what_a_person_can_act_on(
    gcp_account: GcpAccount, answer: ApiError, kind: type[CloudDeployError], message: str, fix: str
) -> None:
    gcp_account.cloud.faults.fail(answer.code, 3, match=_clusters, body=json.dumps(answer.body()))
    with pytest.raises(CloudDeployError, match=message) as caught:
        connect(gcp_account.target()).clusters.list()
    assert type(caught.value) is kind
    assert fix in str(caught.value.fix)
    assert caught.value.message.startswith("could not list the GKE clusters of acme-shop: ")
    assert "http://127" not in caught.value.message


def test_a_login_without_a_quota_project_is_no_empty_project(gcp_account: GcpAccount) -> None:
    """Nothing is taken for absent, and no API of Google's own project is to be enabled."""
    body = json.dumps(no_quota_project("artifactregistry.googleapis.com").body())
    for path in (":batchGet", "/repositories/", "/clusters"):
        gcp_account.cloud.faults.fail(403, 9, match=lambda one, path=path: path in one.path, body=body)
        with pytest.raises(CredentialsError, match="requires a quota project"):
            make(gcp_account, ClusterSpec("demo", nodes=1))
        gcp_account.cloud.faults.clear()
        assert gcp_account.writes() == []


@pytest.mark.parametrize(
    ("status", "body"),
    [
        *((502, body) for body in ("", "<html>Bad gateway</html>", "[]", '{"error": "odd"}')),
        *((200, body) for body in ("", "<html>Log in</html>", '{"clusters": 1}')),
    ],
)
def test_an_answer_that_is_not_googles_is_temporary(gcp_account: GcpAccount, status: int, body: str) -> None:
    gcp_account.cloud.faults.fail(status, 3, match=_clusters, body=body)
    with pytest.raises(TemporaryError):
        connect(gcp_account.target()).clusters.list()


def test_a_connection_that_breaks_is_temporary(gcp_account: GcpAccount) -> None:
    gcp_account.cloud.faults.drop(_clusters, 2)
    with pytest.raises(TemporaryError) as caught:
        connect(gcp_account.target()).clusters.list()
    assert "check the network" in str(caught.value.fix)


def test_nothing_is_sent_twice(gcp_account: GcpAccount) -> None:
    """The library would send a refused request again for 20 s."""
    gcp_account.cloud.faults.fail(503, 5, match=_clusters)
    with pytest.raises(TemporaryError):
        connect(gcp_account.target()).clusters.list()
    assert [one.path for one in gcp_account.cloud.faults.record if "/clusters" in one.path] == [
        "/v1/projects/acme-shop/locations/-/clusters?%24alt=json%3Benum-encoding%3Dint"
    ]


@pytest.mark.parametrize("status", [500, 503])
def test_a_token_endpoint_that_is_down_is_temporary(
    gcp_account: GcpAccount, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)  # google-auth retries three times, a second apart
    body = json.dumps({"error": "internal_failure"})
    gcp_account.cloud.faults.fail(status, 9, match=lambda request: request.path == "/token", body=body)
    with pytest.raises(TemporaryError):
        connect(gcp_account.target()).identity()


def test_no_secret_is_in_an_error(gcp_account: GcpAccount) -> None:
    gcp_account.cloud.faults.fail(403, 3, match=_clusters, body="{}")
    token = gcp_account.session().token().value.reveal()
    with pytest.raises(CloudDeployError) as caught:
        connect(gcp_account.target()).clusters.list()
    assert token not in repr(caught.value) + str(caught.value.fix)


def _clusters(request: Any) -> bool:
    return "/clusters" in request.path
