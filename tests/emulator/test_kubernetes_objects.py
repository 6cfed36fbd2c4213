"""Reading and writing objects, the same on a real kube-apiserver and on the small one."""

from __future__ import annotations

import base64

import pytest

from tests.emulator.kube_rig import (
    DEPLOYMENTS,
    JSON_PATCH,
    STRATEGIC,
    Json,
    Rig,
    config_map,
    container,
    deployment,
)


def names(items: list[Json]) -> list[str]:
    return [item["metadata"]["name"] for item in items]


def test_a_created_object_has_identity_and_version(kube: Rig) -> None:
    made = kube.create("v1/configmaps", config_map(color="blue"))
    assert made.code == 201
    assert made["metadata"]["namespace"] == kube.namespace
    assert {"uid", "resourceVersion", "creationTimestamp"} <= made["metadata"].keys()
    assert kube.get("v1/configmaps", "settings").body == made.body


def test_generate_name_adds_five_letters(kube: Rig) -> None:
    made = kube.create("v1/configmaps", {"metadata": {"generateName": "settings-"}})
    assert len(made["metadata"]["name"]) == len("settings-") + 5


def test_a_name_is_taken_once(kube: Rig) -> None:
    kube.create("v1/configmaps", config_map())
    refused = kube.create("v1/configmaps", config_map())
    assert (refused.code, refused["reason"]) == (409, "AlreadyExists")
    assert refused.message == 'configmaps "settings" already exists'


def test_what_is_not_there_is_not_found(kube_reader: Rig) -> None:
    missing = kube_reader.get(DEPLOYMENTS, "web")
    assert missing.body == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": 'deployments.apps "web" not found',
        "reason": "NotFound",
        "details": {"name": "web", "group": "apps", "kind": "deployments"},
        "code": 404,
    }


def test_nothing_is_created_in_a_namespace_that_is_not_there(kube_reader: Rig) -> None:
    refused = kube_reader.call("POST", "/api/v1/namespaces/nowhere/configmaps", config_map())
    assert (refused.code, refused.message) == (404, 'namespaces "nowhere" not found')
    assert kube_reader.call("GET", "/api/v1/namespaces/nowhere/configmaps")["items"] == []


def test_a_stale_update_is_a_conflict(kube: Rig) -> None:
    old = kube.create("v1/configmaps", config_map(color="blue")).body
    path = kube.path("v1/configmaps", "settings")
    assert kube.call("PUT", path, {**old, "data": {"color": "red"}}).code == 200
    refused = kube.call("PUT", path, {**old, "data": {"color": "green"}})
    assert refused.code == 409
    assert refused.message == (
        'Operation cannot be fulfilled on configmaps "settings": the object has been modified; '
        "please apply your changes to the latest version and try again"
    )


def test_an_update_that_changes_nothing_keeps_the_version(kube: Rig) -> None:
    old = kube.create("v1/configmaps", config_map(color="blue")).body
    same = kube.call("PUT", kube.path("v1/configmaps", "settings"), old)
    assert same["metadata"]["resourceVersion"] == old["metadata"]["resourceVersion"]


def test_merge_patch_sets_and_removes(kube: Rig) -> None:
    kube.create("v1/configmaps", config_map(color="blue", size="1"))
    changed = kube.patch("v1/configmaps", "settings", {"data": {"color": None, "shape": "round"}})
    assert changed["data"] == {"size": "1", "shape": "round"}


def test_json_patch_edits_labels_and_spec(kube: Rig) -> None:
    kube.create(DEPLOYMENTS, {**deployment(replicas=0), "metadata": {"name": "web", "labels": {"a/b": "c"}}})
    changed = kube.patch(
        DEPLOYMENTS,
        "web",
        [
            {"op": "replace", "path": "/metadata/labels/a~1b", "value": "d"},
            {"op": "add", "path": "/spec/paused", "value": True},
        ],
        JSON_PATCH,
    )
    assert changed["metadata"]["labels"] == {"a/b": "d"}
    assert changed["spec"]["paused"] is True


