"""Whole manifests, as people see them in `clouddeploy render`.

CLOUDDEPLOY_UPDATE_GOLDEN=1 writes them anew: read the difference before committing it.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from clouddeploy.app.model import App, Expose
from clouddeploy.contract import Traits
from clouddeploy.manifests import to_yaml
from tests.manifests.samples import API, CLOUD, DB, DISKS, WEB, WORKER, make_app, objects

HERE = Path(__file__).parent
CASES = {
    "shop-on-a-cloud": (make_app(WEB, API, WORKER), CLOUD),
    "load-balancer": (make_app(replace(API, expose=Expose(), replicas=2)), CLOUD),
    "plain-cluster": (make_app(WEB, namespace="default"), Traits()),
    "volumes": (make_app(WORKER, DB), DISKS),
}


@pytest.mark.parametrize("name", CASES)
def test_manifests(name: str) -> None:
    file, actual = HERE / f"{name}.yaml", to_yaml(objects(*CASES[name]))
    if os.environ.get("CLOUDDEPLOY_UPDATE_GOLDEN") == "1":
        file.write_text(actual)
    assert actual == file.read_text()


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("version", ["1.34", "1.37"])
def test_kubernetes_knows_every_field(name: str, version: str) -> None:
    for each in yaml.safe_load_all((HERE / f"{name}.yaml").read_text()):
        kubernetes_validate.validate(each, version, strict=True)


@pytest.mark.parametrize(("app", "traits"), CASES.values(), ids=CASES)
def test_the_yaml_holds_what_is_applied(app: App, traits: Traits) -> None:
    found = objects(app, traits)
    assert list(yaml.safe_load_all(to_yaml(found))) == found
