"""Server-side apply, the same on a real kube-apiserver and on the small one."""

from __future__ import annotations

from tests.emulator.kube_rig import DEPLOYMENTS, Json, Rig, config_map, container, deployment


def entries(obj: Json, operation: str = "Apply") -> dict[str, Json]:
    """managedFields by manager."""
    found = obj["metadata"].get("managedFields", [])
    return {entry["manager"]: entry for entry in found if entry["operation"] == operation}


def test_the_first_apply_creates_the_object_and_records_its_fields(kube: Rig) -> None:
    made = kube.apply("v1/configmaps", config_map(color="blue"), "deployer")
    assert made.code == 201
    entry = entries(made.body)["deployer"]
    assert entry["apiVersion"] == "v1"
    assert entry["fieldsType"] == "FieldsV1"
    assert entry["fieldsV1"] == {"f:data": {"f:color": {}}}


def test_lists_are_recorded_by_the_keys_of_their_items(kube: Rig) -> None:
    made = kube.apply(DEPLOYMENTS, deployment())
    assert entries(made.body)["rig"]["fieldsV1"] == {
        "f:spec": {
            "f:replicas": {},
            "f:selector": {},
            "f:template": {
                "f:metadata": {"f:labels": {"f:app": {}}},
                "f:spec": {
                    "f:containers": {
                        'k:{"name":"main"}': {
                            ".": {},
                            "f:image": {},
                            "f:name": {},
                            "f:ports": {
                                'k:{"containerPort":8080,"protocol":"TCP"}': {".": {}, "f:containerPort": {}}
                            },
                        }
                    }
                },
            },
        }
    }


def test_created_objects_record_what_was_defaulted_too(kube: Rig) -> None:
    made = kube.create("v1/services", service())
    fields = entries(made.body, "Update")["rig"]["fieldsV1"]
    assert fields == {
        "f:spec": {
            "f:internalTrafficPolicy": {},
            "f:ports": {
                ".": {},
                'k:{"port":80,"protocol":"TCP"}': {
                    ".": {},
                    "f:port": {},
                    "f:protocol": {},
                    "f:targetPort": {},
                },
            },
            "f:selector": {},
            "f:sessionAffinity": {},
            "f:type": {},
        }
    }


def test_applying_the_same_again_changes_nothing(kube: Rig) -> None:
    kube.apply("v1/configmaps", config_map(color="blue"))
    before = kube.get("v1/configmaps", "settings").body
    again = kube.apply("v1/configmaps", config_map(color="blue"))
    assert again.code == 200
    assert again.body == before


def test_applying_the_same_deployment_again_keeps_its_version_and_generation(kube: Rig) -> None:
    kube.apply(DEPLOYMENTS, deployment(replicas=0))
    kube.wait_rolled_out("web")
    before = kube.get(DEPLOYMENTS, "web")["metadata"]
    after = kube.apply(DEPLOYMENTS, deployment(replicas=0))["metadata"]
    assert after == before


def test_a_changed_spec_counts_as_a_generation_and_a_label_does_not(kube: Rig) -> None:
    wanted = deployment(replicas=0)
    kube.apply(DEPLOYMENTS, wanted)
    wanted["metadata"]["labels"] = {"tier": "front"}
    kube.wait_rolled_out("web")
    before = kube.get(DEPLOYMENTS, "web")["metadata"]["generation"]
    assert kube.apply(DEPLOYMENTS, wanted)["metadata"]["generation"] == before
    wanted["spec"]["paused"] = True
    assert kube.apply(DEPLOYMENTS, wanted)["metadata"]["generation"] == before + 1


def test_another_managers_field_is_a_conflict_that_names_manager_and_field(kube: Rig) -> None:
    kube.apply(DEPLOYMENTS, deployment(image="shop/web:1"), "alice")
    refused = kube.apply(DEPLOYMENTS, deployment(image="shop/web:2"), "bob")
    field = '.spec.template.spec.containers[name="main"].image'
    assert refused.code == 409
    assert refused["reason"] == "Conflict"
    assert refused.message == f'Apply failed with 1 conflict: conflict with "alice": {field}'
    assert refused["details"] == {
        "causes": [{"reason": "FieldManagerConflict", "message": 'conflict with "alice"', "field": field}]
    }


