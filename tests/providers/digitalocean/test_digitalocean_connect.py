"""What a target may say, where the token comes from, and who it belongs to."""

from __future__ import annotations

import pytest

from clouddeploy.errors import ConfigError, CredentialsError, PreconditionError
from clouddeploy_digitalocean import connect
from moto_fixtures.digitalocean import DigitalOceanAccount


@pytest.mark.parametrize(
    ("settings", "said", "fix"),
    [
        ({"options": {"vpc": "x"}}, "no options key vpc", "remove options"),
        ({"options": {"token": "dop_v1_x"}}, "a token does not belong into a file", "DIGITALOCEAN_TOKEN"),
        ({"registry": {"access_token": "dop_v1_x"}}, "a token does not belong", "registry.access_token"),
        ({"registry": {"tir": "basic"}}, "no registry key tir", "did you mean tier?"),
        (
            {"registry": {"name": "registry.digitalocean.com/acme"}},
            "is no DOCR registry name",
            "without a host",
        ),
        ({"registry": {"name": "Acme"}}, "'Acme' is no DOCR registry name", "lower-case"),
        ({"registry": {"name": "1acme"}}, "'1acme' is no DOCR registry name", "a letter first"),
        ({"registry": {"name": "acme-"}}, "'acme-' is no DOCR registry name", "no - at the end"),
        ({"registry": {"tier": "gold"}}, "DOCR has no tier gold", "starter, basic, professional"),
        ({"registry": {"region": "lon1"}}, "DOCR has no region lon1", "ams3"),
    ],
)
def test_a_key_or_value_that_is_not_known(
    settings: dict[str, dict[str, str]], said: str, fix: str, do_account: DigitalOceanAccount
) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        connect(do_account.target(**settings))
    assert fix in str(caught.value.fix)
    assert "dop_v1_x" not in f"{caught.value.message} {caught.value.fix}"


@pytest.mark.parametrize("name", ["DIGITALOCEAN_TOKEN", "DIGITALOCEAN_ACCESS_TOKEN"])
def test_either_variable_holds_the_token(
    name: str, do_account: DigitalOceanAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    for one in ("DIGITALOCEAN_TOKEN", "DIGITALOCEAN_ACCESS_TOKEN"):
        monkeypatch.delenv(one)
    monkeypatch.setenv(name, f"  {do_account.cloud.token}\n")
    who = connect(do_account.target()).identity()
    assert (who.account, who.principal) == (do_account.cloud.account.team, "sammy@example.com")


@pytest.mark.parametrize(
    ("value", "said"), [("", "there is no DigitalOcean token"), ("a\nb", "characters that no token has")]
)
def test_no_token_and_no_possible_token(
    value: str, said: str, do_account: DigitalOceanAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGITALOCEAN_TOKEN", value)
    monkeypatch.delenv("DIGITALOCEAN_ACCESS_TOKEN")
    with pytest.raises(CredentialsError, match=said) as caught:
        connect(do_account.target()).identity()
    assert "account/api/tokens" in str(caught.value.fix)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.com",
        "http://api.digitalocean.com",
        "http://127.0.0.1.example.com",
        "http://u@127.0.0.1:1",
    ],
)
def test_the_token_goes_to_digitalocean_or_to_loopback(
    url: str, do_account: DigitalOceanAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGITALOCEAN_API_URL", url)
    with pytest.raises(ConfigError, match="neither DigitalOcean nor on this machine") as caught:
        connect(do_account.target()).identity()
    assert caught.value.fix == "unset DIGITALOCEAN_API_URL"
    assert do_account.cloud.faults.record == []


def test_images_go_to_digitalocean_or_to_loopback(
    do_account: DigitalOceanAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = connect(do_account.target()).registry
    monkeypatch.setenv("CLOUDDEPLOY_DIGITALOCEAN_REGISTRY", "registry.example.com")
    with pytest.raises(ConfigError, match="not on this machine"):
        registry.address("shop/web")
    monkeypatch.delenv("CLOUDDEPLOY_DIGITALOCEAN_REGISTRY")
    assert registry.address("shop/web") == "registry.digitalocean.com/acme/shop/web"


def test_a_region_is_needed_for_a_cluster(
    do_account: DigitalOceanAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DIGITALOCEAN_REGION")
    provisioner = connect(do_account.target(region=None)).provisioner
    assert provisioner
    from clouddeploy.contract import ClusterSpec

    with pytest.raises(PreconditionError, match="no DigitalOcean region") as caught:
        provisioner.steps(ClusterSpec("demo"))[0].create()
    assert "set region:" in str(caught.value.fix)