def test_strategic_merge_patch_merges_containers_by_name(kube: Rig) -> None:
    kube.create(DEPLOYMENTS, deployment(replicas=0))
    change = {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": "shop/web:2"}]}}}}
    changed = kube.patch(DEPLOYMENTS, "web", change, STRATEGIC)
    assert container(changed.body)["image"] == "shop/web:2"
    assert container(changed.body)["ports"] == [{"containerPort": 8080, "protocol": "TCP"}]


def test_strategic_merge_patch_deletes_items_and_fields(kube: Rig) -> None:
    wanted = deployment(replicas=0)
    wanted["spec"]["template"]["spec"]["containers"].append({"name": "sidecar", "image": "proxy:1"})
    kube.create(DEPLOYMENTS, wanted)
    gone = {"name": "sidecar", "$patch": "delete"}
    change = {"spec": {"template": {"spec": {"containers": [gone]}}, "progressDeadlineSeconds": None}}
    changed = kube.patch(DEPLOYMENTS, "web", change, STRATEGIC)
    assert [c["name"] for c in changed["spec"]["template"]["spec"]["containers"]] == ["main"]
    assert changed["spec"]["progressDeadlineSeconds"] == 600


def test_the_status_has_a_door_of_its_own(kube: Rig) -> None:
    claim = {
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    kube.create("v1/persistentvolumeclaims", {**claim, "status": {"phase": "Lost"}})
    path = "v1/persistentvolumeclaims"
    kube.until(lambda: kube.get(path, "data")["status"].get("phase") == "Bound")
    kube.patch(path, "data", {"status": {"phase": "Lost"}})
    assert kube.get(path, "data")["status"]["phase"] == "Bound"
    kube.patch(path, "data/status", {"status": {"capacity": {"storage": "2Gi"}}})
    assert kube.get(path, "data")["status"]["capacity"] == {"storage": "2Gi"}


def test_scale_reads_and_writes_replicas(kube: Rig) -> None:
    kube.create(DEPLOYMENTS, deployment(replicas=0))
    scale = kube.get(DEPLOYMENTS, "web/scale").body
    assert (scale["kind"], scale["spec"], scale["status"]["selector"]) == ("Scale", {}, "app=web")
    changed = kube.patch(DEPLOYMENTS, "web/scale", {"spec": {"replicas": 2}})
    assert changed["spec"] == {"replicas": 2}
    assert kube.get(DEPLOYMENTS, "web")["spec"]["replicas"] == 2


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("tier=front", ["a"]),
        ("tier==front", ["a"]),
        ("tier!=front", ["b", "c"]),
        ("tier", ["a", "b"]),
        ("!tier", ["c"]),
        ("tier in (front, back)", ["a", "b"]),
        ("tier notin (front)", ["b", "c"]),
        ("tier,zone=eu", ["b"]),
    ],
)
def test_label_selectors(kube: Rig, selector: str, found: list[str]) -> None:
    for name, labels in {
        "a": {"tier": "front"},
        "b": {"tier": "back", "zone": "eu"},
        "c": {"zone": "us"},
    }.items():
        kube.create("v1/configmaps", config_map(name, {**labels, "test": "yes"}))
    assert names(kube.list("v1/configmaps", labelSelector=f"test=yes,{selector}")) == found


def test_field_selectors(kube: Rig) -> None:
    for name in ("a", "b"):
        kube.create("v1/configmaps", config_map(name))
    assert names(kube.list("v1/configmaps", fieldSelector="metadata.name=b")) == ["b"]
    assert "b" not in names(kube.list("v1/configmaps", fieldSelector="metadata.name!=b"))


def test_a_kind_can_only_be_selected_by_some_fields(kube_reader: Rig) -> None:
    refused = kube_reader.call("GET", kube_reader.path("v1/pods"), fieldSelector="spec.color=blue")
    assert (refused.code, refused.message) == (400, "field label not supported: spec.color")
    refused = kube_reader.call("GET", kube_reader.path("v1/configmaps"), fieldSelector="spec.color=blue")
    assert refused.message == (
        '"spec.color" is not a known field selector: only "metadata.name", "metadata.namespace"'
    )


def test_events_are_found_by_what_they_are_about(kube: Rig) -> None:
    about = {"kind": "Pod", "name": "web-1", "namespace": kube.namespace}
    kube.create("v1/events", {"metadata": {"name": "e1"}, "involvedObject": about, "reason": "Test"})
    about = {**about, "name": "web-2"}
    kube.create("v1/events", {"metadata": {"name": "e2"}, "involvedObject": about, "reason": "Test"})
    query = "involvedObject.kind=Pod,involvedObject.name=web-2"
    assert names(kube.list("v1/events", fieldSelector=query)) == ["e2"]


