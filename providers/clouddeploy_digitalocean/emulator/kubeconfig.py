"""How a client reaches a cluster's Kubernetes API: as JSON and as a kubeconfig."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any

from clouddeploy.emulator.clusters import KubernetesApi
from clouddeploy_digitalocean.emulator.records import Cluster


def credentials(api: KubernetesApi, token: str, expires: datetime) -> dict[str, Any]:
    """As GET /credentials shows them."""
    return {
        "server": api.url,
        "certificate_authority_data": _authority(api),
        "client_certificate_data": None,
        "client_key_data": None,
        "token": token,
        "expires_at": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def kubeconfig(cluster: Cluster, api: KubernetesApi, token: str) -> str:
    """As GET /kubeconfig shows it: YAML."""
    name, authority = f"do-{cluster.region}-{cluster.name}", _authority(api)
    lines = (
        "apiVersion: v1",
        "kind: Config",
        "clusters:",
        f"- {{name: {name}, cluster: {{server: '{api.url}', certificate-authority-data: {authority}}}}}",
        f"contexts: [{{name: {name}, context: {{cluster: {name}, user: {name}-admin}}}}]",
        f"current-context: {name}",
        f"users: [{{name: {name}-admin, user: {{token: {token}}}}}]",
    )
    return "\n".join(lines) + "\n"


def _authority(api: KubernetesApi) -> str:
    return base64.b64encode(api.ca.encode()).decode()
