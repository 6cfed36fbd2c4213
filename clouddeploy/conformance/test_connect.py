"""What every provider does when it is connected: nothing yet, and who it is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

import pytest

from clouddeploy import plugins
from clouddeploy.conformance.checks import assert_helpful, change
from clouddeploy.conformance.rig import Rig, Site
from clouddeploy.contract import ClusterSpec, Provider
from clouddeploy.errors import ConfigError, CredentialsError

OFFLINE = """\
import json, socket, sys

def refuse(*arguments):
    raise AssertionError("a request was made")

socket.socket.connect = socket.getaddrinfo = refuse
from clouddeploy import plugins
from clouddeploy.contract import ClusterSpec, TargetSettings

settings = json.loads(sys.argv[1])
provider = plugins.connect(TargetSettings(**{**settings, "cluster": ClusterSpec(**settings["cluster"])}))
print(json.dumps({"loaded": [*sys.modules], "address": provider.registry.address("shop/web")}))
"""


def offline(rig: Rig) -> Mapping[str, list[str] | str]:
    """What a fresh process without a network makes of the rig's offline target."""
    command = [sys.executable, "-c", OFFLINE, json.dumps(asdict(rig.offline))]
    env = {"HOME": "/nonexistent", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, env=env, check=False)
    assert done.returncode == 0, done.stderr
    answer: Mapping[str, list[str] | str] = json.loads(done.stdout)
    return answer


def test_connecting_makes_no_request_and_imports_no_sdk(rig: Rig) -> None:
    loaded = {name.partition(".")[0] for name in offline(rig)["loaded"]}
    assert f"clouddeploy_{rig.name}" in loaded
    assert not loaded & set(rig.late)


def test_an_address_needs_no_request_when_the_target_says_enough(rig: Rig) -> None:
    assert str(offline(rig)["address"]).endswith("/shop/web")


def test_the_provider_knows_its_name(rig: Rig, provider: Provider) -> None:
    assert provider.name == rig.name


def test_an_ability_that_is_missing_is_none(rig: Rig, provider: Provider) -> None:
    assert (provider.provisioner is not None) is rig.provisions


def test_identity_names_an_account_and_a_principal(site: Site, provider: Provider) -> None:
    identity = provider.identity()
    assert identity.account
    assert identity.principal
    assert identity == plugins.connect(site.target).identity()
    if site.target.account:
        assert identity.account == site.target.account


@pytest.mark.parametrize("field", ["options", "registry"])
def test_a_key_that_it_does_not_know_is_refused(field: str, site: Site) -> None:
    known: Mapping[str, str] = getattr(site.target, field)
    changed: dict[str, Any] = {field: {**known, "no-such-key": "s3cr3t-value"}}
    with pytest.raises(ConfigError, match="no-such-key") as caught:
        plugins.connect(replace(site.target, **changed))
    assert_helpful(caught.value, site)
    assert "s3cr3t-value" not in f"{caught.value.message} {caught.value.fix}"


@pytest.mark.usefixtures("asking")
@pytest.mark.parametrize("how", ["none", "wrong"])
def test_nobody_is_told_so(how: str, site: Site, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    change(monkeypatch, site.refused[how])
    with pytest.raises(CredentialsError) as caught:
        provider.identity()
    assert_helpful(caught.value, site)


@pytest.mark.usefixtures("asking")
def test_another_account_is_refused_before_anything_is_written(site: Site) -> None:
    assert site.writes
    provider = plugins.connect(replace(site.target, account=site.stranger))
    calls: list[Callable[[], object]] = [
        lambda: provider.registry.ensure("shop/web"),
        lambda: _steps(provider),
    ]
    for call in calls:
        with pytest.raises(CredentialsError, match=site.stranger) as caught:
            call()
        assert_helpful(caught.value, site)
    assert site.writes() == 0


def _steps(provider: Provider) -> object:
    assert provider.provisioner
    return [step.state() for step in provider.provisioner.steps(ClusterSpec("shop"))]