def test_a_selector_that_cannot_be_read_is_refused(kube_reader: Rig) -> None:
    refused = kube_reader.call("GET", kube_reader.path("v1/configmaps"), labelSelector="a b")
    assert (refused.code, refused["reason"]) == (400, "BadRequest")
    assert refused.message.startswith("unable to parse requirement: found 'b', expected: ")


def test_long_lists_come_in_pages(kube: Rig) -> None:
    for name in "abcde":
        kube.create("v1/configmaps", config_map(name, {"test": "pages"}))
    query: dict[str, str | int] = {"limit": 2, "labelSelector": "test=pages"}
    first = kube.call("GET", kube.path("v1/configmaps"), **query)
    assert names(first["items"]) == ["a", "b"]
    second = kube.call(
        "GET", kube.path("v1/configmaps"), **query, **{"continue": first["metadata"]["continue"]}
    )
    third = kube.call(
        "GET", kube.path("v1/configmaps"), **query, **{"continue": second["metadata"]["continue"]}
    )
    assert names([*second["items"], *third["items"]]) == ["c", "d", "e"]
    assert "continue" not in third["metadata"]


def test_items_of_a_list_do_not_repeat_their_kind(kube: Rig) -> None:
    found = kube.call("GET", kube.path("v1/configmaps"))
    assert (found["kind"], found["apiVersion"]) == ("ConfigMapList", "v1")
    assert all("kind" not in item for item in found["items"])


def test_a_collection_can_be_deleted_by_labels(kube: Rig) -> None:
    kube.create("v1/configmaps", config_map("a", {"old": "yes"}))
    kube.create("v1/configmaps", config_map("b"))
    assert kube.call("DELETE", kube.path("v1/configmaps"), labelSelector="old=yes").code == 200
    assert "a" not in names(kube.list("v1/configmaps"))
    assert "b" in names(kube.list("v1/configmaps"))


def test_a_dry_run_creates_and_deletes_nothing(kube: Rig) -> None:
    assert kube.create("v1/configmaps", config_map("a"), dryRun="All").code == 201
    assert kube.get("v1/configmaps", "a").code == 404
    kube.create("v1/configmaps", config_map("b"))
    assert kube.call("DELETE", kube.path("v1/configmaps", "b"), dryRun="All").code == 200
    assert kube.get("v1/configmaps", "b").code == 200


def test_secrets_take_plain_strings(kube: Rig) -> None:
    made = kube.create("v1/secrets", {"metadata": {"name": "login"}, "stringData": {"password": "hunter2"}})
    assert made["type"] == "Opaque"
    assert base64.b64decode(made["data"]["password"]) == b"hunter2"
    assert "stringData" not in made.body


def test_defaults_of_a_deployment(kube_reader: Rig) -> None:
    spec = kube_reader.create(DEPLOYMENTS, deployment(replicas=None), dryRun="All")["spec"]
    assert spec["replicas"] == 1
    assert spec["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"},
    }
    assert (spec["revisionHistoryLimit"], spec["progressDeadlineSeconds"]) == (10, 600)
    assert {k: v for k, v in spec["template"]["spec"].items() if k != "containers"} == {
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "securityContext": {},
        "schedulerName": "default-scheduler",
    }
    assert spec["template"]["spec"]["containers"] == [
        {
            "name": "main",
            "image": "shop/web:1",
            "ports": [{"containerPort": 8080, "protocol": "TCP"}],
            "resources": {},
            "terminationMessagePath": "/dev/termination-log",
            "terminationMessagePolicy": "File",
            "imagePullPolicy": "IfNotPresent",
        }
    ]


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("web", "Always"),
        ("web:latest", "Always"),
        ("web:1", "IfNotPresent"),
        ("localhost:5000/web", "Always"),
        ("web@sha256:" + "a" * 64, "IfNotPresent"),
        ("web:latest@sha256:" + "a" * 64, "Always"),
    ],
)
def test_the_pull_policy_follows_the_tag(kube_reader: Rig, image: str, policy: str) -> None:
    shown = kube_reader.create(DEPLOYMENTS, deployment(image=image), dryRun="All")
    assert container(shown.body)["imagePullPolicy"] == policy


