"""The ConfigMaps and Secrets that a pod's containers cannot start without."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from clouddeploy.emulator.kubernetes.player.client import Client, RefusedError
from clouddeploy.emulator.kubernetes.resources import BY_ID

Json = dict[str, Any]
Reference = tuple[str, str, str]  # plural, name, key ("" for the whole)

_SOURCES = {
    "configMapKeyRef": "configmaps",
    "secretKeyRef": "secrets",
    "configMapRef": "configmaps",
    "secretRef": "secrets",
}


def missing_reference(client: Client, pod: Json) -> str | None:
    """What the kubelet says about the first reference that leads nowhere, None when all is there."""
    namespace = pod["metadata"]["namespace"]
    for plural, name, key in _references(pod):
        kind = BY_ID[plural].singular
        try:
            found = client.get(BY_ID[plural], namespace, name)
        except RefusedError as error:
            if error.code != 404:
                raise
            return f'{kind} "{name}" not found'
        if key and key not in {**found.get("data", {}), **found.get("binaryData", {})}:
            title = {"configmaps": "ConfigMap", "secrets": "Secret"}[plural]
            return f"couldn't find key {key} in {title} {namespace}/{name}"
    return None


def _references(pod: Json) -> Iterator[Reference]:
    for container in pod["spec"]["containers"]:
        for source in container.get("envFrom") or []:
            yield from _from(source)
        for variable in container.get("env") or []:
            yield from _from(variable.get("valueFrom") or {})
    for volume in pod["spec"].get("volumes") or []:
        yield from _volume(volume)


def _from(source: Mapping[str, Any]) -> Iterator[Reference]:
    for field, plural in _SOURCES.items():
        found = source.get(field)
        if found and not found.get("optional"):
            yield plural, found["name"], found.get("key", "")


def _volume(volume: Mapping[str, Any]) -> Iterator[Reference]:
    config, secret = volume.get("configMap"), volume.get("secret")
    if config and not config.get("optional"):
        yield "configmaps", config["name"], ""
    if secret and not secret.get("optional"):
        yield "secrets", secret["secretName"], ""
