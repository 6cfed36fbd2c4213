"""What users get wrong, in the words of kube-apiserver 1.36."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.emulator.kube_rig import DEPLOYMENTS, Json, Rig, config_map, deployment

SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
    "start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start "
    "and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
MAIN = "spec.template.spec.containers[0]"


def main(**changes: Any) -> Callable[[Json], None]:
    """Changes the container; None takes a field away."""

    def change(obj: Json) -> None:
        container = obj["spec"]["template"]["spec"]["containers"][0]
        for name, value in changes.items():
            container.pop(name, None) if value is None else container.update({name: value})

    return change


def spec(**changes: Any) -> Callable[[Json], None]:
    return lambda obj: obj["spec"].update(changes)


def metadata(**changes: Any) -> Callable[[Json], None]:
    return lambda obj: obj["metadata"].update(changes)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (metadata(name="Web_App"), f'metadata.name: Invalid value: "Web_App": {SUBDOMAIN}'),
        (metadata(name=""), "metadata.name: Required value: name or generateName is required"),
        (main(image=None), f"{MAIN}.image: Required value"),
        (main(name=None), f"{MAIN}.name: Required value"),
        (main(name="A_b"), f'{MAIN}.name: Invalid value: "A_b": {LABEL}'),
        (
            main(ports=[{"containerPort": 70000}]),
            f"{MAIN}.ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive",
        ),
        (main(ports=[{"containerPort": 0}]), f"{MAIN}.ports[0].containerPort: Required value"),
        (
            main(ports=[{"containerPort": 80, "name": "http"}, {"containerPort": 81, "name": "http"}]),
            f'{MAIN}.ports[1].name: Duplicate value: "http"',
        ),
        (
            main(ports=[{"containerPort": 80, "name": "much-too-long-name"}]),
            f'{MAIN}.ports[0].name: Invalid value: "much-too-long-name": must be no more than 15 characters',
        ),
        (
            main(env=[{"name": "A=B", "value": "1"}]),
            f'{MAIN}.env[0].name: Invalid value: "A=B": a valid environment variable name must consist '
            "only of printable ASCII characters other than '='",
        ),
        (
            main(volumeMounts=[{"name": "data", "mountPath": "/data"}]),
            f'{MAIN}.volumeMounts[0].name: Not found: "data"',
        ),
        (
            main(resources={"requests": {"cpu": "2"}, "limits": {"cpu": "1"}}),
            f'{MAIN}.resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
        ),
        (
            main(imagePullPolicy="Sometimes"),
            f'{MAIN}.imagePullPolicy: Unsupported value: "Sometimes": supported values: '
            '"Always", "IfNotPresent", "Never"',
        ),
        (
            main(livenessProbe={"httpGet": {"port": 99999}}),
            f"{MAIN}.livenessProbe.httpGet.port: Invalid value: 99999: "
            "must be between 1 and 65535, inclusive",
        ),
        (main(readinessProbe={}), f"{MAIN}.readinessProbe: Required value: must specify a handler type"),
        (spec(replicas=-1), "spec.replicas: Invalid value: -1: must be greater than or equal to 0"),
        (
            spec(selector={"matchLabels": {"app": "other"}}),
            'spec.template.metadata.labels: Invalid value: {"app":"web"}: '
            "`selector` does not match template `labels`",
        ),
        (
            spec(strategy={"type": "Sudden"}),
            'spec.strategy: Unsupported value: {"Type":"Sudden","RollingUpdate":null}: '
            'supported values: "Recreate", "RollingUpdate"',
        ),
        (
            spec(strategy={"type": "Recreate", "rollingUpdate": {}}),
            "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'",
        ),
    ],
)
def test_a_deployment_that_makes_no_sense(
    kube_reader: Rig, change: Callable[[Json], None], problem: str
) -> None:
    wanted = deployment()
    change(wanted)
    refused = kube_reader.create(DEPLOYMENTS, wanted)
    name = wanted["metadata"]["name"]
    assert (refused.code, refused["reason"]) == (422, "Invalid")
    assert refused.message == f'Deployment.apps "{name}" is invalid: {problem}'
    cause = refused["details"]["causes"][0]
    assert f"{cause['field']}: {cause['message']}" == problem


def test_several_problems_are_told_at_once(kube_reader: Rig) -> None:
    wanted = deployment(replicas=-1)
    main(image=None)(wanted)
    refused = kube_reader.create(DEPLOYMENTS, wanted)
    assert refused.message == (
        'Deployment.apps "web" is invalid: [spec.replicas: Invalid value: -1: must be greater than or equal '
        f"to 0, {MAIN}.image: Required value]"
    )


def test_a_deployment_needs_a_selector(kube_reader: Rig) -> None:
    wanted = deployment()
    del wanted["spec"]["selector"]
    assert "spec.selector: Required value" in kube_reader.create(DEPLOYMENTS, wanted).message


def test_the_selector_of_a_deployment_stays(kube: Rig) -> None:
    kube.create(DEPLOYMENTS, deployment(replicas=0))
    wanted = deployment(replicas=0)
    wanted["spec"]["selector"]["matchLabels"]["tier"] = "front"
    wanted["spec"]["template"]["metadata"]["labels"]["tier"] = "front"
    refused = kube.apply(DEPLOYMENTS, wanted, force="true")
    assert refused.code == 422
    assert refused.message == (
        'Deployment.apps "web" is invalid: spec.selector: Invalid value: '
        '{"matchLabels":{"app":"web","tier":"front"}}: field is immutable'
    )


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"ports": []}, "spec.ports: Required value"),
        (
            {"ports": [{"port": 80}, {"port": 81}]},
            "[spec.ports[0].name: Required value, spec.ports[1].name: Required value]",
        ),
        (
            {"ports": [{"port": 80, "name": "a"}, {"port": 81, "name": "a"}]},
            'spec.ports[1].name: Duplicate value: "a"',
        ),
        (
            {"type": "Magic"},
            'spec.type: Unsupported value: "Magic": supported values: '
            '"ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
        ),
        (
            {"ports": [{"port": 80, "targetPort": "Http_"}]},
            'spec.ports[0].targetPort: Invalid value: "Http_": must contain only alpha-numeric characters '
            "(a-z, 0-9), and hyphens (-)",
        ),
    ],
)
def test_a_service_that_makes_no_sense(kube_reader: Rig, changes: Json, problem: str) -> None:
    wanted = {
        "metadata": {"name": "web"},
        "spec": {"ports": [{"port": 80}], "selector": {"a": "b"}, **changes},
    }
    assert kube_reader.create("v1/services", wanted).message == f'Service "web" is invalid: {problem}'


def test_an_ingress_path_needs_a_type(kube_reader: Rig) -> None:
    path = {"path": "/", "backend": {"service": {"name": "web", "port": {"number": 80}}}}
    wanted = {
        "metadata": {"name": "web"},
        "spec": {"rules": [{"host": "a.example", "http": {"paths": [path]}}]},
    }
    assert kube_reader.create("networking.k8s.io/v1/ingresses", wanted).message == (
        'Ingress.networking.k8s.io "web" is invalid: '
        "spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified"
    )


def test_labels_must_be_labels(kube_reader: Rig) -> None:
    refused = kube_reader.create("v1/configmaps", config_map(labels={"tier": "front end"}))
    assert refused.message.startswith(
        'ConfigMap "settings" is invalid: metadata.labels: Invalid value: "front end"'
    )
    refused = kube_reader.create("v1/configmaps", config_map(labels={"ti er": "front"}))
    assert refused.message.startswith(
        'ConfigMap "settings" is invalid: metadata.labels: Invalid value: "ti er"'
    )


def test_keys_of_a_config_map(kube_reader: Rig) -> None:
    refused = kube_reader.create("v1/configmaps", {"metadata": {"name": "settings"}, "data": {"a b": "c"}})
    assert refused.message.startswith('ConfigMap "settings" is invalid: data[a b]: Invalid value: "a b"')


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            spec(replicas="three"),
            "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32",
        ),
        (
            main(env={"A": "1"}),
            "json: cannot unmarshal object into Go struct field "
            "Container.spec.template.spec.containers.env of type []v1.EnvVar",
        ),
        (
            main(env=[{"name": "A", "value": 1}]),
            "json: cannot unmarshal number into Go struct field "
            "EnvVar.spec.template.spec.containers.env.value of type string",
        ),
        (
            main(resources={"limits": {"cpu": "lots"}}),
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        ),
    ],
)
def test_values_of_the_wrong_type(kube_reader: Rig, change: Callable[[Json], None], problem: str) -> None:
    wanted = deployment()
    change(wanted)
    refused = kube_reader.create(DEPLOYMENTS, wanted)
    assert refused.code == 400
    assert refused.message == f'Deployment in version "v1" cannot be handled as a Deployment: {problem}'


def test_strict_validation_names_unknown_fields(kube_reader: Rig) -> None:
    wanted = deployment()
    wanted["spec"]["replica"] = 1
    assert kube_reader.create(DEPLOYMENTS, wanted, dryRun="All").code == 201
    refused = kube_reader.create(DEPLOYMENTS, wanted, fieldValidation="Strict")
    assert refused.code == 400
    assert refused.message == (
        'Deployment in version "v1" cannot be handled as a Deployment: '
        'strict decoding error: unknown field "spec.replica"'
    )


def test_the_kind_must_fit_the_path(kube_reader: Rig) -> None:
    refused = kube_reader.create(DEPLOYMENTS, {**deployment(), "kind": "StatefulSet"})
    assert refused.code == 400
    assert kube_reader.create("v1/configmaps", {**config_map(), "apiVersion": "v2"}).code == 400


def test_an_immutable_config_map_stays(kube: Rig) -> None:
    kube.create("v1/configmaps", {**config_map(color="blue"), "immutable": True})
    refused = kube.patch("v1/configmaps", "settings", {"data": {"color": "red"}})
    assert refused.message == (
        'ConfigMap "settings" is invalid: data: Forbidden: field is immutable when `immutable` is set'
    )


def test_an_unknown_dry_run_is_refused(kube_reader: Rig) -> None:
    refused = kube_reader.create("v1/configmaps", config_map(), dryRun="Some")
    assert refused.message == (
        'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["Some"]: '
        'supported values: "All"'
    )
