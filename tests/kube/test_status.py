"""What the status of an app says."""

from __future__ import annotations

import pytest

from clouddeploy.emulator.kubernetes.play import PLAY
from clouddeploy.kube.apply import apply_objects
from clouddeploy.kube.client import Kube
from clouddeploy.kube.health import wait_healthy
from clouddeploy.kube.status import app_status
from tests.kube.clocks import Fast
from tests.kube.conftest import Make
from tests.manifests.samples import API, DIGEST, WEB, one

# What a rollout looks like is the player's doing, whichever API server it talks to.
pytestmark = pytest.mark.parametrize("cluster", [False], indirect=True, ids=["built-in"])


def test_an_app_that_is_not_there_has_no_services(kube: Kube, namespace: str) -> None:
    assert app_status(kube, "shop", namespace) == []


def test_each_service_with_its_digest_replicas_age_and_release(
    kube: Kube, make: Make, namespace: str
) -> None:
    found = make(WEB, API, release="r7")
    apply_objects(kube, found)
    wait_healthy(kube, found, timeout=300, clock=Fast())
    api, web = app_status(kube, "shop", namespace)
    assert (api.service, web.service) == ("api", "web")
    assert web.image == f"registry.test/shop/web:1@{DIGEST}"
    assert web.digest == DIGEST
    assert (web.ready, web.desired, web.reason) == (3, 3, None)
    assert web.release == "r7"
    assert 0 <= web.age < 600


def test_a_service_that_is_not_ready_says_why(kube: Kube, make: Make, namespace: str) -> None:
    found = make(API)
    one(found, "Deployment")["spec"]["template"]["metadata"]["annotations"] = {PLAY: "config-error"}
    apply_objects(kube, found)
    clock = Fast()
    end = clock.monotonic() + 300
    while "ConfigError" not in ((status := app_status(kube, "shop", namespace)[0]).reason or ""):
        assert clock.monotonic() < end, status
        clock.sleep(1)
    assert (status.ready, status.desired) == (0, 1)
    assert str(status.reason).startswith("CreateContainerConfigError: ")


def test_other_apps_are_left_out(kube: Kube, make: Make, namespace: str) -> None:
    apply_objects(kube, make(API))
    assert app_status(kube, "other", namespace) == []