def test_conflicts_are_listed_by_manager(kube: Rig) -> None:
    kube.apply("v1/configmaps", config_map(a="1", b="1"), "alice")
    kube.patch("v1/configmaps", "settings", {"data": {"c": "1"}}, fieldManager="carol")
    refused = kube.apply("v1/configmaps", config_map(a="2", b="2", c="2"), "bob")
    assert refused.message == (
        'Apply failed with 3 conflicts: conflicts with "alice":\n- .data.a\n- .data.b\n'
        'conflicts with "carol" using v1:\n- .data.c'
    )


def test_a_scale_by_someone_else_is_a_conflict_with_its_subresource(kube: Rig) -> None:
    kube.apply(DEPLOYMENTS, deployment(replicas=0))
    scale = kube.path(DEPLOYMENTS, "web/scale")
    kube.call(
        "PATCH", scale, {"spec": {"replicas": 2}}, "application/merge-patch+json", fieldManager="scaler"
    )
    refused = kube.apply(DEPLOYMENTS, deployment(replicas=0))
    assert refused.message == (
        'Apply failed with 1 conflict: conflict with "scaler" with subresource "scale" '
        "using apps/v1: .spec.replicas"
    )


def test_equal_values_make_both_managers_owners(kube: Rig) -> None:
    kube.apply("v1/configmaps", config_map(color="blue"), "alice")
    both = kube.apply("v1/configmaps", config_map(color="blue"), "bob")
    assert both.code == 200
    assert entries(both.body)["alice"]["fieldsV1"] == entries(both.body)["bob"]["fieldsV1"]


def test_force_takes_the_field_away_from_its_owner(kube: Rig) -> None:
    kube.apply("v1/configmaps", config_map(color="blue", size="1"), "alice")
    forced = kube.apply("v1/configmaps", config_map(color="red"), "bob", force="true")
    assert forced["data"] == {"color": "red", "size": "1"}
    assert entries(forced.body)["alice"]["fieldsV1"] == {"f:data": {"f:size": {}}}
    assert entries(forced.body)["bob"]["fieldsV1"] == {"f:data": {"f:color": {}}}


def test_a_field_that_is_no_longer_applied_goes(kube: Rig) -> None:
    kube.apply("v1/configmaps", config_map(color="blue", size="1"))
    assert kube.apply("v1/configmaps", config_map(color="blue"))["data"] == {"color": "blue"}


def test_a_field_that_another_manager_has_too_stays(kube: Rig) -> None:
    kube.apply("v1/configmaps", config_map(color="blue", size="1"), "alice")
    kube.apply("v1/configmaps", config_map(size="1"), "bob")
    assert kube.apply("v1/configmaps", config_map(color="blue"), "alice")["data"] == {
        "color": "blue",
        "size": "1",
    }


def test_a_map_whose_entries_are_all_withdrawn_goes(kube: Rig) -> None:
    kube.apply("v1/configmaps", config_map(labels={"a": "b"}, color="blue"))
    bare = kube.apply(
        "v1/configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}}
    )
    assert "data" not in bare.body
    assert "labels" not in bare["metadata"]
    assert not entries(bare.body)


def test_a_withdrawn_field_with_a_default_gets_its_default(kube: Rig) -> None:
    kube.apply(DEPLOYMENTS, deployment(replicas=3))
    assert kube.apply(DEPLOYMENTS, deployment(replicas=None))["spec"]["replicas"] == 1


def test_containers_of_several_managers_live_side_by_side(kube: Rig) -> None:
    kube.apply(DEPLOYMENTS, deployment(replicas=0), "alice")
    sidecar = deployment(replicas=None)
    sidecar["spec"]["template"]["spec"]["containers"] = [{"name": "sidecar", "image": "proxy:1"}]
    both = kube.apply(DEPLOYMENTS, sidecar, "bob")
    assert [c["name"] for c in both["spec"]["template"]["spec"]["containers"]] == ["main", "sidecar"]
    back = kube.apply(DEPLOYMENTS, {**sidecar, "spec": deployment(replicas=None)["spec"]}, "bob")
    assert [c["name"] for c in back["spec"]["template"]["spec"]["containers"]] == ["main"]


def test_environment_variables_merge_by_name(kube: Rig) -> None:
    wanted = deployment(replicas=0)
    wanted["spec"]["template"]["spec"]["containers"][0]["env"] = [
        {"name": "A", "value": "1"},
        {"name": "B", "value": "1"},
        {"name": "C", "value": "1"},
    ]
    kube.apply(DEPLOYMENTS, wanted)
    wanted["spec"]["template"]["spec"]["containers"][0]["env"] = [
        {"name": "C", "value": "2"},
        {"name": "A", "value": "1"},
        {"name": "D", "value": "1"},
    ]
    changed = kube.apply(DEPLOYMENTS, wanted)
    assert container(changed.body)["env"] == wanted["spec"]["template"]["spec"]["containers"][0]["env"]


