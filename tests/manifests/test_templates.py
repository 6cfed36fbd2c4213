"""A project's own templates: they win file by file, and mistakes are shown where they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clouddeploy.errors import ConfigError
from tests.manifests.samples import WEB, WORKER, make_app, objects, one

HEAD = "apiVersion: v1\nkind: Service\nmetadata:\n  name: {{ service.name }}\n"


def rendered(folder: Path, name: str, text: str) -> list[dict[str, Any]]:
    (folder / name).write_text(text)
    return objects(make_app(WEB, templates=folder))


def refused(folder: Path, text: str, name: str = "service.yaml.j2") -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        rendered(folder, name, text)
    assert "nothing was changed" in caught.value.message
    assert caught.value.fix
    return caught.value


def test_a_template_replaces_ours_of_the_same_name_only(tmp_path: Path) -> None:
    found = rendered(tmp_path, "service.yaml.j2", HEAD + "spec: {clusterIP: None}\n")
    assert one(found, "Service")["spec"] == {"clusterIP": "None"}
    assert one(found, "Deployment")["spec"]["replicas"] == 3


def test_a_template_can_extend_one_block_of_ours(tmp_path: Path) -> None:
    text = (
        '{% extends "clouddeploy/deployment.yaml.j2" %}\n'
        "{% block pod %}\n{{ super() }}\n      priorityClassName: {{ app }}\n{% endblock %}\n"
    )
    pod = one(rendered(tmp_path, "deployment.yaml.j2", text), "Deployment")["spec"]["template"]["spec"]
    assert pod["priorityClassName"] == "shop"
    assert pod["serviceAccountName"] == "shop"
    assert pod["containers"][0]["name"] == "web"


def test_the_example_in_the_documentation_works(tmp_path: Path) -> None:
    document = (Path(__file__).parents[2] / "docs" / "templates.md").read_text()
    text = document.partition("```jinja\n")[2].partition("```")[0]
    found = rendered(tmp_path, "deployment.yaml.j2", text)
    assert one(found, "Deployment")["spec"]["template"]["spec"]["priorityClassName"] == "high"


def test_a_macro_writes_yaml_as_the_template_does(tmp_path: Path) -> None:
    macro = "{% macro ports(number) %}[{port: {{ number }}}]{% endmacro %}\n"
    found = rendered(
        tmp_path, "service.yaml.j2", macro + HEAD + "spec:\n  ports: {{ ports(service.port) }}\n"
    )
    assert one(found, "Service")["spec"] == {"ports": [{"port": 8080}]}


@pytest.mark.parametrize("name", ["safe", "e", "tojson"])
def test_no_filter_lets_a_value_pass_for_yaml(tmp_path: Path, name: str) -> None:
    error = refused(tmp_path, HEAD + "spec: {{ service.name | " + name + " }}\n")
    assert "service.yaml.j2:5:" in error.message
    assert f"No filter named '{name}'\n" in error.message


def test_a_template_that_renders_to_nothing_makes_no_object(tmp_path: Path) -> None:
    found = rendered(tmp_path, "ingress.yaml.j2", "{# none here #}\n \n")
    assert "Ingress" not in [each["kind"] for each in found]


def test_a_template_can_make_several_objects(tmp_path: Path) -> None:
    second = HEAD.replace("{{ service.name }}", '{{ service.name ~ "-headless" }}')
    found = rendered(tmp_path, "service.yaml.j2", f"{HEAD}---\n{second}---\n")
    assert [each["metadata"]["name"] for each in found if each["kind"] == "Service"] == [
        "web",
        "web-headless",
    ]


def test_other_files_of_the_folder_can_be_included(tmp_path: Path) -> None:
    (tmp_path / "ports.j2").write_text("  ports: [{port: {{ service.port }}}]\n")
    found = rendered(tmp_path, "service.yaml.j2", HEAD + 'spec:\n{% include "ports.j2" %}')
    assert one(found, "Service")["spec"] == {"ports": [{"port": 8080}]}


def test_our_labels_win_over_a_templates(tmp_path: Path) -> None:
    labels = "  labels: {team: a, app.kubernetes.io/managed-by: somebody}\n"
    metadata = one(rendered(tmp_path, "service.yaml.j2", HEAD + labels), "Service")["metadata"]
    assert metadata["labels"]["app.kubernetes.io/managed-by"] == "clouddeploy"
    assert metadata["labels"]["team"] == "a"


class TestMistakes:
    """Every error names the file, the line and what is wrong with it."""

    def test_an_unknown_variable_names_the_nearest(self, tmp_path: Path) -> None:
        error = refused(tmp_path, HEAD + "spec: {{ servce.port }}\n")
        assert "service.yaml.j2:5:10: " in error.message
        assert '"servce" is undefined (did you mean "service"?)' in error.message
        assert "5 | spec: {{ servce.port }}\n    |          ^" in error.message

    def test_an_unknown_key_of_a_value_names_the_nearest(self, tmp_path: Path) -> None:
        error = refused(tmp_path, HEAD + "spec:\n  replicas: {{ service.replica }}\n")
        assert '"replica" is undefined (did you mean "replicas"?)' in error.message
        assert "service.yaml.j2:6:" in error.message

    def test_a_syntax_error(self, tmp_path: Path) -> None:
        error = refused(tmp_path, HEAD + "{% if service.port %}\n")
        assert "service.yaml.j2:5:1: " in error.message
        assert "endif" in error.message

    def test_wrong_yaml_points_at_the_templates_line(self, tmp_path: Path) -> None:
        error = refused(
            tmp_path, "{# a comment #}\n{% if true %}\n" + HEAD + "spec: {a: {{ app }}\nb: c\n{% endif %}"
        )
        assert "service.yaml.j2:8:" in error.message

    @pytest.mark.parametrize(
        "text", ["  x: a-{{ app }}\n", '  x: "a {{ app }}"\n', "  x: {{ app }}{{ app }}\n"]
    )
    def test_an_expression_must_be_a_whole_value(self, tmp_path: Path, text: str) -> None:
        error = refused(tmp_path, HEAD + "spec:\n" + text)
        assert "service.yaml.j2:6:" in error.message

    def test_a_part_of_a_value_is_explained(self, tmp_path: Path) -> None:
        error = refused(tmp_path, HEAD + "spec:\n  x: a-{{ app }}\n")
        assert "join text inside it, as in {{ 'api-' ~ service.name }}" in error.message

    def test_a_key_twice(self, tmp_path: Path) -> None:
        error = refused(tmp_path, HEAD + "kind: Service\n")
        assert "the key kind appears twice" in error.message
        assert "service.yaml.j2:5:1: " in error.message

    def test_two_expressions_that_give_the_same_key(self, tmp_path: Path) -> None:
        error = refused(tmp_path, HEAD + "spec:\n  {{ app }}: 1\n  {{ app }}: 2\n")
        assert "the key shop appears twice" in error.message

    def test_anchors_cannot_blow_up(self, tmp_path: Path) -> None:
        error = refused(tmp_path, HEAD + "spec: {a: &x [1], b: *x}\n")
        assert "anchors and aliases are not allowed" in error.message

    @pytest.mark.parametrize(
        ("value", "reason"),
        [
            ("2026-01-01", "reads as a date: put it in quotes"),
            ("{{ service.items }}", "cannot be written as YAML"),
            ("{{ cycler }}", "cannot be written as YAML"),
        ],
    )
    def test_values_that_json_does_not_know(self, tmp_path: Path, value: str, reason: str) -> None:
        assert reason in refused(tmp_path, HEAD + f"spec: {value}\n").message

    def test_a_number_as_a_key(self, tmp_path: Path) -> None:
        assert "a key must be text, not 80" in refused(tmp_path, HEAD + "spec: {80: a}\n").message

    def test_python_is_out_of_reach(self, tmp_path: Path) -> None:
        error = refused(tmp_path, HEAD + "spec: {{ service.__class__.__mro__ }}\n")
        assert "service.yaml.j2:5:" in error.message

    def test_files_outside_are_out_of_reach(self, tmp_path: Path) -> None:
        error = refused(tmp_path, HEAD + '{% include "../../etc/passwd" %}\n')
        assert "there is no template" in error.message

    def test_a_misspelt_template_is_not_silently_unused(self, tmp_path: Path) -> None:
        error = refused(tmp_path, HEAD, "deploymnt.yaml.j2")
        assert '(did you mean "deployment.yaml.j2"?)' in error.message


class TestObjects:
    """What a template may make."""

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("just text", "this is no Kubernetes object"),
            (
                "{apiVersion: v1, kind: Secret, metadata: {name: a}}",
                'kind "Secret" is not one that clouddeploy',
            ),
            ("{apiVersion: v1, kind: [a], metadata: {name: a}}", "is not one that clouddeploy"),
            ("{apiVersion: v2, kind: Service, metadata: {name: a}}", "must be v1"),
            ("{apiVersion: v1, kind: Service, metadata: {}}", "has no metadata.name"),
            (
                "{apiVersion: v1, kind: Service, metadata: {name: a, namespace: kube-system}}",
                "is not the target's",
            ),
            ("{apiVersion: v1, kind: Service, metadata: {name: a, labels: [x]}}", "labels must be a mapping"),
            ("{apiVersion: v1, kind: Namespace, metadata: {name: other}}", "the namespace must be shop"),
            ("{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}}", "has no spec.template"),
        ],
    )
    def test_what_is_refused(self, tmp_path: Path, text: str, reason: str) -> None:
        error = refused(tmp_path, text)
        assert reason in error.message
        assert "service.yaml.j2:1:" in error.message

    def test_two_objects_of_one_name(self, tmp_path: Path) -> None:
        (tmp_path / "service.yaml.j2").write_text("apiVersion: v1\nkind: Service\nmetadata: {name: same}\n")
        with pytest.raises(ConfigError, match="two templates make Service/same") as caught:
            objects(make_app(WEB, WORKER, templates=tmp_path))
        assert caught.value.fix
