"""Contexts in a kubeconfig file, for kubectl and every other Kubernetes client.

Only entries that carry our mark are changed or removed, and every other field of the file stays.
Comments do not survive a change, as with kubectl itself; a file that needs no change is not
written. Format: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC
from pathlib import Path
from typing import Any

from clouddeploy.errors import ForeignResourceError
from clouddeploy.kube.kubefile import SECTIONS, Config, edit
from clouddeploy.seam.cluster import ClientCertificate, KubeAccess, Token

EXEC_API = "client.authentication.k8s.io/v1"
"""kubectl 1.22 and later speak v1; 1.24 no longer accepts v1alpha1, and v1beta1 has no stable promise.
https://kubernetes.io/docs/reference/config-api/client-authentication.v1/"""

_MARK = "clouddeploy"


def default_path(environ: Mapping[str, str] = os.environ) -> Path:
    """The file that kubectl would write to: KUBECONFIG's first entry, else ~/.kube/config."""
    for entry in environ.get("KUBECONFIG", "").split(os.pathsep):
        if entry:
            return Path(entry)
    return Path.home() / ".kube" / "config"


def merge_context(  # noqa: PLR0913 - a context is what these seven say
    path: Path,
    *,
    context: str,
    access: KubeAccess,
    exec_command: Sequence[str],
    exec_env: Mapping[str, str] | None = None,
    namespace: str | None = None,
    use: bool = False,
) -> Path:
    """Writes a context, its cluster and its user, all named `context`; the path it wrote to.

    The user is a command that prints a credential, so the file holds no secret. The current
    context changes only with `use`, or when there is none. Raises ConfigError for a file that is
    no kubeconfig and ForeignResourceError when another tool made an entry of this name; the file
    is then as it was.
    """
    entries = {
        "clusters": {"cluster": _cluster(access)},
        "users": {"user": {"exec": _exec(exec_command, exec_env or {})}},
        "contexts": {"context": _context(context, namespace)},
    }

    def merge(config: Config) -> None:
        _require_ours(config, context, path)
        for section, value in entries.items():
            _put(config.setdefault(section, []), {"name": context, **value})
        if use or not config.get("current-context"):
            config["current-context"] = context

    edit(path, merge)
    return path


def remove_context(path: Path, context: str) -> bool:
    """Removes a context, its cluster and its user; False when there was none. Errors as for merging."""
    removed = False

    def remove(config: Config) -> None:
        nonlocal removed
        removed = bool(_named(config, context))
        _require_ours(config, context, path)
        for section in SECTIONS:
            if section in config:
                config[section] = [entry for entry in config[section] if entry.get("name") != context]
        if config.get("current-context") == context:
            config["current-context"] = ""

    if path.exists():
        edit(path, remove)
    return removed


def exec_credential(credential: Token | ClientCertificate) -> str:
    """The ExecCredential document that a kubeconfig's `exec` command prints; it holds the secret."""
    status = _certificate(credential) if isinstance(credential, ClientCertificate) else _token(credential)
    return json.dumps({"apiVersion": EXEC_API, "kind": "ExecCredential", "status": status})


def _certificate(credential: ClientCertificate) -> dict[str, str]:
    return {
        "clientCertificateData": credential.certificate,
        "clientKeyData": credential.key.reveal(),
    }


def _token(credential: Token) -> dict[str, str]:
    status = {"token": credential.value.reveal()}
    if credential.expires:
        utc = credential.expires.astimezone(UTC).replace(microsecond=0, tzinfo=None)
        status["expirationTimestamp"] = f"{utc.isoformat()}Z"
    return status


def _cluster(access: KubeAccess) -> dict[str, Any]:
    cluster: dict[str, Any] = {"server": access.server}
    if not access.verify:
        cluster["insecure-skip-tls-verify"] = True  # client-go refuses it beside an authority
    elif access.ca:
        cluster["certificate-authority-data"] = base64.b64encode(access.ca.encode()).decode()
    return cluster


def _exec(command: Sequence[str], env: Mapping[str, str]) -> dict[str, Any]:
    plugin: dict[str, Any] = {
        "apiVersion": EXEC_API,
        "command": command[0],
        "args": list(command[1:]),
        "env": [{"name": name, "value": value} for name, value in env.items()],
        "interactiveMode": "Never",
        "provideClusterInfo": False,
    }
    return plugin


def _context(name: str, namespace: str | None) -> dict[str, Any]:
    context: dict[str, Any] = {"cluster": name, "user": name}
    if namespace:
        context["namespace"] = namespace
    mark = {"name": _MARK, "extension": {"managed-by": _MARK}}
    return {**context, "extensions": [mark]}


def _named(config: Config, name: str) -> list[dict[str, Any]]:
    return [entry for section in SECTIONS for entry in config.get(section, []) if entry.get("name") == name]


def _require_ours(config: Config, name: str, path: Path) -> None:
    taken = _named(config, name)
    if not taken or any(_marked(entry) for entry in taken):
        return
    raise ForeignResourceError(
        f"{path} has entries named {name} that clouddeploy did not make; nothing was changed",
        fix="choose another name for the context, or another file with KUBECONFIG",
    )


def _marked(entry: Mapping[str, Any]) -> bool:
    context = entry.get("context") or {}
    return any(extension.get("name") == _MARK for extension in context.get("extensions") or [])


def _put(entries: list[dict[str, Any]], entry: dict[str, Any]) -> None:
    for index, old in enumerate(entries):
        if old.get("name") == entry["name"]:
            entries[index] = entry
            return
    entries.append(entry)