def test_service_ports_are_told_apart_by_port_and_protocol(kube: Rig) -> None:
    wanted = service()
    wanted["spec"]["ports"] = [
        {"name": "dns", "port": 53, "protocol": "UDP"},
        {"name": "dns-tcp", "port": 53, "protocol": "TCP"},
    ]
    kube.apply("v1/services", wanted)
    wanted["spec"]["ports"].pop()
    left = kube.apply("v1/services", wanted)
    assert [(p["name"], p["protocol"]) for p in left["spec"]["ports"]] == [("dns", "UDP")]


def test_atomic_lists_are_replaced_as_a_whole(kube: Rig) -> None:
    wanted = deployment(replicas=0)
    wanted["spec"]["template"]["spec"]["containers"][0]["args"] = ["a", "b"]
    kube.apply(DEPLOYMENTS, wanted)
    wanted["spec"]["template"]["spec"]["containers"][0]["args"] = ["c"]
    assert container(kube.apply(DEPLOYMENTS, wanted).body)["args"] == ["c"]


def test_an_update_takes_over_what_it_changes(kube: Rig) -> None:
    kube.apply("v1/configmaps", config_map(color="blue", size="1"), "alice")
    changed = kube.patch("v1/configmaps", "settings", {"data": {"color": "red"}}, fieldManager="bob")
    assert entries(changed.body)["alice"]["fieldsV1"] == {"f:data": {"f:size": {}}}
    assert entries(changed.body, "Update")["bob"]["fieldsV1"] == {"f:data": {"f:color": {}}}


def test_an_address_that_the_api_server_gave_survives_an_apply(kube: Rig) -> None:
    made = kube.apply("v1/services", service())
    again = kube.apply("v1/services", {**service(), "metadata": {"name": "web", "labels": {"a": "b"}}})
    assert again["spec"]["clusterIP"] == made["spec"]["clusterIP"]


def test_dry_run_shows_the_result_and_keeps_nothing(kube: Rig) -> None:
    shown = kube.apply(DEPLOYMENTS, deployment(), dryRun="All")
    assert shown.code == 201
    assert shown["spec"]["strategy"]["type"] == "RollingUpdate"
    assert kube.get(DEPLOYMENTS, "web").code == 404


def test_dry_run_of_a_change_keeps_nothing_either(kube: Rig) -> None:
    kube.apply("v1/configmaps", config_map(color="blue"))
    assert kube.apply("v1/configmaps", config_map(color="red"), dryRun="All")["data"] == {"color": "red"}
    assert kube.get("v1/configmaps", "settings")["data"] == {"color": "blue"}


def test_apply_needs_a_field_manager(kube: Rig) -> None:
    path = kube.path("v1/configmaps", "settings")
    refused = kube.call("PATCH", path, config_map(), "application/apply-patch+yaml")
    assert refused.code == 422
    assert refused.message == (
        'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch'
    )


def test_a_field_that_the_schema_lacks_is_refused(kube: Rig) -> None:
    wanted = deployment()
    wanted["spec"]["replica"] = 1
    refused = kube.apply(DEPLOYMENTS, wanted)
    assert refused.code == 500
    assert refused.message.endswith(".spec.replica: field not declared in schema")


def test_the_name_in_the_body_must_be_the_one_in_the_path(kube: Rig) -> None:
    path = kube.path("v1/configmaps", "other")
    refused = kube.call("PATCH", path, config_map(), "application/apply-patch+yaml", fieldManager="rig")
    assert refused.code == 400
    assert refused.message == "the name of the object (settings) does not match the name on the URL (other)"


def test_managed_fields_cannot_be_applied(kube: Rig) -> None:
    wanted = config_map()
    wanted["metadata"]["managedFields"] = []
    refused = kube.apply("v1/configmaps", {**wanted, "metadata": {"name": "settings", "managedFields": [{}]}})
    assert (refused.code, refused.message) == (400, "metadata.managedFields must be nil")


def test_yaml_is_read_as_well_as_json(kube: Rig) -> None:
    body = b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  color: blue\n"
    path = kube.path("v1/configmaps", "settings")
    made = kube.call("PATCH", path, body, "application/apply-patch+yaml", fieldManager="rig")
    assert made["data"] == {"color": "blue"}


def service() -> Json:
    spec = {"selector": {"app": "web"}, "ports": [{"port": 80}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": spec}
