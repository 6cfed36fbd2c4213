"""ACR: which instance, which names, and what is made."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from clouddeploy.emulator.faults import Request
from clouddeploy.errors import (
    CloudDeployError,
    ConfigError,
    NotFoundError,
    PreconditionError,
    TemporaryError,
)
from clouddeploy_alibaba import connect
from clouddeploy_alibaba.emulator.acr_records import InstanceRecord
from clouddeploy_alibaba.policy import POLICY
from clouddeploy_alibaba.sdk import Sdk
from moto_fixtures.alibaba import REGION, AlibabaAccount

INSTANCE = "cri-rehearsal0000000"
REPO = {"RepoNamespace": "shop", "RepoName": "web", "RepoType": "PRIVATE", "Summary": "s"}


def test_the_only_instance_is_taken(alibaba_account: AlibabaAccount) -> None:
    registry = alibaba_account.provider().registry
    assert registry.address("shop/web") == f"{alibaba_account.cloud.host}/shop/web"
    assert registry.ensure("shop/web").created is True
    made = alibaba_account.cloud.acr.repositories[f"{INSTANCE}/shop/web"]
    assert (made.kind, made.immutable, made.summary) == ("PRIVATE", False, "made by clouddeploy")
    assert alibaba_account.cloud.acr.namespaces[f"{INSTANCE}/shop"]["AutoCreateRepo"] is False


@pytest.mark.parametrize("named", [INSTANCE, "rehearsal"])
def test_of_several_instances_one_must_be_named(named: str, alibaba_account: AlibabaAccount) -> None:
    alibaba_account.cloud.acr.instances["cri-other"] = InstanceRecord("cri-other", "other")
    with pytest.raises(
        PreconditionError, match="several registry instances in eu-central-1: other, rehearsal"
    ) as caught:
        alibaba_account.provider().registry.ensure("shop/web")
    assert "registry: {instance: other}" in str(caught.value.fix)
    assert alibaba_account.provider(registry={"instance": named}).registry.ensure("shop/web").created


def test_an_instance_that_is_not_there_is_named(alibaba_account: AlibabaAccount) -> None:
    with pytest.raises(NotFoundError, match="no registry instance mine in eu-central-1") as caught:
        alibaba_account.provider(registry={"instance": "mine"}).registry.login()
    assert caught.value.fix == "name one of: rehearsal"


def test_without_any_instance_it_says_where_to_buy_one(alibaba_account: AlibabaAccount) -> None:
    alibaba_account.cloud.acr.instances.clear()
    with pytest.raises(NotFoundError, match="no ACR Enterprise Edition instance in eu-central-1") as caught:
        alibaba_account.provider().registry.ensure("shop/web")
    assert "clouddeploy buys nothing" in str(caught.value.fix)


@pytest.mark.parametrize(("status", "kind"), [("STOPPED", PreconditionError), ("STARTING", TemporaryError)])
def test_an_instance_that_does_not_run(
    status: str, kind: type[Exception], alibaba_account: AlibabaAccount
) -> None:
    alibaba_account.cloud.acr.instances[INSTANCE].status = status
    with pytest.raises(kind, match=f"rehearsal is {status}"):
        alibaba_account.provider().registry.login()


def test_an_endpoint_that_is_off_says_how_to_switch_it_on(alibaba_account: AlibabaAccount) -> None:
    alibaba_account.cloud.acr.instances[INSTANCE].public = False
    with pytest.raises(PreconditionError, match="has no public endpoint") as caught:
        alibaba_account.provider().registry.address("shop/web")
    assert "UpdateInstanceEndpointStatus" in str(caught.value.fix)


def test_tags_can_be_immutable_and_cleaned_up(alibaba_account: AlibabaAccount) -> None:
    registry = alibaba_account.provider(registry={"immutable": "true", "keep": "10"}).registry
    registry.ensure("shop/web")
    registry.ensure("shop/web")
    assert alibaba_account.cloud.acr.repositories[f"{INSTANCE}/shop/web"].immutable
    (rule,) = alibaba_account.cloud.acr.rules
    assert (rule["RetentionTagCount"], rule["RepoName"], rule["Scope"]) == ("10", "web", "REPO")


@pytest.mark.parametrize("applied", [False, True])
def test_a_clean_up_that_was_cut_off_is_set_by_the_next_push(
    applied: bool, alibaba_account: AlibabaAccount
) -> None:
    def match(request: Request) -> bool:
        return request.headers.get("x-acs-action") == "CreateArtifactLifecycleRule"

    faults, acr = alibaba_account.cloud.faults, alibaba_account.cloud.acr
    (faults.lose_reply if applied else faults.drop)(match)
    registry = alibaba_account.provider(registry={"keep": "10"}).registry
    with pytest.raises(TemporaryError):
        registry.ensure("shop/web")
    for _ in range(2):
        assert not registry.ensure("shop/web").created
    assert [one["RetentionTagCount"] for one in acr.rules] == ["10"]


def test_rules_of_others_are_read_to_the_last_page(alibaba_account: AlibabaAccount) -> None:
    registry, acr = alibaba_account.provider(registry={"keep": "10"}).registry, alibaba_account.cloud.acr
    registry.ensure("shop/web")
    (ours,) = acr.rules
    acr.rules[:0] = [{**ours, "RepoName": f"web{number}"} for number in range(100)]
    registry.ensure("shop/web")
    assert len(acr.rules) == 101


def test_only_what_we_made_is_cleaned_up_and_only_if_it_is_wished(alibaba_account: AlibabaAccount) -> None:
    acr = alibaba_account.cloud.acr
    alibaba_account.provider().registry.ensure("shop/web")
    assert ("CR", "ListArtifactLifecycleRule") not in alibaba_account.cloud.calls
    next(iter(acr.repositories.values())).summary = "the team's"
    alibaba_account.provider(registry={"keep": "10"}).registry.ensure("shop/web")
    assert acr.rules == []


def test_who_may_not_list_rules_pushes_all_the_same(alibaba_account: AlibabaAccount) -> None:
    registry = alibaba_account.provider(registry={"keep": "10"}).registry
    registry.ensure("shop/web")
    key = alibaba_account.cloud.environment["ALIBABA_CLOUD_ACCESS_KEY_ID"]
    without = POLICY.replace('"cr:ListArtifactLifecycleRule"', '"cr:ListNothing"')
    alibaba_account.cloud.policies[key] = json.loads(without)
    registry.ensure("shop/web")
    assert len(alibaba_account.cloud.acr.rules) == 1


def test_a_login_lasts_an_hour(alibaba_account: AlibabaAccount) -> None:
    login = alibaba_account.provider().registry.login()
    assert login
    assert login.expires
    assert timedelta(minutes=59) < login.expires - datetime.now(UTC) <= timedelta(hours=1)


@pytest.mark.parametrize(
    ("registry", "address"),
    [
        ({"instance": "acme"}, "acme-registry.eu-central-1.cr.aliyuncs.com/shop/web"),
        (
            {"instance": "acme", "namespace": "team"},
            "acme-registry.eu-central-1.cr.aliyuncs.com/team/shop/web",
        ),
        ({"host": "img.example.com"}, "img.example.com/shop/web"),
        ({"edition": "personal"}, "registry.eu-central-1.aliyuncs.com/shop/web"),
        (
            {"edition": "personal", "host": "crpi-1.personal.cr.aliyuncs.com"},
            "crpi-1.personal.cr.aliyuncs.com/shop/web",
        ),
    ],
)
def test_an_address_needs_no_request(
    registry: dict[str, str], address: str, alibaba_account: AlibabaAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CLOUDDEPLOY_ALIBABA_CR_ENDPOINT")
    assert alibaba_account.provider(registry=registry).registry.address("shop/web") == address
    assert alibaba_account.cloud.calls == []


@pytest.mark.parametrize(
    ("registry", "told"),
    [
        ({"immutable": "perhaps"}, "immutable is 'perhaps'"),
        ({"keep": "0"}, "keep is '0'"),
        ({"keep": "all"}, "keep is 'all'"),
        ({"edition": "deluxe"}, "no registry edition deluxe"),
        ({"instanse": "x"}, "knows no registry key instanse"),
    ],
)
def test_a_wrong_setting_is_refused_at_once(
    registry: dict[str, str], told: str, alibaba_account: AlibabaAccount
) -> None:
    with pytest.raises(ConfigError, match=told) as caught:
        connect(alibaba_account.target(registry=registry))
    assert caught.value.fix


def test_the_nearest_key_is_named(alibaba_account: AlibabaAccount) -> None:
    with pytest.raises(ConfigError) as caught:
        connect(alibaba_account.target(registry={"instanse": "x"}))
    assert str(caught.value.fix).startswith("did you mean instance?")


def test_a_repository_without_a_namespace(alibaba_account: AlibabaAccount) -> None:
    with pytest.raises(ConfigError, match="'web' needs a namespace in ACR") as caught:
        alibaba_account.provider().registry.ensure("web")
    assert "registry: {namespace: …}" in str(caught.value.fix)
    assert alibaba_account.provider(registry={"namespace": "team"}).registry.ensure("web").created


def test_personal_edition_takes_two_parts(alibaba_account: AlibabaAccount) -> None:
    personal = {"edition": "personal", "namespace": "team"}
    with pytest.raises(ConfigError, match="too many parts for ACR Personal Edition"):
        alibaba_account.provider(registry=personal).registry.address("shop/web")


def test_personal_edition_is_made_and_entered(alibaba_account: AlibabaAccount) -> None:
    from clouddeploy.oci.client import RegistryClient

    host = alibaba_account.cloud.host
    registry = alibaba_account.provider(registry={"edition": "personal", "host": host}).registry
    assert [registry.ensure("shop/web").created for _ in range(2)] == [True, False]
    assert alibaba_account.writes() == ["CR:CreateNamespace", "CR:CreateRepos"]
    with RegistryClient(host, registry.login) as client:
        assert client.head_manifest("shop/web", "latest") is None


def test_personal_edition_has_three_namespaces(alibaba_account: AlibabaAccount) -> None:
    registry = alibaba_account.provider(registry={"edition": "personal"}).registry
    for name in ("aa", "bb", "cc"):
        registry.ensure(f"{name}/web")
    with pytest.raises(PreconditionError, match="quota is used up") as caught:
        registry.ensure("dd/web")
    assert caught.value.code == "NAMESPACE_LIMIT_EXCEED"


def test_personal_edition_that_somebody_else_fills_at_the_same_time(alibaba_account: AlibabaAccount) -> None:
    cloud = alibaba_account.cloud
    for path, made, name in (
        ("/namespace", cloud.personal.namespaces, "shop"),
        ("/repos", cloud.personal.repositories, "shop/web"),
    ):
        cloud.faults.before(1, partial(_add, made, name), partial(_puts, path))
    registry = alibaba_account.provider(registry={"edition": "personal"}).registry
    assert not registry.ensure("shop/web").created


def _add(made: set[str], name: str, _: Request) -> None:
    made.add(name)


def _puts(path: str, request: Request) -> bool:
    return (request.method, request.path) == ("PUT", path)


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/namespace", {}, "InvalidParameter"),
        ("/namespace", {"Namespace": "shop"}, "InvalidParameter"),
        ("/namespace", {"Namespace": {"Namespace": "UPPER"}}, "InvalidParameter"),
        ("/namespace", {"Namespace": {"Namespace": "shop"}}, "NAMESPACE_ALREADY_EXIST"),
        ("/repos", {"Repo": REPO | {"RepoName": ""}}, "InvalidParameter"),
        ("/repos", {"Repo": REPO | {"RepoName": "a/b"}}, "InvalidParameter"),
        ("/repos", {"Repo": REPO | {"RepoType": "SECRET"}}, "InvalidParameter"),
        ("/repos", {"Repo": REPO | {"Summary": ""}}, "InvalidParameter"),
        ("/repos", {"Repo": REPO | {"RepoNamespace": "none"}}, "NAMESPACE_NOT_EXIST"),
        ("/repos", {"Repo": REPO}, "REPO_ALREADY_EXIST"),
    ],
    ids=str,
)
def test_personal_edition_refuses_what_makes_no_sense(
    path: str, body: dict[str, Any], code: str, alibaba_account: AlibabaAccount
) -> None:
    alibaba_account.provider(registry={"edition": "personal"}).registry.ensure("shop/web")
    with pytest.raises(CloudDeployError) as caught:
        Sdk(REGION, None).personal("do it", "PUT", path, body)
    assert caught.value.code == code
    personal = alibaba_account.cloud.personal
    assert (personal.namespaces, personal.repositories) == ({"shop"}, {"shop/web"})
