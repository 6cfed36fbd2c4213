"""What an API's refusals mean to a person."""

from __future__ import annotations

import json
from typing import Any

import pytest

from clouddeploy.errors import CloudDeployError, CredentialsError, NotFoundError, TemporaryError
from clouddeploy.kube.errors import refusal

URL = "https://127.0.0.1:6443/apis/apps/v1/namespaces/shop/deployments/web?dryRun=All"


def answer(code: int, message: str = "", **more: Any) -> CloudDeployError:
    status = {"kind": "Status", "message": message, **more}
    error = refusal(code, json.dumps(status).encode(), "PATCH", URL)
    assert error.fix
    return error


def test_a_missing_permission_names_verb_and_resource() -> None:
    error = answer(
        403,
        'deployments.apps "web" is forbidden: User "dev" cannot patch resource "deployments" '
        'in API group "apps" in the namespace "shop"',
    )
    assert isinstance(error, CredentialsError)
    assert error.message == '"dev" may not patch deployments.apps in the namespace "shop"'
    assert error.fix == "ask the cluster's administrator for a role that allows: patch deployments.apps"


def test_a_missing_permission_on_the_whole_cluster() -> None:
    error = answer(
        403,
        'namespaces "shop" is forbidden: User "dev" cannot patch resource "namespaces" '
        'in API group "" at the cluster scope',
    )
    assert error.message == '"dev" may not patch namespaces at the cluster scope'


def test_a_quota_is_no_missing_permission() -> None:
    error = answer(403, 'services "web" is forbidden: exceeded quota: small', reason="Forbidden")
    assert not isinstance(error, CredentialsError)
    assert "exceeded quota: small" in error.message


def test_a_namespace_on_its_way_out_may_be_free_later() -> None:
    error = answer(403, "unable to create", details={"causes": [{"reason": "NamespaceTerminating"}]})
    assert isinstance(error, TemporaryError)


def test_a_field_of_another_manager_is_named_with_it() -> None:
    causes = [
        {"reason": "FieldManagerConflict", "message": 'conflict with "kubectl" using apps/v1', "field": ".a"},
        {"reason": "FieldManagerConflict", "message": 'conflict with "argocd"', "field": ".b"},
    ]
    error = answer(409, "Apply failed with 2 conflicts", details={"causes": causes})
    assert error.message == (
        "deployments/web in namespace shop: .a, .b is managed by argocd and kubectl; "
        "clouddeploy does not overwrite it"
    )


def test_any_other_conflict_passes() -> None:
    assert isinstance(answer(409, "the object has been modified"), TemporaryError)


def test_what_is_not_there() -> None:
    error = answer(404, 'deployments.apps "web" not found')
    assert isinstance(error, NotFoundError)
    assert "PATCH deployments/web in namespace shop" in error.message


def test_a_namespace_that_is_not_there() -> None:
    error = answer(404, 'namespaces "shop" not found', details={"name": "shop", "kind": "namespaces"})
    assert isinstance(error, NotFoundError)
    assert "kubectl create namespace" in str(error.fix)


@pytest.mark.parametrize("code", [400, 413, 422])
def test_an_object_that_is_refused_keeps_the_apis_reason(code: int) -> None:
    error = answer(code, 'Deployment "web" is invalid: spec.replicas: -1', reason="Invalid")
    assert error.message == (
        'Kubernetes refuses deployments/web in namespace shop: Deployment "web" is invalid: spec.replicas: -1'
    )
    assert error.code == "Invalid"
    assert error.exit_code == 1


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"\xff", b'"text"', b'{"details": null}'])
def test_a_proxys_answer_is_no_status(body: bytes) -> None:
    assert "HTTP 418" in refusal(418, body, "GET", "https://proxy.test/").message
