"""Applying: everything is checked first, only what differs is written, nothing foreign is touched."""

from __future__ import annotations

import time
from collections import Counter
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from clouddeploy.errors import CloudDeployError, CredentialsError, ForeignResourceError
from clouddeploy.kube.apply import apply_objects
from clouddeploy.kube.client import Kube, Object
from clouddeploy.kube.kinds import CONFIG_MAP, NAMESPACE, REPLICA_SET, SERVICE, SERVICE_ACCOUNT, kind_of
from clouddeploy.kube.unused import remove_unused_config
from clouddeploy.manifests.labels import MANAGED_BY, RELEASE
from tests.kube.conftest import Cluster, Make
from tests.manifests.samples import API, WEB, WORKER, one


def actions(kube: Kube, found: list[Any], **options: Any) -> Counter[str]:
    return Counter(each.action for each in apply_objects(kube, found, **options))


def versions(kube: Kube, found: list[Any]) -> list[str]:
    """What tells a write: the generation, which no status moves, or else the resourceVersion.

    A Deployment has neither: its controller writes annotations, and those count as a generation.
    """
    lasting = [live(kube, each)["metadata"] for each in found if each["kind"] != "Deployment"]
    return [str(each.get("generation") or each["resourceVersion"]) for each in lasting]


def live(kube: Kube, value: Any) -> Object:
    metadata = value["metadata"]
    found = kube.get(kind_of(value["kind"]), metadata["name"], metadata.get("namespace"))
    assert found is not None
    return found


def foreign(kube: Kube, namespace: str, kind: str = "ConfigMap", name: str = "theirs", **more: Any) -> Object:
    """An object that somebody else made, with the same tool but without the labels."""
    return kube.apply(
        {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": namespace}, **more}
    )


def make_namespace(kube: Kube, name: str) -> None:
    kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})


class TestFirstTime:
    """Into an empty cluster."""

    def test_everything_is_created(self, kube: Kube, make: Make) -> None:
        found = make(WEB, API, WORKER)
        assert actions(kube, found) == {"created": 10}
        for each in found:
            assert live(kube, each)["metadata"]["labels"][MANAGED_BY] == "clouddeploy"

    def test_a_dry_run_says_so_and_changes_nothing(self, kube: Kube, make: Make, namespace: str) -> None:
        assert actions(kube, make(WEB), dry_run=True) == {"created": 6}
        assert kube.get(NAMESPACE, namespace) is None

    def test_an_object_that_the_api_refuses_leaves_only_the_namespace(
        self, kube: Kube, make: Make, namespace: str
    ) -> None:
        found = make(WEB)
        one(found, "Deployment")["spec"]["replicas"] = -1
        with pytest.raises(CloudDeployError, match=f"; only Namespace/{namespace} was made") as caught:
            apply_objects(kube, found)
        assert "deployments/web" in caught.value.message
        assert kube.get(SERVICE_ACCOUNT, "shop", namespace) is None


class TestAgain:
    """Over what is there already."""

    def test_the_second_time_writes_nothing(self, kube: Kube, make: Make) -> None:
        apply_objects(kube, make(WEB, API))
        before = versions(kube, make(WEB, API))
        assert actions(kube, make(WEB, API)) == {"unchanged": 9}
        assert versions(kube, make(WEB, API)) == before

    def test_only_what_differs_is_written(self, kube: Kube, make: Make) -> None:
        apply_objects(kube, make(WEB, API))
        done = apply_objects(kube, make(replace(WEB, replicas=2), API))
        assert [f"{each.kind}/{each.name}" for each in done if each.action == "configured"] == [
            "Deployment/web"
        ]

    def test_another_release_of_the_same_is_noted_on_the_deployment(self, kube: Kube, make: Make) -> None:
        apply_objects(kube, make(API, release="r1"))
        assert actions(kube, make(API, release="r2")) == {"unchanged": 4, "configured": 1}
        found = live(kube, one(make(API), "Deployment"))
        assert found["metadata"]["annotations"][RELEASE] == "r2"

    def test_a_dry_run_shows_the_change_and_makes_none(self, kube: Kube, make: Make) -> None:
        apply_objects(kube, make(API))
        assert actions(kube, make(replace(API, replicas=2)), dry_run=True)["configured"] == 1
        assert live(kube, one(make(API), "Deployment"))["spec"]["replicas"] == 1

    def test_what_is_no_longer_written_disappears(self, kube: Kube, make: Make) -> None:
        apply_objects(kube, make(API))
        apply_objects(kube, make(replace(API, health=None)))
        pod = live(kube, one(make(API), "Deployment"))["spec"]["template"]["spec"]
        assert "livenessProbe" not in pod["containers"][0]

    def test_changed_variables_add_a_config_map_and_keep_the_one_in_use(
        self, kube: Kube, make: Make, namespace: str
    ) -> None:
        apply_objects(kube, make(API))
        wait_for_replica_sets(kube, namespace, 1)
        found = make(replace(API, env={"LOG_LEVEL": "debug"}))
        apply_objects(kube, found)
        assert sum("api-env" in each["metadata"]["name"] for each in kube.list(CONFIG_MAP, namespace)) == 2
        # The old ReplicaSet can be rolled back to, and still names its own.
        wait_for_replica_sets(kube, namespace, 2)
        assert remove_unused_config(kube, found) == []

    def test_config_maps_that_nothing_names_are_removed(self, kube: Kube, make: Make, namespace: str) -> None:
        found = make(API)
        apply_objects(kube, found)
        unused = deepcopy(one(found, "ConfigMap"))
        unused["metadata"]["name"] = "api-env-0000000000"
        kube.apply(unused)
        foreign(kube, namespace)
        assert remove_unused_config(kube, found) == ["ConfigMap/api-env-0000000000"]
        assert kube.get(CONFIG_MAP, "theirs", namespace)
        assert live(kube, one(found, "ConfigMap"))


