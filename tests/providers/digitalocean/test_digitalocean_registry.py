"""Which registry, room in it, and logins."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clouddeploy.conformance.images import TinyImage
from clouddeploy.contract import Registry
from clouddeploy.errors import (
    CloudDeployError,
    ConfigError,
    CredentialsError,
    NotFoundError,
    PreconditionError,
    TemporaryError,
)
from clouddeploy.oci.client import RegistryClient
from clouddeploy.push import push_image
from clouddeploy_digitalocean import connect
from moto_fixtures.digitalocean import ONE_REPOSITORY, DigitalOceanAccount, Seed


def registry(account: DigitalOceanAccount, **keys: str) -> Registry:
    return connect(account.target(registry=keys)).registry


def push(found: Registry, repository: str) -> None:
    address = found.ensure(repository).address
    with RegistryClient(address.partition("/")[0], found.login) as client:
        push_image(TinyImage(repository), address, ["v1"], client)


def name_in(address: str) -> str:
    return address.split("/")[1]


def test_the_only_registry_is_the_one(do_account: DigitalOceanAccount) -> None:
    do_account.plant(Seed(registries=("acme",)))
    assert name_in(registry(do_account).address("shop/web")) == "acme"


def test_of_several_the_target_has_to_name_one(do_account: DigitalOceanAccount) -> None:
    do_account.plant(Seed(registries=("acme", "beta"), tier="professional"))
    with pytest.raises(ConfigError, match="the account has 2 registries") as caught:
        registry(do_account).ensure("shop/web")
    assert "acme, beta" in str(caught.value.fix)
    assert name_in(registry(do_account, name="beta").ensure("shop/web").address) == "beta"


def test_without_any_one_of_our_own_is_made_and_found_again(do_account: DigitalOceanAccount) -> None:
    first = registry(do_account).ensure("shop/web")
    assert first.created
    assert name_in(first.address).startswith("clouddeploy-")
    assert registry(do_account).ensure("shop/web") == type(first)(first.address)
    assert do_account.cloud.docr.tier == "starter"  # the free one, sent in so many words


@pytest.mark.parametrize(
    ("region", "where"), [("fra1", "fra1"), ("nyc1", "nyc3"), ("sfo2", "sfo2"), ("tor1", "nyc3")]
)
def test_it_is_made_near_the_cluster(region: str, where: str, do_account: DigitalOceanAccount) -> None:
    target = do_account.target(region=region, registry={"name": "acme", "tier": "basic"})
    connect(target).registry.ensure("shop/web")
    assert (do_account.cloud.docr.found["acme"].region, do_account.cloud.docr.tier) == (where, "basic")


def test_a_name_that_another_account_has(do_account: DigitalOceanAccount) -> None:
    with pytest.raises(PreconditionError, match="example is taken by another DigitalOcean") as caught:
        registry(do_account, name="example").ensure("shop/web")
    assert "registry: {name:" in str(caught.value.fix)


class TestAnotherRegistry:
    """Starter and Basic hold one registry, Professional holds ten."""

    @pytest.mark.parametrize(("tier", "plan"), [("starter", "Starter"), ("basic", "Basic")])
    def test_the_one_that_is_there_is_named(
        self, tier: str, plan: str, do_account: DigitalOceanAccount
    ) -> None:
        do_account.plant(Seed(registries=("other",), tier=tier))
        found = connect(do_account.target(registry={"name": "acme", "tier": tier}))
        assert found.room
        for ask in (lambda: found.room(["shop/web"]), lambda: found.registry.ensure("shop/web")):
            with pytest.raises(PreconditionError) as caught:
                ask()
            assert caught.value.message == (
                f"the registry acme cannot be made: the plan {plan} holds 1 registry, "
                "and the account has other"
            )
            assert caught.value.fix == (
                "use what is there: registry: {name: other} in the target, "
                "or write registry: {tier: professional} to change the plan"
            )
        assert do_account.writes() == []

    def test_a_larger_tier_in_the_target_changes_the_plan_first(
        self, do_account: DigitalOceanAccount
    ) -> None:
        do_account.plant(Seed(registries=("other",), tier="basic"))
        assert registry(do_account, name="acme", tier="professional").ensure("shop/web").created
        assert do_account.writes() == ["registries.update_subscription", "registries.create"]
        assert do_account.inventory()["registries"] == ["acme", "other"]

    def test_no_plan_is_paid_for_a_name_that_cannot_be_had(self, do_account: DigitalOceanAccount) -> None:
        do_account.plant(Seed(registries=("other",), tier="basic"))
        with pytest.raises(PreconditionError, match="taken is taken by another DigitalOcean account"):
            registry(do_account, name="taken", tier="professional").ensure("shop/web")
        assert do_account.cloud.docr.tier == "basic"

    def test_a_smaller_tier_in_the_target_leaves_the_account_s_plan(
        self, do_account: DigitalOceanAccount
    ) -> None:
        do_account.plant(Seed(registries=("other",), tier="professional"))
        assert registry(do_account, name="acme", tier="basic").ensure("shop/web").created
        assert do_account.cloud.docr.tier == "professional"

    def test_after_ten_there_is_no_larger_plan(self, do_account: DigitalOceanAccount) -> None:
        do_account.plant(Seed(registries=[f"r{number}" for number in range(10)], tier="professional"))
        with pytest.raises(PreconditionError, match="the plan Professional holds 10 registries") as caught:
            registry(do_account, name="acme").ensure("shop/web")
        assert caught.value.fix == "use what is there: registry: {name: r0} in the target"


def test_while_garbage_is_collected_nothing_is_pushed(do_account: DigitalOceanAccount) -> None:
    """DOCR gives out no token for a push then; pulls go on."""
    push(registry(do_account, name="acme"), "shop/web")
    do_account.cloud.docr.garbage.start("acme")
    with pytest.raises(TemporaryError, match="waiting for write JWTs to expire") as caught:
        push(registry(do_account, name="acme"), "shop/web")
    assert "doctl registries garbage-collection get-active acme" in str(caught.value.fix)

    login = registry(do_account, name="acme").login
    address = registry(do_account, name="acme").address("shop/web")
    with RegistryClient(address.partition("/")[0], login) as client:
        assert client.tags("acme/shop/web") == ["v1"]
        with pytest.raises(CredentialsError, match="read-only while garbage collection is active"):
            push_image(TinyImage("new"), address, ["v2"], client)

    do_account.cloud.clock.advance(1020)
    body = '{"garbage_collection": {"status": "succeeded"}}'  # a run that has ended hinders nobody
    do_account.cloud.faults.fail(200, match=lambda one: one.path.endswith("/garbage-collection"), body=body)
    push(registry(do_account, name="acme"), "shop/web")


def test_a_plan_without_room_for_more_bytes_is_named_before_the_push(do_account: DigitalOceanAccount) -> None:
    do_account.plant(Seed(registries=("acme",), tier="starter"))
    do_account.cloud.docr.ballast["acme"] = 600 * 1024 * 1024
    with pytest.raises(PreconditionError, match="Starter holds 500 MiB, 600 MiB are taken") as caught:
        registry(do_account).ensure("shop/web")
    assert "registry: {tier: basic}" in str(caught.value.fix)
    assert "clouddeploy images prune" in str(caught.value.fix)
    assert do_account.writes() == []


def test_a_larger_plan_in_the_target_makes_room_for_more_bytes(do_account: DigitalOceanAccount) -> None:
    do_account.plant(Seed(registries=("acme",), tier="starter"))
    do_account.cloud.docr.ballast["acme"] = 600 * 1024 * 1024
    push(registry(do_account, name="acme", tier="basic"), "shop/web")
    assert do_account.cloud.docr.tier == "basic"


def test_a_lost_reply_makes_no_error(do_account: DigitalOceanAccount) -> None:
    do_account.cloud.faults.lose_reply(lambda request: request.method == "POST")
    assert registry(do_account, name="acme").ensure("shop/web").created


def test_somebody_else_may_be_faster(do_account: DigitalOceanAccount) -> None:
    def plant(_: object) -> None:
        do_account.cloud.docr.plant(("acme",), "basic")

    do_account.cloud.faults.before(1, plant, lambda request: request.method == "POST")
    assert registry(do_account, name="acme").ensure("shop/web").created is False


def test_a_second_service_has_no_room_in_the_starter_plan(do_account: DigitalOceanAccount) -> None:
    do_account.plant(ONE_REPOSITORY)
    found = registry(do_account, name="acme")
    found.ensure("shop/web")
    with pytest.raises(PreconditionError, match="no room for shop/api: the plan Starter holds 1") as caught:
        found.ensure("shop/api")  # nothing has been pushed yet
    assert "registry: {tier: basic}" in str(caught.value.fix)
    assert do_account.writes() == []


class TestRoom:
    """All repositories of a push are counted before the first is made."""

    SIX = tuple(f"shop/{name}" for name in ("api", "cron", "jobs", "mail", "web", "work"))

    def test_two_in_a_fresh_account(self, do_account: DigitalOceanAccount) -> None:
        with pytest.raises(PreconditionError) as caught:
            registry(do_account, name="acme").room(["shop/web", "shop/api"])
        assert caught.value.message == (
            "the registry acme would hold 2 repositories with shop/api, shop/web, "
            "and the plan Starter holds 1; nothing was sent"
        )
        assert caught.value.fix == (
            "write registry: {tier: basic} in the target: "
            "Basic holds 5 repositories and costs 5.00 USD a month"
        )
        assert do_account.writes() == []

    def test_a_second_one_beside_the_first(self, do_account: DigitalOceanAccount) -> None:
        do_account.plant(ONE_REPOSITORY)
        push(registry(do_account, name="acme"), "shop/web")
        registry(do_account, name="acme").room(["shop/web"])
        with pytest.raises(PreconditionError, match="would hold 2 repositories with shop/api, and"):
            registry(do_account, name="acme").room(["shop/web", "shop/api"])

    def test_six_need_the_plan_without_a_limit(self, do_account: DigitalOceanAccount) -> None:
        do_account.plant(Seed(registries=("acme",)))
        registry(do_account, name="acme").room(self.SIX[:5])
        with pytest.raises(PreconditionError, match="the plan Basic holds 5") as caught:
            registry(do_account, name="acme").room(self.SIX)
        assert "{tier: professional}" in str(caught.value.fix)
        assert "any number of repositories and costs 20.00 USD" in str(caught.value.fix)

    @pytest.mark.parametrize("tier", ["starter", "basic"])
    def test_a_tier_in_the_target_that_is_too_small_makes_none(
        self, do_account: DigitalOceanAccount, tier: str
    ) -> None:
        with pytest.raises(PreconditionError, match=f"the plan {tier.title()} holds"):
            registry(do_account, name="acme", tier=tier).room(self.SIX)

    def test_a_tier_in_the_target_that_is_enough_changes_nothing_yet(
        self, do_account: DigitalOceanAccount
    ) -> None:
        do_account.plant(ONE_REPOSITORY)
        registry(do_account, name="acme", tier="professional").room(self.SIX)
        assert do_account.cloud.docr.tier == "starter"
        assert do_account.writes() == []


def test_a_larger_tier_in_the_target_makes_room(do_account: DigitalOceanAccount) -> None:
    do_account.plant(ONE_REPOSITORY)
    found = registry(do_account, name="acme", tier="basic")
    push(found, "shop/web")
    assert do_account.cloud.docr.tier == "starter"
    push(found, "shop/api")
    assert do_account.cloud.docr.tier == "basic"
    push(registry(do_account, name="acme"), "shop/api")  # what is there needs no room


def test_the_registry_itself_says_so_when_its_plan_is_full(do_account: DigitalOceanAccount) -> None:
    do_account.plant(ONE_REPOSITORY)
    found = registry(do_account, name="acme")
    push(found, "shop/web")
    address = found.address("shop/api")
    with (
        RegistryClient(address.partition("/")[0], found.login) as client,
        pytest.raises(CloudDeployError, match="registry contains 1 repositories, limit is 1"),
    ):
        push_image(TinyImage(), address, ["v1"], client)


def test_a_login_lasts_an_hour_and_hides_both_its_halves(do_account: DigitalOceanAccount) -> None:
    do_account.plant(Seed(registries=("acme",)))
    login = registry(do_account, name="acme").login()
    assert login
    assert login.expires
    assert timedelta(minutes=59) < login.expires - datetime.now(UTC) <= timedelta(hours=1)
    assert login.username == login.password.reveal()
    assert login.username not in f"{login!r}{login}"


def test_a_login_that_ended_during_a_build_is_asked_for_again(do_account: DigitalOceanAccount) -> None:
    do_account.plant(Seed(registries=("acme",)))
    found = registry(do_account, name="acme")
    address = found.ensure("shop/web").address
    with RegistryClient(address.partition("/")[0], found.login) as client:
        push_image(TinyImage("one"), address, ["v1"], client)
        do_account.cloud.docr.logins.expire()
        push_image(TinyImage("two"), address, ["v2"], client)


def test_a_login_to_nothing(do_account: DigitalOceanAccount) -> None:
    with pytest.raises(NotFoundError, match="there is no registry acme") as caught:
        registry(do_account, name="acme").login()
    assert "clouddeploy push --to prod" in str(caught.value.fix)


@pytest.mark.parametrize("answer", ["{}", '{"auths": null}', '{"auths": {"HOST": {"auth": "!!"}}}'])
def test_an_answer_without_a_login(answer: str, do_account: DigitalOceanAccount) -> None:
    do_account.plant(Seed(registries=("acme",)))
    found = registry(do_account, name="acme")
    do_account.cloud.faults.fail(200, body=answer.replace("HOST", do_account.cloud.docr.host))
    with pytest.raises(CloudDeployError, match="holds no login"):
        found.login()


def test_read_only_credentials_cannot_push(do_account: DigitalOceanAccount) -> None:
    from clouddeploy.contract import Login, Secret

    do_account.plant(Seed(registries=("acme",)))
    found = registry(do_account, name="acme")
    address = found.ensure("shop/web").address
    username, password = do_account.cloud.docr.logins.give("acme", writes=False)
    login = Login(address.partition("/")[0], username, Secret(password))
    with (
        RegistryClient(login.host, lambda: login) as client,
        pytest.raises(CloudDeployError) as caught,
    ):
        push_image(TinyImage(), address, ["v1"], client)
    assert caught.value.fix


@pytest.mark.parametrize("name", ["Shop", "a//b", "-a", "a" * 257, "a:b", ""])
def test_a_repository_name_that_docr_refuses(name: str, do_account: DigitalOceanAccount) -> None:
    for call in (registry(do_account, name="acme").address, registry(do_account, name="acme").ensure):
        asked: Any = call
        with pytest.raises(ConfigError, match="is no repository name"):
            asked(name)
    assert do_account.cloud.calls == []
