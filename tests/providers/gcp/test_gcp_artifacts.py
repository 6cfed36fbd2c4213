"""What Artifact Registry refuses of a repository, how it lists, and its token endpoint."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from clouddeploy.conformance.images import TinyImage
from clouddeploy.errors import CloudDeployError, CredentialsError
from clouddeploy.oci.client import RegistryClient
from clouddeploy.push import push_image
from clouddeploy_gcp import connect
from moto_fixtures.gcp import CHECKED, PROJECT, REGION, GcpAccount
from tests.providers.gcp.asker import PLACES, Asker
from tests.providers.gcp.life import ensure

REPOSITORIES = f"{PLACES}/{REGION}/repositories"
UNTAGGED = {"tagState": "UNTAGGED"}


def one(**policy: Any) -> dict[str, Any]:
    return {"cleanupPolicies": {"old": {"id": "old", **policy}}}


@pytest.mark.parametrize(
    ("repository", "message"),
    [
        ({"labels": {"Team": "a"}}, 'Invalid resource label "Team=a"'),
        ({"labels": {"team": "a b"}}, 'Invalid resource label "team=a b"'),
        ({"labels": {f"l{number}": "" for number in range(65)}}, "at most 64 labels"),
        (one(action="DELETE"), "generic::invalid_argument: policy old is missing a condition"),
        (one(condition=UNTAGGED), "policy old is missing an action"),
        (
            one(action="DELETE", mostRecentVersions={"keepCount": 3}),
            "only a Keep action",
        ),
        (one(action="KEEP", mostRecentVersions={}), "keeps no version"),
        (
            {
                "cleanupPolicies": {
                    f"p{number}": {"action": "DELETE", "condition": UNTAGGED} for number in range(11)
                }
            },
            "at most 10 cleanup policies",
        ),
        (
            {"cleanupPolicies": {"x" * 128: {"action": "DELETE", "condition": UNTAGGED}}},
            "is not of 1 to 127 characters",
        ),
    ],
)
def test_a_repository_that_cannot_be(ask: Asker, repository: dict[str, Any], message: str) -> None:
    body = {"format": "DOCKER", **repository}
    assert message in ask.refused("POST", f"{REPOSITORIES}?repositoryId=shop", body)


def push(account: GcpAccount, *contents: str) -> None:
    registry = connect(account.target(cluster="demo")).registry
    address = registry.address("shop/web")
    with RegistryClient(address.partition("/")[0], registry.login) as client:
        for content in contents:
            push_image(TinyImage(content), address, [content], client)


def test_lists_have_pages(ask: Asker, gcp_account: GcpAccount) -> None:
    ensure(gcp_account)
    push(gcp_account, "one", "two", "three")
    path = f"{REPOSITORIES}/demo/dockerImages"
    everything = ask("GET", path)
    assert [len(everything["dockerImages"]), "nextPageToken" in everything] == [3, False]
    first = ask("GET", f"{path}?pageSize=2")
    rest = ask("GET", f"{path}?pageSize=2&pageToken={first['nextPageToken']}")
    assert first["dockerImages"] + rest["dockerImages"] == everything["dockerImages"]
    assert "nextPageToken" not in rest
    assert "negative" in ask.refused("GET", f"{path}?pageSize=-1")
    ensure(gcp_account, "more")
    repositories = ask("GET", f"{REPOSITORIES}?pageSize=1")
    assert (len(repositories["repositories"]), repositories["nextPageToken"]) == (1, "1")


@pytest.mark.parametrize(
    ("denied", "scope", "status", "code"),
    [
        ("", f"repository:{PROJECT}/demo/web:pull,push", 200, ""),
        ("upload", f"repository:{PROJECT}/demo/web:pull", 200, ""),
        ("upload", f"repository:{PROJECT}/demo/web:pull,push", 403, "DENIED"),
        ("download", f"repository:{PROJECT}/demo/web:pull", 403, "DENIED"),
        ("", "repository:other-project/demo/web:pull", 403, "DENIED"),
        ("", f"repository:{PROJECT}/nope/web:pull,push", 404, "NAME_UNKNOWN"),
    ],
)
def test_a_token_is_given_for_what_is_allowed(
    ask: Asker, gcp_account: GcpAccount, denied: str, scope: str, status: int, code: str
) -> None:
    ensure(gcp_account)
    gcp_account.cloud.denied.add(f"artifactregistry.repositories.{denied}Artifacts")
    url = f"{gcp_account.cloud.url}/v2/token"
    login = ("oauth2accesstoken", ask.token)
    answer = requests.get(url, params={"service": "x", "scope": scope}, auth=login, timeout=60)
    assert answer.status_code == status
    assert code == (answer.json()["errors"][0]["code"] if code else "")


def test_a_push_that_is_not_allowed_says_so(gcp_account: GcpAccount) -> None:
    ensure(gcp_account)
    gcp_account.cloud.denied.add("artifactregistry.repositories.uploadArtifacts")
    with pytest.raises(CredentialsError) as caught:
        push(gcp_account, "one")
    assert "artifactregistry.repositories.uploadArtifacts" in caught.value.message


def test_a_push_to_no_repository_says_so(gcp_account: GcpAccount) -> None:
    with pytest.raises(CloudDeployError, match=r"Repository .*demo.* not found"):
        push(gcp_account, "one")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", f"{REPOSITORIES}/demo:setIamPolicy", {"policy": [1]}),
        ("POST", f"{REPOSITORIES}/demo:setIamPolicy", {"policy": {"bindings": ["x"]}}),
        ("POST", f"{REPOSITORIES}/demo:setIamPolicy", {"policy": {"bindings": [{"condition": "x"}]}}),
        ("GET", f"{REPOSITORIES}/demo/dockerImages?pageSize=abc", None),
        ("POST", f"/v1/projects/{PROJECT}/services:batchEnable", {"serviceIds": 5}),
        ("POST", f"/v1/projects/{PROJECT}:testIamPermissions", {"permissions": {"one": 1}}),
        ("GET", f"/compute/v1/projects/{PROJECT}/zones?pageToken=abc", None),
    ],
)
def test_a_value_of_the_wrong_type_is_refused(
    ask: Asker, gcp_account: GcpAccount, method: str, path: str, body: Any
) -> None:
    ensure(gcp_account)
    gcp_account.plant(CHECKED)
    error = ask(method, path, body, 400)["error"]
    assert error["code"] == 400
    assert ("errors" in error, "status" in error) == (
        path.startswith("/compute"),
        not path.startswith("/compute"),
    )


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        (f"{REPOSITORIES}?page_size=1", 200, ""),
        (
            f"{REPOSITORIES}?pagesize=1",
            400,
            "Cannot bind query parameter. Field 'pagesize' could not be found",
        ),
        (f"{REPOSITORIES}?pageSize=many", 400, "Invalid value at 'page_size' (TYPE_INT32), \"many\""),
        (f"{REPOSITORIES}?$prettyPrint=false", 200, ""),
        (f"{REPOSITORIES}?alt=proto", 501, "The query parameter alt=proto is not emulated."),
        (f"{REPOSITORIES}?filter=name:x", 501, "The query parameter filter is not emulated."),
        (f"{REPOSITORIES}?fields=repositories.name", 501, "is not emulated."),
        (f"{REPOSITORIES}/demo:getIamPolicy?options.requested_policy_version=3", 200, ""),
        (f"{REPOSITORIES}/demo:getIamPolicy?options.x=3", 400, "Field 'options.x' could not be found"),
        (f"{REPOSITORIES}/demo:getIamPolicy?options=3", 400, "Field 'options' could not be found"),
        (f"{REPOSITORIES}/demo?name=x", 400, "Field 'name' could not be found"),
        (f"/compute/v1/projects/{PROJECT}/zones?maxResults=501", 400, "Must be between 0 and 500"),
        (f"/compute/v1/projects/{PROJECT}/zones?pageToken=x", 400, "Invalid value for field 'pageToken'"),
        (
            f"/compute/v1/projects/{PROJECT}/regions/EU",
            400,
            "Invalid value for field 'region': 'EU'. Must be",
        ),
        (f"/compute/v1/projects/{PROJECT}/aggregated/disks?maxResults=1", 200, ""),
    ],
)
def test_query_parameters_are_read(
    ask: Asker, gcp_account: GcpAccount, path: str, status: int, message: str
) -> None:
    ensure(gcp_account)
    found = ask("GET", path, status=status)
    assert message in found.get("error", {}).get("message", "")


@pytest.mark.parametrize(
    ("repository", "message"),
    [
        ({"format": 2**40}, "Invalid value at 'repository.format'"),
        ({"format": 99}, "Invalid repository format."),
        (
            {"format": "DOCKER", "sizeBytes": "9" * 5000},
            "Invalid value at 'repository.size_bytes' (TYPE_INT64)",
        ),
    ],
)
def test_what_no_parser_takes(ask: Asker, repository: dict[str, Any], message: str) -> None:
    assert message in ask.refused("POST", f"{REPOSITORIES}?repositoryId=shop", repository)


@pytest.mark.parametrize("token", ["x", "-1", "9" * 5000])
def test_a_page_that_nobody_was_given(ask: Asker, token: str) -> None:
    assert "pageToken" in ask.refused("GET", f"{REPOSITORIES}?pageToken={token}")
