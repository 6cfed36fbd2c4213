"""The emulated ACR refuses what ACR refuses, and lets in who has a password and an address that serve."""

from __future__ import annotations

from typing import Any

import pytest

from clouddeploy.conformance.images import TinyImage
from clouddeploy.errors import CloudDeployError, CredentialsError
from clouddeploy.oci.client import RegistryClient
from clouddeploy.push import push_image
from clouddeploy_alibaba.sdk import Sdk
from moto_fixtures.alibaba import REGION, AlibabaAccount

INSTANCE = "cri-rehearsal0000000"


def ask(operation: str, **parameters: object) -> Any:
    return Sdk(REGION, None).acr("do it", operation, InstanceId=INSTANCE, **parameters)


def code_of(operation: str, **parameters: object) -> str | None:
    with pytest.raises(CloudDeployError) as caught:
        ask(operation, **parameters)
    return caught.value.code


@pytest.mark.parametrize("name", ["UPPER", "has space", "a..b", "日本", "x", "-a", "a_", "a" * 121, "a/b"])
def test_no_namespace_of_such_a_name(name: str, alibaba_account: AlibabaAccount) -> None:
    assert code_of("create_namespace", NamespaceName=name) == "PARAMETER_INVALID"
    assert alibaba_account.cloud.acr.namespaces == {}


@pytest.mark.parametrize(
    "name", ["UPPER", "has space", "a..b", "日本", "x", "/a", "a/", "a//b", "a.", "a" * 65]
)
def test_no_repository_of_such_a_name(name: str, alibaba_account: AlibabaAccount) -> None:
    ask("create_namespace", NamespaceName="shop")
    wanted = {"RepoNamespaceName": "shop", "RepoType": "PRIVATE", "Summary": "s"}
    assert code_of("create_repository", RepoName=name, **wanted) == "PARAMETER_INVALID"
    assert alibaba_account.cloud.acr.repositories == {}


@pytest.mark.parametrize("name", ["a1", "team/web", "a.b_c-d", "a__b", "a---b", "0" * 64])
def test_but_of_such_a_one(name: str, alibaba_account: AlibabaAccount) -> None:
    provider = alibaba_account.provider(registry={"namespace": "shop"})
    assert provider.registry.ensure(name).created


def test_a_kind_that_there_is_not(alibaba_account: AlibabaAccount) -> None:
    assert code_of("create_namespace", NamespaceName="shop", DefaultRepoType="SECRET") == "PARAMETER_INVALID"
    ask("create_namespace", NamespaceName="shop", DefaultRepoType="PUBLIC")
    wanted = {"RepoNamespaceName": "shop", "RepoName": "web", "RepoType": "private", "Summary": "s"}
    assert code_of("create_repository", **wanted) == "PARAMETER_INVALID"


def test_an_instance_has_room_for_so_many_namespaces(alibaba_account: AlibabaAccount) -> None:
    alibaba_account.cloud.world.quotas["acr_namespace"] = 1
    ask("create_namespace", NamespaceName="one")
    assert code_of("create_namespace", NamespaceName="two") == "NAMESPACE_LIMIT_EXCEED"


@pytest.mark.parametrize("wrong", [{"PageNo": 0}, {"PageSize": 0}, {"PageSize": 101}])
def test_a_page_has_its_limits(wrong: dict[str, int], alibaba_account: AlibabaAccount) -> None:
    with pytest.raises(CloudDeployError) as caught:
        Sdk(REGION, None).acr("do it", "list_instance", **wrong)
    assert caught.value.code == "PARAMETER_INVALID"
    assert len(ask("list_instance")["Instances"]) == len(alibaba_account.cloud.acr.instances)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Scope": "MOON"}, "PARAMETER_INVALID"),
        ({"Scope": "REPO", "RepoName": "none"}, "REPO_NOT_EXIST"),
        ({"Scope": "REPO", "RepoName": ""}, "PARAMETER_INVALID"),
        ({"Scope": "NAMESPACE", "NamespaceName": ""}, "PARAMETER_INVALID"),
        ({"RetentionTagCount": 0}, "PARAMETER_INVALID"),
        ({"RetentionTagCount": "many"}, "InvalidParameter"),
        ({"RetentionTagCount": None}, "PARAMETER_INVALID"),
        ({"ScheduleTime": ""}, "PARAMETER_INVALID"),
    ],
)
def test_a_clean_up_that_makes_no_sense(
    change: dict[str, Any], code: str, alibaba_account: AlibabaAccount
) -> None:
    alibaba_account.provider().registry.ensure("shop/web")
    rule = {
        "Scope": "REPO",
        "NamespaceName": "shop",
        "RepoName": "web",
        "RetentionTagCount": 3,
        "Auto": True,
        "ScheduleTime": "WEEK",
    }
    wanted = {key: value for key, value in {**rule, **change}.items() if value is not None}
    assert code_of("create_artifact_lifecycle_rule", **wanted) == code
    assert alibaba_account.cloud.acr.rules == []
    ask("create_artifact_lifecycle_rule", **rule)


class TestPasswords:
    """Another one at each login, and each for an hour."""

    def test_none_is_given_twice_and_both_serve(self, alibaba_account: AlibabaAccount) -> None:
        registry, logins = alibaba_account.provider().registry, alibaba_account.cloud.acr.logins
        first, second = registry.login(), registry.login()
        assert first
        assert second
        assert first.password.reveal() != second.password.reveal()
        for one in (first, second):
            assert logins.knows(one.username, one.password.reveal())

    def test_one_ends_after_an_hour_and_another_is_asked_for(self, alibaba_account: AlibabaAccount) -> None:
        registry, cloud = alibaba_account.provider().registry, alibaba_account.cloud
        registry.ensure("shop/web")
        old = registry.login()
        assert old
        address = registry.address("shop/web")
        with RegistryClient(cloud.host, registry.login) as client:
            push_image(TinyImage(), address, ["v1"], client)
            cloud.clock.advance(3601)
            assert not cloud.acr.logins.knows(old.username, old.password.reveal())
            push_image(TinyImage(), address, ["v2"], client)
        assert cloud.calls.count(("CR", "GetAuthorizationToken")) == 3

    def test_who_has_only_an_old_one_is_refused(self, alibaba_account: AlibabaAccount) -> None:
        registry, cloud = alibaba_account.provider().registry, alibaba_account.cloud
        registry.ensure("shop/web")
        old = registry.login()
        cloud.clock.advance(3601)
        with (
            RegistryClient(cloud.host, lambda: old) as client,
            pytest.raises(CredentialsError, match="incorrect username or password"),
        ):
            push_image(TinyImage(), registry.address("shop/web"), ["v1"], client)


@pytest.mark.parametrize(
    "change",
    [{"public": False}, {"status": "STOPPED"}, {"entries": []}, {"entries": ["203.0.113.0/24"]}],
    ids=["no endpoint", "stopped", "nobody listed", "others listed"],
)
def test_an_instance_that_is_closed_lets_nobody_in(
    change: dict[str, Any], alibaba_account: AlibabaAccount
) -> None:
    registry, cloud = alibaba_account.provider().registry, alibaba_account.cloud
    registry.ensure("shop/web")
    address, login = registry.address("shop/web"), registry.login()
    for name, value in change.items():
        setattr(cloud.acr.instances[INSTANCE], name, value)
    with RegistryClient(cloud.host, lambda: login) as client, pytest.raises(CredentialsError, match="denied"):
        push_image(TinyImage(), address, ["v1"], client)
    assert "i/o timeout" in str(cloud.acr.pull_problem(f"{address}:v1"))
