"""A token webhook: how a kube-apiserver asks us who a bearer token belongs to.

https://kubernetes.io/docs/reference/access-authn-authz/authentication/#webhook-token-authentication
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clouddeploy.emulator.kubernetes.users import Authenticate

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Json = dict[str, Any]


class TokenReviews:
    """A WSGI application that answers TokenReview v1."""

    def __init__(self, authenticate: Authenticate) -> None:
        self._authenticate = authenticate

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        review = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        answer = {**review, "status": self._status(review["spec"].get("token", ""))}
        body = json.dumps(answer).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        # A kube-apiserver takes a kept connection that was closed meanwhile for a bad token.
        start_response("200 OK", [*headers, ("Connection", "close")])
        return [body]

    def _status(self, token: str) -> Json:
        user = self._authenticate(token)
        if user is None:
            return {"authenticated": False}
        return {"authenticated": True, "user": {"username": user.name, "groups": list(user.groups)}}


def write_webhook_config(path: Path, url: str, ca: Path) -> Path:
    """The kubeconfig that tells a kube-apiserver where the webhook is."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "webhook", "cluster": {"server": url, "certificate-authority": str(ca)}}],
        "users": [{"name": "kube-apiserver"}],
        "contexts": [{"name": "webhook", "context": {"cluster": "webhook", "user": "kube-apiserver"}}],
        "current-context": "webhook",
    }
    path.write_text(json.dumps(config))
    return path
