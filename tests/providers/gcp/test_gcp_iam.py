"""IAM policies on a repository: what the emulated project refuses; others' bindings are left alone."""

from __future__ import annotations

from typing import Any

import pytest

from clouddeploy.contract import ClusterSpec
from moto_fixtures.gcp import EXISTING, REGION, GcpAccount
from tests.providers.gcp.asker import PLACES, Asker
from tests.providers.gcp.life import make, remove

PATH = f"{PLACES}/{REGION}/repositories/demo"
NODES = "serviceAccount:123456789012-compute@developer.gserviceaccount.com"
READER, WRITER = "roles/artifactregistry.reader", "roles/artifactregistry.writer"
UNTIL = {
    "role": READER,
    "members": ["user:eve@example.com"],
    "condition": {"title": "expires", "expression": "request.time < timestamp('2030-10-01T00:00:00.000Z')"},
}
BOB = {"role": WRITER, "members": ["user:bob@example.com"]}


@pytest.fixture
def repository(gcp_account: GcpAccount) -> GcpAccount:
    gcp_account.plant(EXISTING)
    return gcp_account


def bindings(account: GcpAccount) -> list[Any]:
    return account.cloud.artifacts.repo(REGION, "demo").policy.bindings


def test_a_binding_under_a_condition_stays_as_it_is(repository: GcpAccount) -> None:
    policy = repository.cloud.artifacts.repo(REGION, "demo").policy
    policy.bindings = [UNTIL, BOB]
    make(repository, ClusterSpec("demo", nodes=1))
    assert policy.bindings == [UNTIL, BOB, {"role": READER, "members": [NODES]}]
    remove(repository, ClusterSpec("demo", nodes=1))
    assert policy.bindings == [UNTIL, BOB]


def test_who_asks_for_less_than_conditions_is_refused(ask: Asker, repository: GcpAccount) -> None:
    ask("POST", f"{PATH}:setIamPolicy", {"policy": {"version": 3, "bindings": [UNTIL]}})
    for version in ("", "?options.requestedPolicyVersion=1"):
        said = ask.refused("GET", f"{PATH}:getIamPolicy{version}")
        assert "Requested policy version (1) cannot be less than the existing policy version (3)" in said
    policy = ask("GET", f"{PATH}:getIamPolicy?options.requestedPolicyVersion=3")
    assert (policy["version"], policy["bindings"]) == (3, [UNTIL])
    said = ask.refused("POST", f"{PATH}:setIamPolicy", {"policy": {**policy, "version": 1, "bindings": []}})
    assert "Specified policy version (1) cannot be less than the existing policy version (3)" in said
    ask(
        "POST", f"{PATH}:setIamPolicy", {"policy": {"bindings": [BOB]}}
    )  # without an etag conditions are lost
    assert ask("GET", f"{PATH}:getIamPolicy")["bindings"] == [BOB]


def test_a_policy_that_changed_meanwhile_is_not_overwritten(ask: Asker, repository: GcpAccount) -> None:
    policy = ask("GET", f"{PATH}:getIamPolicy")
    ask("POST", f"{PATH}:setIamPolicy", {"policy": {**policy, "bindings": [BOB]}})
    stale = ask("POST", f"{PATH}:setIamPolicy", {"policy": policy}, status=409)
    assert stale["error"]["status"] == "ABORTED"


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ({"bindings": [{"role": READER, "members": ["ann"]}]}, "member ann is of an unknown type"),
        ({"bindings": [{"role": READER, "members": ["user:ann"]}]}, "member user:ann is of an unknown type"),
        (
            {
                "bindings": [
                    {"role": READER, "members": ["serviceAccount:no@acme-shop.iam.gserviceaccount.com"]}
                ]
            },
            "Service account no@acme-shop.iam.gserviceaccount.com does not exist",
        ),
        ({"bindings": [{"members": ["user:ann@example.com"]}]}, "Role  is not supported"),
        (
            {"bindings": [{"role": "roles/artifactregistry.raeder", "members": ["allUsers"]}]},
            "Role roles/artifactregistry.raeder is not supported for this resource",
        ),
        ({"version": 2, "bindings": []}, "Policy version 2 is not valid"),
    ],
)
def test_a_policy_that_cannot_be(
    ask: Asker, repository: GcpAccount, policy: dict[str, Any], message: str
) -> None:
    assert message in ask.refused("POST", f"{PATH}:setIamPolicy", {"policy": policy})


def test_conditions_need_the_version_that_has_them(ask: Asker, repository: GcpAccount) -> None:
    policy = {**ask("GET", f"{PATH}:getIamPolicy"), "version": 1, "bindings": [UNTIL]}
    assert "must be of version 3" in ask.refused("POST", f"{PATH}:setIamPolicy", {"policy": policy})


@pytest.mark.parametrize(
    "member",
    [
        "allUsers",
        "allAuthenticatedUsers",
        "domain:example.com",
        "group:all@example.com",
        "deleted:user:ann@example.com?uid=123",
        "serviceAccount:acme-shop.svc.id.goog[default/web]",
        "principal://iam.googleapis.com/locations/global/workforcePools/staff/subject/ann",
        "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/ci/*",
    ],
)
def test_every_kind_of_member_is_taken(ask: Asker, repository: GcpAccount, member: str) -> None:
    binding = {"role": "projects/acme-shop/roles/puller", "members": [member]}
    ask("POST", f"{PATH}:setIamPolicy", {"policy": {"bindings": [binding]}})
    assert bindings(repository) == [binding]
