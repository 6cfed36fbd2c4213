"""What an app becomes in Kubernetes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from clouddeploy.app.model import Expose, Health, Resources, Service
from clouddeploy.contract import Traits
from tests.manifests.samples import (
    API,
    CLOUD,
    DB,
    DIGEST,
    DISKS,
    RELEASE,
    WEB,
    WORKER,
    make_app,
    objects,
    one,
)


def container(service: Service) -> dict[str, Any]:
    pod = one(objects(make_app(service)), "Deployment")["spec"]["template"]["spec"]
    (found,) = pod["containers"]
    return dict(found)


def test_objects_come_in_the_order_of_applying() -> None:
    names = [f"{each['kind']}/{each['metadata']['name']}" for each in objects(make_app(WEB, API, WORKER))]
    assert [name.partition("-env-")[0] for name in names] == [
        "Namespace/shop",
        "ServiceAccount/shop",
        "ConfigMap/web",
        "ConfigMap/api",
        "Service/web",
        "Service/api",
        "Deployment/web",
        "Deployment/api",
        "Deployment/worker",
        "Ingress/web",
    ]


def test_the_same_input_gives_the_same_output() -> None:
    assert objects(make_app(WEB, API)) == objects(make_app(WEB, API))


def test_everything_is_labelled_as_ours_and_lies_in_the_targets_namespace() -> None:
    for each in objects(make_app(WEB, API), release="r1"):
        metadata = each["metadata"]
        assert metadata["labels"]["app.kubernetes.io/managed-by"] == "clouddeploy"
        assert metadata["labels"]["app.kubernetes.io/part-of"] == "shop"
        assert metadata.get("namespace", "shop") == "shop"
        assert ("namespace" in metadata) == (each["kind"] != "Namespace")


def test_the_default_namespace_is_nobodys_to_make() -> None:
    kinds = [each["kind"] for each in objects(make_app(WORKER, namespace="default"))]
    assert kinds == ["ServiceAccount", "Deployment"]


def test_a_selector_never_holds_what_changes_between_releases() -> None:
    deployment = one(objects(make_app(WEB)), "Deployment")
    selector = {"app.kubernetes.io/name": "web", "app.kubernetes.io/part-of": "shop"}
    assert deployment["spec"]["selector"] == {"matchLabels": selector}
    assert selector.items() <= deployment["spec"]["template"]["metadata"]["labels"].items()
    assert deployment["metadata"]["annotations"] == {"clouddeploy.dev/release": RELEASE}


def test_a_release_that_changes_nothing_else_restarts_no_pod() -> None:
    before, after = (one(objects(make_app(WEB), release=r), "Deployment") for r in ("r1", "r2"))
    assert before["spec"] == after["spec"]
    assert before["metadata"] != after["metadata"]


def test_the_image_is_pinned() -> None:
    assert container(WEB)["image"] == f"registry.test/shop/web:1@{DIGEST}"


def test_a_command_replaces_the_images_default_arguments_and_keeps_its_entrypoint() -> None:
    assert container(WORKER)["args"] == ["./manage.py", "worker"]
    assert "command" not in container(WORKER)


def test_a_service_without_a_port_is_not_reachable() -> None:
    kinds = [each["kind"] for each in objects(make_app(WORKER))]
    assert kinds == ["Namespace", "ServiceAccount", "Deployment"]
    assert not {"ports", "readinessProbe", "lifecycle"} & container(WORKER).keys()


class TestConfiguration:
    """Environment variables live in a ConfigMap named after its contents."""

    def test_changed_variables_get_another_config_map_and_so_other_pods(self) -> None:
        before = objects(make_app(API))
        after = objects(make_app(replace(API, env={"LOG_LEVEL": "debug"})))
        names = [one(found, "ConfigMap")["metadata"]["name"] for found in (before, after)]
        assert names[0] != names[1]
        for found, name in zip((before, after), names, strict=True):
            pod = one(found, "Deployment")["spec"]["template"]["spec"]
            assert pod["containers"][0]["envFrom"] == [{"configMapRef": {"name": name}}]

    def test_the_order_of_variables_does_not_matter(self) -> None:
        first, second = {"A": "1", "B": "2"}, {"B": "2", "A": "1"}
        names = {
            one(objects(make_app(replace(API, env=env))), "ConfigMap")["metadata"]["name"]
            for env in (first, second)
        }
        assert len(names) == 1

    def test_values_arrive_as_they_are(self) -> None:
        config = one(objects(make_app(WEB)), "ConfigMap")
        assert config["data"] == WEB.env
        assert config["immutable"] is True


class TestVolumes:
    """A claim for each volume; the pod that mounts them is never there twice."""

    def test_a_claim_has_the_clouds_class_and_at_least_its_smallest_size(self) -> None:
        data, wal = (
            one(objects(make_app(DB), DISKS), "PersistentVolumeClaim", name) for name in ("db-d", "db-w")
        )
        assert data["spec"] == {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "acme-ssd",
            "resources": {"requests": {"storage": "12Gi"}},
        }
        assert wal["spec"]["resources"]["requests"] == {"storage": "10Gi"}

    def test_without_a_class_the_clusters_own_default_is_meant(self) -> None:
        claim = one(objects(make_app(DB), Traits()), "PersistentVolumeClaim", "db-wal")
        assert "storageClassName" not in claim["spec"]
        assert claim["spec"]["resources"]["requests"] == {"storage": "1Gi"}

    def test_the_old_pod_goes_before_the_new_one_comes(self) -> None:
        assert one(objects(make_app(DB)), "Deployment")["spec"]["strategy"] == {"type": "Recreate"}
        assert one(objects(make_app(WEB)), "Deployment")["spec"]["strategy"]["type"] == "RollingUpdate"

    def test_each_is_mounted_in_a_folder_of_its_own_that_any_user_may_write_to(self) -> None:
        pod = one(objects(make_app(DB)), "Deployment")["spec"]["template"]["spec"]
        assert pod["volumes"] == [
            {"name": "data", "persistentVolumeClaim": {"claimName": "db-data"}},
            {"name": "wal", "persistentVolumeClaim": {"claimName": "db-wal"}},
        ]
        assert pod["containers"][0]["volumeMounts"] == [
            {"name": "data", "mountPath": "/var/lib/postgresql/data", "subPath": "data"},
            {"name": "wal", "mountPath": "/wal", "subPath": "wal"},
        ]
        assert pod["securityContext"]["fsGroup"] == 1000

    def test_a_cloud_without_a_class_gets_one_for_apps_that_need_it(self) -> None:
        made = one(objects(make_app(DB), DISKS), "StorageClass")
        assert made["provisioner"] == "disks.acme.example"
        assert made["parameters"] == {"type": "ssd"}
        assert made["volumeBindingMode"] == "WaitForFirstConsumer"
        assert "namespace" not in made["metadata"]
        assert not [each for each in objects(make_app(WEB), DISKS) if each["kind"] == "StorageClass"]

    def test_claims_come_before_the_pods_that_need_them(self) -> None:
        kinds = [each["kind"] for each in objects(make_app(DB, WEB), DISKS)]
        assert kinds.index("StorageClass") < kinds.index("PersistentVolumeClaim") < kinds.index("Deployment")


class TestHealth:
    """Probes follow from the health check."""

    def test_a_path_is_asked_on_the_named_port(self) -> None:
        probes = container(WEB)
        assert probes["readinessProbe"] == {
            "httpGet": {"path": "/healthz", "port": "http"},
            "periodSeconds": 10,
            "timeoutSeconds": 3,
            "failureThreshold": 3,
        }
        assert {"name": "http", "containerPort": 8080, "protocol": "TCP"} in probes["ports"]

    def test_liveness_is_twice_as_patient_as_readiness(self) -> None:
        probes = container(WEB)
        assert probes["livenessProbe"]["failureThreshold"] == 2 * probes["readinessProbe"]["failureThreshold"]

    def test_a_starting_container_may_fail_for_the_start_period_and_its_retries(self) -> None:
        startup = container(API)["startupProbe"]
        assert startup["periodSeconds"] * startup["failureThreshold"] == 20 + 5 * 4
        assert startup["exec"] == {"command": ["./ready"]}

    def test_seconds_are_whole_and_at_least_one(self) -> None:
        service = replace(API, health=Health(command=["x"], interval=0.2, timeout=0.1, retries=0))
        assert container(service)["readinessProbe"] | {"exec": None} == {
            "exec": None,
            "periodSeconds": 1,
            "timeoutSeconds": 1,
            "failureThreshold": 1,
        }

    def test_a_port_without_a_check_must_at_least_accept_connections(self) -> None:
        probes = container(replace(API, health=None))
        assert probes["readinessProbe"]["tcpSocket"] == {"port": "http"}
        assert not {"startupProbe", "livenessProbe"} & probes.keys()

    def test_an_empty_check_is_none(self) -> None:
        assert "tcpSocket" in container(replace(API, health=Health()))["readinessProbe"]


class TestExposure:
    """How a service is reached from outside."""

    def test_a_host_name_gets_an_ingress_as_the_cloud_wants_it(self) -> None:
        found = objects(make_app(WEB))
        ingress = one(found, "Ingress")
        assert ingress["spec"]["ingressClassName"] == "alb"
        assert ingress["metadata"]["annotations"] == CLOUD.ingress_annotations
        assert ingress["spec"]["tls"] == [{"hosts": ["shop.example.com"], "secretName": "web-tls"}]
        assert one(found, "Service")["spec"]["type"] == "ClusterIP"

    def test_no_host_name_gets_a_load_balancer_that_listens_on_port_80(self) -> None:
        found = objects(make_app(replace(API, expose=Expose())))
        service = one(found, "Service")
        assert service["spec"]["type"] == "LoadBalancer"
        assert service["metadata"]["annotations"] == CLOUD.load_balancer_annotations
        assert [port["port"] for port in service["spec"]["ports"]] == [9000, 80]
        assert "Ingress" not in [each["kind"] for each in found]

    def test_port_80_is_not_listed_twice(self) -> None:
        service = one(objects(make_app(replace(API, port=80, expose=Expose()))), "Service")
        assert [port["port"] for port in service["spec"]["ports"]] == [80]

    def test_without_traits_the_clusters_own_defaults_apply(self) -> None:
        ingress = one(objects(make_app(replace(WEB, expose=Expose("a.test"))), Traits()), "Ingress")
        assert "annotations" not in ingress["metadata"]
        assert ingress["spec"].keys() == {"rules"}


class TestHardening:
    """As strict as ordinary images bear."""

    def test_privileges_cannot_grow_and_no_token_is_mounted(self) -> None:
        pod = one(objects(make_app(WEB)), "Deployment")["spec"]["template"]["spec"]
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"] == {"seccompProfile": {"type": "RuntimeDefault"}}
        security = pod["containers"][0]["securityContext"]
        assert security["allowPrivilegeEscalation"] is False
        assert security["capabilities"]["drop"] == ["ALL"]
        assert not {"SYS_ADMIN", "NET_RAW", "NET_ADMIN", "MKNOD"} & set(security["capabilities"]["add"])

    @pytest.mark.parametrize(
        ("resources", "expected"),
        [
            (Resources(), None),
            (Resources(cpu=250), {"requests": {"cpu": "250m"}}),
            (Resources(memory=64), {"requests": {"memory": "64Mi"}, "limits": {"memory": "64Mi"}}),
        ],
    )
    def test_memory_is_limited_to_what_is_asked_for_and_cpu_is_not(
        self, resources: Resources, expected: object
    ) -> None:
        assert container(replace(API, resources=resources)).get("resources") == expected


def test_old_pods_stay_until_new_ones_are_ready() -> None:
    deployment = one(objects(make_app(WEB, timeout=90.5)), "Deployment")
    assert deployment["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": "25%"}
    assert deployment["spec"]["progressDeadlineSeconds"] == 91


def test_several_replicas_spread_over_zones_and_nodes() -> None:
    specs = {
        each["metadata"]["name"]: each["spec"]["template"]["spec"]
        for each in objects(make_app(WEB, API))
        if each["kind"] == "Deployment"
    }
    keys = [each["topologyKey"] for each in specs["web"]["topologySpreadConstraints"]]
    assert keys == ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]
    assert "topologySpreadConstraints" not in specs["api"]
