"""A context of a kubeconfig -> how to reach its API.

Fields that would change who we are or where we go, and that cannot be honoured, are refused:
dropping an impersonation would act with more rights than were asked for.
https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from clouddeploy.contract import ClientCertificate, Credential, KubeAccess, Secret, Token
from clouddeploy.errors import ConfigError
from clouddeploy_kubernetes.errors import read_text
from clouddeploy_kubernetes.execplugin import Plugin
from clouddeploy_kubernetes.kubeconfig import Entry, Kubeconfig

_REFUSED = {
    "proxy-url": "a proxy",
    "tls-server-name": "another TLS server name",
    "username": "a user name and password, which Kubernetes 1.19 removed",
    "password": "a user name and password, which Kubernetes 1.19 removed",
    "auth-provider": "an auth-provider, which Kubernetes 1.26 removed",
    "as": "impersonation",
    "as-uid": "impersonation",
    "as-groups": "impersonation",
    "as-user-extra": "impersonation",
}
_TOKEN_FILE_LIFE = timedelta(minutes=1)  # how often client-go reads a rotated token anew


def access_of(kubeconfig: Kubeconfig, context: Entry) -> KubeAccess:
    """Raises ConfigError for fields that are missing, broken or not supported."""
    cluster, user = kubeconfig.cluster_of(context), kubeconfig.user_of(context)
    _require_supported(cluster)
    _require_supported(user)
    server = cluster.text("server")
    if not server.startswith(("https://", "http://")):
        raise cluster.wrong("server must be a URL")
    return KubeAccess(
        server=server.rstrip("/"),
        ca=_pem(cluster, "certificate-authority") or None,
        credential=_credential(cluster, user),
        verify=cluster.fields.get("insecure-skip-tls-verify") is not True,
    )


def _credential(cluster: Entry, user: Entry) -> Callable[[], Credential]:
    if plugin := user.fields.get("exec"):
        return Plugin.of(plugin, user, cluster).run
    if user.fields.get("client-certificate-data") or user.fields.get("client-certificate"):
        return lambda: _certificate(user)
    return lambda: _token(user)


def _certificate(user: Entry) -> ClientCertificate:
    certificate, key = _pem(user, "client-certificate"), _pem(user, "client-key")
    if not key:
        raise user.wrong("client-certificate needs a client-key")
    return ClientCertificate(certificate, Secret(key))


def _token(user: Entry) -> Token | None:
    file = user.path("tokenFile")
    if file:
        text = read_text(file, "the token file").strip()
        return Token(Secret(text), datetime.now(UTC) + _TOKEN_FILE_LIFE)
    text = user.text("token")
    return Token(Secret(text)) if text else None


def _pem(entry: Entry, key: str) -> str:
    """PEM from `<key>-data` (base64), which wins as in kubectl, or from the file `<key>`."""
    data = entry.text(f"{key}-data")
    if data:
        try:
            return base64.b64decode(data, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise entry.wrong(f"{key}-data is not base64 of PEM") from None
    file = entry.path(key)
    return read_text(file, f"the {key}") if file else ""


def _require_supported(entry: Entry) -> None:
    for key, what in _REFUSED.items():
        if entry.fields.get(key):
            raise ConfigError(
                f"{entry.source}: {entry.name} uses {what} ({key}), which clouddeploy does not support",
                fix="name a context without it",
            )
