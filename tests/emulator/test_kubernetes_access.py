"""Who may do what."""

from __future__ import annotations

import urllib3

from tests.emulator.kube_rig import Rig, config_map


def test_a_member_of_system_masters_may_do_everything(kube_reader: Rig) -> None:
    assert kube_reader.call("GET", "/api/v1/nodes").code == 200


def test_a_token_that_nobody_knows_is_unauthorized(kube_reader: Rig) -> None:
    refused = kube_reader.call("GET", "/api/v1/pods", token="stolen")
    assert refused.body == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": "Unauthorized",
        "reason": "Unauthorized",
        "code": 401,
    }


def test_others_are_forbidden_in_the_api_servers_words(kube_reader: Rig) -> None:
    refused = kube_reader.call("GET", kube_reader.path("apps/v1/deployments"), token="guest-token")
    assert (refused.code, refused["reason"]) == (403, "Forbidden")
    assert refused.message == (
        'deployments.apps is forbidden: User "bob" cannot list resource "deployments" '
        f'in API group "apps" in the namespace "{kube_reader.namespace}"'
    )
    assert refused["details"] == {"group": "apps", "kind": "deployments"}


def test_the_verb_and_the_name_are_told(kube_reader: Rig) -> None:
    path = kube_reader.path("v1/configmaps", "settings")
    refused = kube_reader.call("DELETE", path, token="guest-token")
    assert refused.message == (
        'configmaps "settings" is forbidden: User "bob" cannot delete resource "configmaps" '
        f'in API group "" in the namespace "{kube_reader.namespace}"'
    )
    refused = kube_reader.call("POST", kube_reader.path("v1/configmaps"), config_map(), token="guest-token")
    assert 'cannot create resource "configmaps"' in refused.message
    refused = kube_reader.call("GET", "/api/v1/nodes", token="guest-token")
    assert refused.message == (
        'nodes is forbidden: User "bob" cannot list resource "nodes" in API group "" at the cluster scope'
    )


def test_nobody_is_anonymous_and_may_only_see_health_and_version(kube_reader: Rig) -> None:
    refused = kube_reader.call("GET", "/api/v1/nodes", token=None)
    assert refused.code == 403
    assert 'User "system:anonymous" cannot list resource "nodes"' in refused.message
    assert kube_reader.call("GET", "/version", token=None).code == 200


def test_a_user_may_ask_who_they_are_and_what_they_may(kube_reader: Rig) -> None:
    wanted = {"spec": {"resourceAttributes": {"verb": "create", "resource": "pods"}}}
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    assert kube_reader.call("POST", path, wanted)["status"]["allowed"] is True
    assert kube_reader.call("POST", path, wanted, token="guest-token")["status"]["allowed"] is False
    me = kube_reader.call(
        "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {}, token="guest-token"
    )
    assert me["status"]["userInfo"]["username"] == "bob"
    assert "developers" in me["status"]["userInfo"]["groups"]


def test_the_administrators_certificate_opens_the_door(kube_reader: Rig, tmp_path: object) -> None:
    credential = kube_reader.cluster.admin.credential()
    certificate, key = kube_reader.ca.with_name("admin.crt"), kube_reader.ca.with_name("admin.key")
    certificate.write_text(credential.certificate)
    key.write_text(credential.key.reveal())
    with urllib3.PoolManager(
        ca_certs=str(kube_reader.ca), cert_file=str(certificate), key_file=str(key)
    ) as pool:
        assert pool.request("GET", f"{kube_reader.cluster.url}/api/v1/nodes").status == 200