class TestForeign:
    """What somebody else made."""

    def test_a_foreign_object_stops_everything(self, kube: Kube, make: Make, namespace: str) -> None:
        make_namespace(kube, namespace)
        foreign(kube, namespace, "Service", "web", spec={"ports": [{"port": 1}]})
        with pytest.raises(ForeignResourceError) as caught:
            apply_objects(kube, make(WEB, API))
        assert caught.value.exit_code == 5
        assert caught.value.message == (
            f"Service/web in namespace {namespace}: clouddeploy did not make it for app shop; "
            "nothing was changed"
        )
        assert caught.value.fix
        assert kube.get(SERVICE_ACCOUNT, "shop", namespace) is None
        assert len(kube.list(SERVICE, namespace)) == 1

    def test_another_apps_object_is_foreign_too(self, kube: Kube, make: Make) -> None:
        found = make(WORKER)
        theirs = deepcopy(found)
        for each in theirs:
            each["metadata"]["labels"]["app.kubernetes.io/part-of"] = "other"
        apply_objects(kube, theirs)
        with pytest.raises(ForeignResourceError, match="Deployment/worker"):
            apply_objects(kube, found)

    def test_a_namespace_made_by_others_is_used_as_it_is(
        self, kube: Kube, make: Make, namespace: str
    ) -> None:
        make_namespace(kube, namespace)
        assert actions(kube, make(WORKER)) == {"created": 2}
        assert MANAGED_BY not in (kube.get(NAMESPACE, namespace) or {})["metadata"].get("labels", {})

    def test_a_field_of_another_manager_is_named_and_kept(
        self, cluster: Cluster, kube: Kube, make: Make, namespace: str
    ) -> None:
        found = make(WORKER)
        apply_objects(kube, found)
        path = f"/apis/apps/v1/namespaces/{namespace}/deployments/worker"
        cluster.patch_as("autoscaler", path, {"spec": {"replicas": 7}})
        with pytest.raises(CloudDeployError) as caught:
            apply_objects(kube, make(replace(WORKER, replicas=2)))
        assert ".spec.replicas is managed by autoscaler" in caught.value.message
        assert caught.value.message.endswith("; nothing was changed")
        assert caught.value.fix
        assert live(kube, one(found, "Deployment"))["spec"]["replicas"] == 7


class TestRefusals:
    """Nothing is written when something cannot be."""

    def test_a_mistake_in_one_object_stops_everything(self, kube: Kube, make: Make) -> None:
        apply_objects(kube, make(API))
        found = make(replace(API, env={}, replicas=2), WEB)
        one(found, "Ingress")["spec"]["rules"][0]["host"] = "not a host"
        with pytest.raises(CloudDeployError, match="; nothing was changed"):
            apply_objects(kube, found)
        assert live(kube, one(found, "Deployment", "api"))["spec"]["replicas"] == 1

    def test_an_unknown_field_is_named(self, kube: Kube, make: Make) -> None:
        apply_objects(kube, make(WORKER))
        found = make(WORKER)
        one(found, "Deployment")["spec"]["replica"] = 2
        with pytest.raises(CloudDeployError, match=r"\.spec\.replica"):
            apply_objects(kube, found)

    def test_a_selector_cannot_change(self, kube: Kube, make: Make) -> None:
        apply_objects(kube, make(WORKER))
        found = make(WORKER)
        spec = one(found, "Deployment")["spec"]
        spec["selector"]["matchLabels"]["tier"] = spec["template"]["metadata"]["labels"]["tier"] = "x"
        with pytest.raises(CloudDeployError, match="immutable"):
            apply_objects(kube, found)

    def test_whoever_may_not_apply_is_told_what_is_missing(self, cluster: Cluster, make: Make) -> None:
        with cluster.connect_as("dev") as kube, pytest.raises(CredentialsError) as caught:
            apply_objects(kube, make(WORKER))
        assert caught.value.message.startswith('"dev" may not get serviceaccounts in the namespace')
        assert "get serviceaccounts" in str(caught.value.fix)


def wait_for_replica_sets(kube: Kube, namespace: str, number: int) -> None:
    deadline = time.monotonic() + 60
    while len(kube.list(REPLICA_SET, namespace)) < number:
        assert time.monotonic() < deadline, "the Deployment controller does nothing"
        time.sleep(0.05)