def test_defaults_of_probes_and_volumes(kube_reader: Rig) -> None:
    wanted = deployment()
    pod = wanted["spec"]["template"]["spec"]
    pod["containers"][0]["readinessProbe"] = {"httpGet": {"port": 8080}}
    pod["volumes"] = [{"name": "scratch"}, {"name": "config", "configMap": {"name": "settings"}}]
    shown = kube_reader.create(DEPLOYMENTS, wanted, dryRun="All")
    assert container(shown.body)["readinessProbe"] == {
        "httpGet": {"path": "/", "port": 8080, "scheme": "HTTP"},
        "timeoutSeconds": 1,
        "periodSeconds": 10,
        "successThreshold": 1,
        "failureThreshold": 3,
    }
    assert shown["spec"]["template"]["spec"]["volumes"] == [
        {"name": "scratch", "emptyDir": {}},
        {"name": "config", "configMap": {"name": "settings", "defaultMode": 420}},
    ]


def test_defaults_of_a_service(kube: Rig) -> None:
    spec = {"selector": {"app": "web"}, "ports": [{"port": 80}], "type": "LoadBalancer"}
    made = kube.create("v1/services", {"metadata": {"name": "web"}, "spec": spec})["spec"]
    port = made.pop("ports")[0]
    assert 30000 <= port.pop("nodePort") < 32768
    assert port == {"port": 80, "targetPort": 80, "protocol": "TCP"}
    address = made.pop("clusterIP")
    assert address.startswith("10.96.")
    assert made == {
        "selector": {"app": "web"},
        "type": "LoadBalancer",
        "clusterIPs": [address],
        "ipFamilies": ["IPv4"],
        "ipFamilyPolicy": "SingleStack",
        "sessionAffinity": "None",
        "externalTrafficPolicy": "Cluster",
        "internalTrafficPolicy": "Cluster",
        "allocateLoadBalancerNodePorts": True,
    }


def test_a_headless_service_has_no_address(kube: Rig) -> None:
    spec = {"selector": {"app": "web"}, "clusterIP": "None", "ports": [{"port": 80}]}
    made = kube.create("v1/services", {"metadata": {"name": "web"}, "spec": spec})["spec"]
    assert (made["clusterIP"], made["clusterIPs"]) == ("None", ["None"])


def test_defaults_of_a_job(kube: Rig) -> None:
    made = kube.create("batch/v1/jobs", {"metadata": {"name": "db"}, "spec": {"template": ONCE}})
    spec, uid = made["spec"], made["metadata"]["uid"]
    labels = {"controller-uid": uid, "job-name": "db"}
    labels |= {f"batch.kubernetes.io/{key}": value for key, value in labels.items()}
    assert spec.pop("template")["metadata"]["labels"] == labels == made["metadata"]["labels"]
    assert spec == {
        "parallelism": 1,
        "completions": 1,
        "backoffLimit": 6,
        "completionMode": "NonIndexed",
        "suspend": False,
        "manualSelector": False,
        "podReplacementPolicy": "TerminatingOrFailed",
        "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}},
    }


def test_defaults_of_a_cron_job(kube_reader: Rig) -> None:
    wanted = {"schedule": "@daily", "jobTemplate": {"spec": {"template": ONCE}}}
    spec = kube_reader.create(
        "batch/v1/cronjobs", {"metadata": {"name": "db"}, "spec": wanted}, dryRun="All"
    )["spec"]
    job = spec.pop("jobTemplate")
    assert job["metadata"] == {}
    assert job["spec"].keys() == {"template"}
    assert spec == {
        "schedule": "@daily",
        "concurrencyPolicy": "Allow",
        "suspend": False,
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 1,
    }


def test_defaults_of_a_stateful_set(kube_reader: Rig) -> None:
    wanted = {"serviceName": "db", **PODS}
    spec = kube_reader.create(
        "apps/v1/statefulsets", {"metadata": {"name": "db"}, "spec": wanted}, dryRun="All"
    )["spec"]
    assert {key: value for key, value in spec.items() if key not in PODS} == {
        "replicas": 1,
        "serviceName": "db",
        "podManagementPolicy": "OrderedReady",
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
        "revisionHistoryLimit": 10,
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
    }


def test_defaults_of_a_daemon_set(kube_reader: Rig) -> None:
    spec = kube_reader.create("apps/v1/daemonsets", {"metadata": {"name": "db"}, "spec": PODS}, dryRun="All")[
        "spec"
    ]
    assert {key: value for key, value in spec.items() if key not in PODS} == {
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}},
        "revisionHistoryLimit": 10,
    }


