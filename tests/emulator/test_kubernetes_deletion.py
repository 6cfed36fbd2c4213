"""Deletes, finalizers, garbage collection and the end of namespaces."""

from __future__ import annotations

from tests.emulator.kube_rig import DEPLOYMENTS, JSON_PATCH, Json, Rig, config_map, deployment


def owned_by(owner: Json, name: str, *, block: bool = False) -> Json:
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": owner["metadata"]["name"]}
    reference |= {"uid": owner["metadata"]["uid"], "blockOwnerDeletion": block}
    return {"metadata": {"name": name, "ownerReferences": [reference]}}


def test_a_deleted_object_is_gone(kube: Rig) -> None:
    uid = kube.create("v1/configmaps", config_map())["metadata"]["uid"]
    gone = kube.delete("v1/configmaps", "settings")
    assert gone["status"] == "Success"
    assert gone["details"] == {"name": "settings", "kind": "configmaps", "uid": uid}
    assert kube.delete("v1/configmaps", "settings").message == 'configmaps "settings" not found'


def test_a_delete_can_insist_on_an_identity(kube: Rig) -> None:
    kube.create("v1/configmaps", config_map())
    refused = kube.delete("v1/configmaps", "settings", preconditions={"uid": "another"})
    assert refused.code == 409
    assert "the UID in the precondition (another) does not match the UID in record" in refused.message


def test_a_finalizer_holds_an_object_back(kube: Rig) -> None:
    kube.create("v1/configmaps", {"metadata": {"name": "settings", "finalizers": ["example.com/hold"]}})
    waiting = kube.delete("v1/configmaps", "settings")
    assert "deletionTimestamp" in waiting["metadata"]
    assert kube.get("v1/configmaps", "settings").code == 200
    kube.patch("v1/configmaps", "settings", [{"op": "remove", "path": "/metadata/finalizers"}], JSON_PATCH)
    assert kube.get("v1/configmaps", "settings").code == 404


def test_what_lost_its_owner_is_collected(kube: Rig) -> None:
    owner = kube.create("v1/configmaps", config_map("owner")).body
    kube.create("v1/secrets", owned_by(owner, "secret"))
    kube.create(DEPLOYMENTS, deployment(replicas=2))
    kube.wait_rolled_out("web")
    kube.delete(DEPLOYMENTS, "web", propagationPolicy="Background")
    kube.delete("v1/configmaps", "owner", propagationPolicy="Foreground")
    kube.wait_gone("v1/configmaps", "owner")
    kube.until(lambda: not kube.list("apps/v1/replicasets") and not kube.list("v1/pods"))
    kube.wait_gone("v1/secrets", "secret")


def test_foreground_deletion_waits_for_the_dependents(kube: Rig) -> None:
    kube.create(DEPLOYMENTS, deployment(replicas=2))
    kube.wait_rolled_out("web")
    waiting = kube.delete(DEPLOYMENTS, "web", propagationPolicy="Foreground")
    assert waiting["metadata"]["finalizers"] == ["foregroundDeletion"]
    kube.wait_gone(DEPLOYMENTS, "web")
    assert not kube.list("apps/v1/replicasets")
    assert not kube.list("v1/pods")


def test_orphans_stay(kube: Rig) -> None:
    kube.create(DEPLOYMENTS, deployment(replicas=1))
    kube.wait_rolled_out("web")
    kube.delete(DEPLOYMENTS, "web", propagationPolicy="Orphan")
    kube.wait_gone(DEPLOYMENTS, "web")
    (left,) = kube.list("apps/v1/replicasets")
    assert not left["metadata"].get("ownerReferences")
    assert kube.pods(app="web")


def test_a_namespace_takes_its_content_with_it(kube: Rig) -> None:
    name = f"{kube.namespace}-doomed"
    kube.call("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    path = f"/api/v1/namespaces/{name}"
    kube.until(lambda: kube.call("GET", f"{path}/serviceaccounts/default").code == 200)
    kube.call("POST", f"/apis/apps/v1/namespaces/{name}/deployments", deployment(replicas=1))
    kube.call("POST", f"{path}/configmaps", config_map())
    dying = kube.call("DELETE", path)
    assert dying["status"]["phase"] == "Terminating"
    kube.until(lambda: kube.call("GET", path).code == 404)
    assert kube.call("GET", f"{path}/configmaps")["items"] == []


def test_nothing_new_comes_into_a_dying_namespace(kube: Rig) -> None:
    name = f"{kube.namespace}-held"
    path = f"/api/v1/namespaces/{name}"
    kube.call("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    held = {"metadata": {"name": "held", "finalizers": ["example.com/hold"]}}
    kube.call("POST", f"{path}/configmaps", held)
    kube.call("DELETE", path)
    refused = kube.call("POST", f"{path}/configmaps", config_map())
    assert refused.code == 403
    assert refused.message == (
        f'configmaps "settings" is forbidden: unable to create new content in namespace {name} '
        "because it is being terminated"
    )
    assert refused["details"]["causes"][0]["reason"] == "NamespaceTerminating"
    kube.until(lambda: "deletionTimestamp" in kube.call("GET", f"{path}/configmaps/held")["metadata"])
    change = [{"op": "remove", "path": "/metadata/finalizers"}]
    kube.call("PATCH", f"{path}/configmaps/held", change, JSON_PATCH)
    kube.until(lambda: kube.call("GET", path).code == 404)


def test_default_namespaces_cannot_be_deleted(kube: Rig) -> None:
    refused = kube.call("DELETE", "/api/v1/namespaces/default")
    assert refused.message == 'namespaces "default" is forbidden: this namespace may not be deleted'


def test_every_namespace_has_an_account_and_the_ca(kube: Rig) -> None:
    for name in ("default", "kube-system", "kube-public", "kube-node-lease", kube.namespace):
        path = f"/api/v1/namespaces/{name}"
        kube.until(lambda path=path: kube.call("GET", f"{path}/configmaps/kube-root-ca.crt").code == 200)
        assert kube.call("GET", f"{path}/serviceaccounts/default").code == 200
    root = kube.get("v1/configmaps", "kube-root-ca.crt")
    assert root["data"]["ca.crt"] == kube.cluster.ca
