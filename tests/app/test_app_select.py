"""What `--to` means."""

# ruff: noqa: E501  # a table reads best with one mistake to a line

from __future__ import annotations

from pathlib import Path

import pytest

from clouddeploy.app.model import App, Service, Target
from clouddeploy.app.select import select_targets
from clouddeploy.contract import ClusterSpec, TargetSettings
from clouddeploy.errors import ConfigError

PROVIDERS = ("aws", "digitalocean", "kubernetes")
SERVICES = (Service("web", image="nginx"),)


def app(**targets: str) -> App:
    """An app with targets of the given providers."""
    made = {
        name: Target(TargetSettings(name, provider, ClusterSpec("shop")), "shop", SERVICES)
        for name, provider in targets.items()
    }
    return App("shop", Path("/shop"), Path("/shop/clouddeploy.yaml"), SERVICES, made)


TWO = app(prod="aws", lab="kubernetes")


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (["prod"], ["prod"]),
        (["lab", "prod"], ["lab", "prod"]),
        (["lab,prod"], ["lab", "prod"]),
        ([" lab , prod ,"], ["lab", "prod"]),
        (["all"], ["prod", "lab"]),
        (["lab", "all", "prod"], ["lab", "prod"]),
        (["aws"], ["prod"]),
        (["aws,prod"], ["prod"]),
        (["digitalocean"], ["digitalocean"]),
    ],
)
def test_names_providers_and_all(wanted: list[str], names: list[str]) -> None:
    assert [target.settings.name for target in select_targets(TWO, wanted, PROVIDERS)] == names


def test_a_targets_name_goes_before_a_providers() -> None:
    (target,) = select_targets(app(aws="kubernetes", other="aws"), ["aws"], PROVIDERS)
    assert target.settings.provider == "kubernetes"


def test_a_provider_without_a_target_is_one_with_defaults() -> None:
    (target,) = select_targets(app(), ["aws"], PROVIDERS)
    assert target == Target(TargetSettings("aws", "aws", ClusterSpec("shop")), "shop", SERVICES)


def test_that_target_has_what_the_file_gives_as_defaults(tmp_path: Path) -> None:
    from clouddeploy.app.load import load_app

    (tmp_path / "clouddeploy.yaml").write_text(
        "apiVersion: clouddeploy/v1\napp: shop\nservices: {web: {image: nginx}}\n"
        "defaults: {cluster: {name: main, nodes: {count: 4}}}\n"
    )
    (target,) = select_targets(load_app(tmp_path), ["aws"], PROVIDERS)
    assert target.settings == TargetSettings("aws", "aws", ClusterSpec("main", nodes=4))


def test_without_a_word_the_only_target_is_meant() -> None:
    (target,) = select_targets(app(prod="aws"), [], PROVIDERS)
    assert target.settings.name == "prod"


@pytest.mark.parametrize(
    ("given", "wanted", "message", "fix"),
    [
        (TWO, ["prdo"], 'there is no target "prdo" (did you mean "prod"?)', "choose from: prod, lab, aws, digitalocean, kubernetes, all"),
        (TWO, ["zzz"], 'there is no target "zzz"', "choose from: prod, lab, aws, digitalocean, kubernetes, all"),
        (TWO, [], "the app has several targets: prod, lab", "choose with --to NAME, or --to all"),
        (TWO, [""], "--to is empty", "name a target, a provider, or all"),
        (app(), [], "no target is given, and the app names none", "choose a provider: --to aws or --to digitalocean or --to kubernetes"),
        (app(), ["all"], "--to all, but the app names no targets", "add targets to clouddeploy.yaml, or choose a provider: --to aws or --to digitalocean or --to kubernetes"),
        (app(a="aws", b="aws"), ["aws"], "several targets use aws: a, b", "choose one of them by its name"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant(given: App, wanted: list[str], message: str, fix: str) -> None:
    with pytest.raises(ConfigError) as caught:
        select_targets(given, wanted, PROVIDERS)
    assert (caught.value.message, caught.value.fix) == (message, fix)
