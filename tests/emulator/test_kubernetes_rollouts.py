"""The player: what becomes of workloads, on a real kube-apiserver and on the small one."""

from __future__ import annotations

from typing import Any

from tests.emulator.kube_rig import DEPLOYMENTS, Json, Rig, deployment, play


def waiting(pod: Json) -> Json:
    """Why a pod's first container waits."""
    states = pod.get("status", {}).get("containerStatuses") or [{"state": {}}]
    return dict(states[0]["state"].get("waiting") or {})


def waits_for(kube: Rig, reason: str, app: str = "web") -> Json:
    """A pod whose container waits for this reason."""
    return kube.until(
        lambda: next((pod for pod in kube.pods(app=app) if waiting(pod).get("reason") == reason), None)
    )


def condition(obj: Json, kind: str) -> Json:
    return next((c for c in obj["status"].get("conditions", []) if c["type"] == kind), {})


def messages(kube: Rig, reason: str) -> set[str]:
    return {event["message"] for event in kube.events(reason)}


def template(wanted: Json, **changes: Any) -> Json:
    wanted["spec"]["template"]["spec"]["containers"][0].update(changes)
    return wanted


def test_a_deployment_becomes_healthy_pods(kube: Rig) -> None:
    kube.apply(DEPLOYMENTS, deployment(replicas=3))
    done = kube.wait_rolled_out("web")
    assert done["status"]["readyReplicas"] == 3
    assert condition(done, "Available")["reason"] == "MinimumReplicasAvailable"
    assert condition(done, "Progressing")["reason"] == "NewReplicaSetAvailable"
    assert done["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "1"


def test_pods_look_as_the_kubelet_makes_them(kube: Rig) -> None:
    kube.apply(DEPLOYMENTS, deployment(image="registry.example/shop/web:1@sha256:" + "a" * 64))
    kube.wait_rolled_out("web")
    (pod,) = kube.pods(app="web")
    (replica_set,) = kube.list("apps/v1/replicasets")
    mark = pod["metadata"]["labels"]["pod-template-hash"]
    assert replica_set["metadata"]["name"] == f"web-{mark}"
    assert pod["metadata"]["ownerReferences"][0]["uid"] == replica_set["metadata"]["uid"]
    assert pod["metadata"]["name"].startswith(f"web-{mark}-")
    assert pod["spec"]["nodeName"] == "node-1"
    status = pod["status"]
    assert (status["phase"], condition(pod, "Ready")["status"]) == ("Running", "True")
    assert status["podIP"].startswith("10.244.")
    assert status["containerStatuses"][0]["imageID"] == "registry.example/shop/web@sha256:" + "a" * 64
    assert status["containerStatuses"][0]["state"]["running"]["startedAt"]


def test_a_pods_life_is_told_in_events(kube: Rig) -> None:
    kube.apply(DEPLOYMENTS, deployment())
    kube.wait_rolled_out("web")
    (pod,) = kube.pods(app="web")
    name = pod["metadata"]["name"]
    assert messages(kube, "Scheduled") == {f"Successfully assigned {kube.namespace}/{name} to node-1"}
    assert messages(kube, "Pulling") == {'Pulling image "shop/web:1"'}
    assert messages(kube, "Started") == {"Started container main"}
    assert any(text.startswith("Scaled up replica set web-") for text in messages(kube, "ScalingReplicaSet"))


def test_a_rolling_update_never_has_too_few_or_too_many(kube: Rig) -> None:
    wanted = deployment(replicas=3)
    wanted["spec"]["strategy"] = {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    kube.apply(DEPLOYMENTS, wanted)
    kube.wait_rolled_out("web")
    version = kube.call("GET", kube.path(DEPLOYMENTS))["metadata"]["resourceVersion"]
    with kube.watch(DEPLOYMENTS, resourceVersion=version, timeoutSeconds=2) as events:
        kube.apply(DEPLOYMENTS, template(wanted, image="shop/web:2"))
        kube.wait_rolled_out("web")
        seen = [event["object"]["status"] for event in events]
    assert all(status["availableReplicas"] >= 3 for status in seen)
    assert all(status["replicas"] <= 4 for status in seen)
    assert {container_image(pod) for pod in kube.pods(app="web")} == {"shop/web:2"}
    (old, new) = sorted(kube.list("apps/v1/replicasets"), key=lambda found: found["spec"]["replicas"])
    assert (old["spec"]["replicas"], new["spec"]["replicas"]) == (0, 3)
    assert new["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "2"


def container_image(pod: Json) -> str:
    return str(pod["spec"]["containers"][0]["image"])


def test_going_back_uses_the_old_replica_set(kube: Rig) -> None:
    for image in ("shop/web:1", "shop/web:2", "shop/web:1"):
        kube.apply(DEPLOYMENTS, deployment(image=image))
        done = kube.wait_rolled_out("web")
    assert len(kube.list("apps/v1/replicasets")) == 2
    assert done["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "3"


def test_recreate_ends_the_old_pods_first(kube: Rig) -> None:
    wanted = deployment(replicas=2)
    wanted["spec"]["strategy"] = {"type": "Recreate"}
    kube.apply(DEPLOYMENTS, wanted)
    kube.wait_rolled_out("web")
    kube.apply(DEPLOYMENTS, template(wanted, image="shop/web:2"))
    kube.wait_rolled_out("web")
    assert {container_image(pod) for pod in kube.pods(app="web")} == {"shop/web:2"}


def test_scaling_up_and_down(kube: Rig) -> None:
    for replicas in (1, 4, 2, 0):
        kube.apply(DEPLOYMENTS, deployment(replicas=replicas))
        kube.wait_rolled_out("web")
        kube.until(lambda replicas=replicas: len(kube.list("v1/pods")) == replicas)


def test_a_readiness_probe_is_waited_for(kube: Rig) -> None:
    kube.apply(DEPLOYMENTS, template(deployment(), readinessProbe={"httpGet": {"port": 8080}}))
    kube.wait_rolled_out("web")
    assert condition(kube.pods(app="web")[0], "ContainersReady")["status"] == "True"


def test_an_image_that_cannot_be_pulled(kube: Rig) -> None:
    problem = 'failed to resolve reference "shop/web:2": shop/web:2: not found'
    kube.cluster.set_image_check(lambda image: problem if image == "shop/web:2" else None)
    kube.apply(DEPLOYMENTS, deployment(replicas=2, image="shop/web:1"))
    kube.wait_rolled_out("web")
    kube.apply(DEPLOYMENTS, deployment(replicas=2, image="shop/web:2"))
    assert waiting(waits_for(kube, "ErrImagePull"))["message"] == problem
    pod = waits_for(kube, "ImagePullBackOff")
    assert waiting(pod)["message"] == f'Back-off pulling image "shop/web:2": ErrImagePull: {problem}'
    assert pod["status"]["phase"] == "Pending"
    assert f'Failed to pull image "shop/web:2": {problem}' in messages(kube, "Failed")
    assert {"Error: ErrImagePull", "Error: ImagePullBackOff"} <= messages(kube, "Failed")
    assert 'Back-off pulling image "shop/web:2"' in messages(kube, "BackOff")
    assert kube.get(DEPLOYMENTS, "web")["status"]["availableReplicas"] == 2


def test_an_image_that_can_be_pulled_at_last(kube: Rig) -> None:
    kube.cluster.set_image_check(lambda _image: "unauthorized")
    kube.apply(DEPLOYMENTS, deployment())
    waits_for(kube, "ImagePullBackOff")
    kube.cluster.set_image_check(lambda _image: None)
    kube.wait_rolled_out("web")


def test_a_container_that_crashes(kube: Rig) -> None:
    kube.apply(DEPLOYMENTS, deployment(**play("crash")))
    pod = waits_for(kube, "CrashLoopBackOff")
    name, uid = pod["metadata"]["name"], pod["metadata"]["uid"]
    where = f"{name}_{kube.namespace}({uid})"
    assert waiting(pod)["message"].endswith(f" restarting failed container=main pod={where}")
    ended = pod["status"]["containerStatuses"][0]["lastState"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (1, "Error")
    kube.until(lambda: kube.pods(app="web")[0]["status"]["containerStatuses"][0]["restartCount"] >= 2)
    assert f"Back-off restarting failed container main in pod {where}" in messages(kube, "BackOff")
    assert condition(kube.get(DEPLOYMENTS, "web").body, "Available")["status"] == "False"


def test_a_variable_decides_a_fate_as_well(kube: Rig) -> None:
    variable = {"name": "CLOUDDEPLOY_EMULATOR_PLAY", "value": "crash"}
    kube.apply(DEPLOYMENTS, template(deployment(), env=[variable]))
    waits_for(kube, "CrashLoopBackOff")


def test_a_container_that_never_gets_ready(kube: Rig) -> None:
    wanted = template(deployment(**play("not-ready")), readinessProbe={"httpGet": {"port": 8080}})
    kube.apply(DEPLOYMENTS, wanted)
    text = "Readiness probe failed: HTTP probe failed with statuscode: 503"
    kube.until(lambda: text in messages(kube, "Unhealthy"))
    (pod,) = kube.pods(app="web")
    assert pod["status"]["phase"] == "Running"
    assert condition(pod, "Ready")["message"] == "containers with unready status: [main]"


def test_a_rollout_that_misses_its_deadline(kube: Rig) -> None:
    wanted = deployment(**play("not-ready"))
    wanted["spec"]["progressDeadlineSeconds"] = 1
    kube.apply(DEPLOYMENTS, wanted)
    late = kube.until(
        lambda: condition(kube.get(DEPLOYMENTS, "web").body, "Progressing").get("status") == "False"
    )
    assert late
    found = condition(kube.get(DEPLOYMENTS, "web").body, "Progressing")
    assert found["reason"] == "ProgressDeadlineExceeded"
    assert found["message"].endswith(" has timed out progressing.")


def test_a_secret_that_is_not_there(kube: Rig) -> None:
    source = {"secretKeyRef": {"name": "login", "key": "password"}}
    kube.apply(DEPLOYMENTS, template(deployment(), env=[{"name": "PASSWORD", "valueFrom": source}]))
    pod = waits_for(kube, "CreateContainerConfigError")
    assert waiting(pod)["message"] == 'secret "login" not found'
    assert 'Error: secret "login" not found' in messages(kube, "Failed")
    kube.create("v1/secrets", {"metadata": {"name": "login"}, "stringData": {"user": "me"}})
    text = f"couldn't find key password in Secret {kube.namespace}/login"
    kube.until(lambda: waiting(kube.pods(app="web")[0]).get("message") == text)
    kube.patch("v1/secrets", "login", {"stringData": {"password": "hunter2"}})
    kube.wait_rolled_out("web")


def test_a_fate_of_wrong_configuration(kube: Rig) -> None:
    kube.apply(DEPLOYMENTS, deployment(**play("config-error")))
    assert waiting(waits_for(kube, "CreateContainerConfigError"))["message"] == 'secret "main" not found'


def test_a_pod_that_fits_nowhere(kube: Rig) -> None:
    kube.apply(DEPLOYMENTS, deployment(**play("unschedulable")))
    kube.until(lambda: kube.events("FailedScheduling"))
    (pod,) = kube.pods(app="web")
    assert condition(pod, "PodScheduled")["reason"] == "Unschedulable"
    assert condition(pod, "PodScheduled")["message"].startswith(
        "0/1 nodes are available: 1 Insufficient cpu."
    )


def test_a_missing_service_account_fails_the_replica_set(kube: Rig) -> None:
    wanted = deployment()
    wanted["spec"]["template"]["spec"]["serviceAccountName"] = "robot"
    kube.apply(DEPLOYMENTS, wanted)
    failed = kube.until(lambda: condition(kube.get(DEPLOYMENTS, "web").body, "ReplicaFailure"))
    assert (failed["status"], failed["reason"]) == ("True", "FailedCreate")
    assert 'serviceaccount "robot" not found' in failed["message"]
    kube.create("v1/serviceaccounts", {"metadata": {"name": "robot"}})
    kube.wait_rolled_out("web")


def test_a_load_balancer_gets_a_host_name_after_a_moment(kube: Rig) -> None:
    spec = {"type": "LoadBalancer", "selector": {"app": "web"}, "ports": [{"port": 80}]}
    made = kube.create("v1/services", {"metadata": {"name": "web"}, "spec": spec})
    assert made["status"] == {"loadBalancer": {}}
    kube.until(lambda: kube.get("v1/services", "web")["status"]["loadBalancer"].get("ingress"))


def test_a_service_has_the_addresses_of_its_ready_pods(kube: Rig) -> None:
    spec = {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]}
    kube.create("v1/services", {"metadata": {"name": "web"}, "spec": spec})
    kube.apply(DEPLOYMENTS, deployment(replicas=2))
    kube.wait_rolled_out("web")
    addresses = {pod["status"]["podIP"] for pod in kube.pods(app="web")}

    def ready() -> set[str]:
        slices = kube.list(
            "discovery.k8s.io/v1/endpointslices", labelSelector="kubernetes.io/service-name=web"
        )
        ends = [end for found in slices for end in found["endpoints"] or [] if end["conditions"]["ready"]]
        return {end["addresses"][0] for end in ends}

    kube.until(lambda: ready() == addresses)


def test_a_job_completes_and_a_crashing_one_fails(kube: Rig) -> None:
    for name, fate in {"good": "complete", "bad": "crash"}.items():
        pod = {"containers": [{"name": "main", "image": "shop/migrate:1"}], "restartPolicy": "Never"}
        template = {"metadata": {"annotations": play(fate)}, "spec": pod}
        kube.create(
            "batch/v1/jobs", {"metadata": {"name": name}, "spec": {"template": template, "backoffLimit": 0}}
        )
    done = kube.until(lambda: condition(kube.get("batch/v1/jobs", "good").body, "Complete"))
    failed = kube.until(lambda: condition(kube.get("batch/v1/jobs", "bad").body, "Failed"))
    assert done["status"] == "True"
    assert failed["reason"] == "BackoffLimitExceeded"


def test_a_stateful_set_makes_numbered_pods_with_volumes(kube: Rig) -> None:
    claim = {
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    spec = {**deployment("db")["spec"], "replicas": 2, "serviceName": "db", "volumeClaimTemplates": [claim]}
    kube.create("apps/v1/statefulsets", {"metadata": {"name": "db"}, "spec": spec})
    kube.until(lambda: kube.get("apps/v1/statefulsets", "db")["status"].get("readyReplicas") == 2)
    assert {pod["metadata"]["name"] for pod in kube.pods(app="db")} == {"db-0", "db-1"}
    claims = {found["metadata"]["name"]: found for found in kube.list("v1/persistentvolumeclaims")}
    assert claims.keys() == {"data-db-0", "data-db-1"}
    kube.until(lambda: kube.get("v1/persistentvolumeclaims", "data-db-1")["status"]["phase"] == "Bound")


def test_the_node_is_ready(kube_reader: Rig) -> None:
    node = kube_reader.call("GET", "/api/v1/nodes/node-1").body
    assert condition(node, "Ready")["status"] == "True"
    assert node["status"]["allocatable"]["cpu"] == "8"


def test_logs_of_played_containers(kube_built_in: Rig) -> None:
    kube = kube_built_in
    kube.apply(DEPLOYMENTS, deployment("good"))
    kube.apply(
        DEPLOYMENTS,
        deployment("bad", **play("crash"), **{"emulator.clouddeploy.dev/log": "a\npanic: no database"}),
    )
    kube.wait_rolled_out("good")
    pod = waits_for(kube, "CrashLoopBackOff", "bad")["metadata"]["name"]
    path = kube.path("v1/pods", f"{pod}/log")
    assert kube.call("GET", path).body == "a\npanic: no database\n"
    assert kube.call("GET", path, tailLines=1).body == "panic: no database\n"
    good = kube.pods(app="good")[0]["metadata"]["name"]
    assert kube.call("GET", kube.path("v1/pods", f"{good}/log")).body == "main: starting\nmain: ready\n"
    refused = kube.call("GET", kube.path("v1/pods", f"{good}/log"), container="other")
    assert (refused.code, refused.message) == (400, f"container other is not valid for pod {good}")
    refused = kube.call("GET", kube.path("v1/pods", f"{good}/log"), previous="true")
    assert refused.message == f'previous terminated container "main" in pod "{good}" not found'


def test_a_container_that_waits_has_no_log(kube_built_in: Rig) -> None:
    kube = kube_built_in
    kube.cluster.set_image_check(lambda _image: "unauthorized")
    kube.apply(DEPLOYMENTS, deployment())
    name = waits_for(kube, "ImagePullBackOff")["metadata"]["name"]
    refused = kube.call("GET", kube.path("v1/pods", f"{name}/log"))
    assert refused.code == 400
    assert refused.message == f'container "main" in pod "{name}" is trying and failing to pull image'


def test_a_real_api_server_without_a_kubelet_has_no_logs(kube: Rig) -> None:
    if kube.cluster.kind == "built-in":
        return
    kube.apply(DEPLOYMENTS, deployment())
    kube.wait_rolled_out("web")
    name = kube.pods(app="web")[0]["metadata"]["name"]
    assert kube.call("GET", kube.path("v1/pods", f"{name}/log")).code >= 500