@pytest.mark.parametrize(
    ("what", "wanted", "added"),
    [
        ("networking.k8s.io/v1/networkpolicies", {"podSelector": {}}, {"policyTypes": ["Ingress"]}),
        (
            "autoscaling/v2/horizontalpodautoscalers",
            {
                "maxReplicas": 3,
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "db"},
            },
            {
                "minReplicas": 1,
                "metrics": [
                    {
                        "type": "Resource",
                        "resource": {
                            "name": "cpu",
                            "target": {"type": "Utilization", "averageUtilization": 80},
                        },
                    }
                ],
            },
        ),
        (
            "networking.k8s.io/v1/ingresses",
            {"defaultBackend": {"service": {"name": "a", "port": {"number": 80}}}},
            {},
        ),
        (
            "policy/v1/poddisruptionbudgets",
            {"minAvailable": 1, "selector": {"matchLabels": {"app": "db"}}},
            {},
        ),
        ("coordination.k8s.io/v1/leases", {"holderIdentity": "me", "leaseDurationSeconds": 15}, {}),
    ],
)
def test_defaults_of_other_kinds(kube_reader: Rig, what: str, wanted: Json, added: Json) -> None:
    shown = kube_reader.create(what, {"metadata": {"name": "db"}, "spec": wanted}, dryRun="All")
    assert shown["spec"] == {**wanted, **added}


def test_defaults_of_a_pod(kube: Rig) -> None:
    spec = {"containers": [{"name": "main", "image": "db:1", "resources": {"limits": {"cpu": "1"}}}]}
    made = kube.create("v1/pods", {"metadata": {"name": "db"}, "spec": spec}, dryRun="All")
    assert made["status"] == {"phase": "Pending", "qosClass": "Burstable"}
    assert made["spec"]["containers"][0]["resources"] == {"limits": {"cpu": "1"}, "requests": {"cpu": "1"}}
    assert made["spec"]["serviceAccountName"] == "default"
    assert {t["key"] for t in made["spec"]["tolerations"]} == {
        "node.kubernetes.io/not-ready",
        "node.kubernetes.io/unreachable",
    }


CONTAINER = {"name": "main", "image": "db:1"}
ONCE: Json = {"spec": {"containers": [CONTAINER], "restartPolicy": "Never"}}
PODS: Json = {
    "selector": {"matchLabels": {"app": "db"}},
    "template": {"metadata": {"labels": {"app": "db"}}, "spec": {"containers": [CONTAINER]}},
}


def test_discovery_names_groups_and_kinds(kube_reader: Rig) -> None:
    groups = {group["name"] for group in kube_reader.call("GET", "/apis")["groups"]}
    assert {"apps", "batch", "networking.k8s.io", "rbac.authorization.k8s.io"} <= groups
    kinds = {entry["name"]: entry for entry in kube_reader.call("GET", "/apis/apps/v1")["resources"]}
    assert kinds["deployments"]["kind"] == "Deployment"
    assert kinds["deployments"]["shortNames"] == ["deploy"]
    assert kinds["deployments/scale"]["kind"] == "Scale"
    assert kube_reader.call("GET", "/version")["gitVersion"].startswith("v1.36")


@pytest.mark.parametrize("path", ["/healthz", "/livez", "/readyz"])
def test_health(kube_reader: Rig, path: str) -> None:
    assert (kube_reader.call("GET", path, token=None).code, kube_reader.call("GET", path).body) == (200, "ok")


def test_paths_and_methods_that_nobody_serves(kube: Rig) -> None:
    assert kube.call("GET", "/api/v1/gadgets").message == "the server could not find the requested resource"
    assert kube.call("GET", "/apis/example.com/v1/gadgets").body == "404 page not found\n"
    assert kube.call("PUT", kube.path("v1/configmaps"), {}).code == 405


def test_bodies_that_cannot_be_read(kube: Rig) -> None:
    path = kube.path("v1/configmaps")
    assert kube.call("POST", path, b"{").code == 400
    assert kube.call("POST", path, b"x", "text/plain").code == 415
    kube.create("v1/configmaps", config_map())
    refused = kube.call("PATCH", kube.path("v1/configmaps", "settings"), {}, "application/json")
    assert refused.code == 415
