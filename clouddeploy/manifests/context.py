"""What a template can say: plain data, named as in clouddeploy.yaml (docs/templates.md lists it)."""

from __future__ import annotations

import math
from typing import Any

from clouddeploy.app.model import App, Expose, Resources, Service, Target, Volume, claim_name
from clouddeploy.manifests.labels import selector
from clouddeploy.manifests.probes import PORT_NAME, probes
from clouddeploy.seam.provider import Traits

Context = dict[str, Any]


def app_context(app: App, target: Target, traits: Traits, release: str) -> Context:
    """The variables of every template."""
    return {
        "app": app.name,
        "target": target.settings.name,
        "namespace": target.namespace,
        "release": release,
        "service_account": app.name,
        "rollout_timeout": max(1, math.ceil(app.rollout_timeout)),
        "has_volumes": any(service.volumes for service in target.services),
        "traits": {
            "ingress_class": traits.ingress_class,
            "ingress_annotations": dict(traits.ingress_annotations),
            "load_balancer_annotations": dict(traits.load_balancer_annotations),
            "storage_class": traits.storage_class,
            "storage_provisioner": traits.storage_provisioner,
            "storage_parameters": dict(traits.storage_parameters),
            "min_volume_gib": traits.min_volume_gib,
        },
    }


def service_context(app: App, service: Service, image: str, config_map: str | None) -> Context:
    """The variables of a service's templates, besides the app's."""
    return {
        "service": {
            "name": service.name,
            "image": image,
            "command": list(service.command),
            "port": service.port,
            "port_name": PORT_NAME,
            "replicas": service.replicas,
            "env": dict(service.env),
            "expose": _expose(service.expose),
            "probes": probes(service),
            "resources": _resources(service.resources),
            "volumes": [_volume(service.name, each) for each in service.volumes],
        },
        "selector": selector(app.name, service.name),
        "config_map": config_map,
    }


def _expose(expose: Expose | None) -> Context | None:
    return {"host": expose.host, "path": expose.path, "tls": expose.tls} if expose else None


def _volume(service: str, volume: Volume) -> Context:
    return {
        "name": volume.name,
        "claim": claim_name(service, volume),
        "mount": volume.mount,
        "gib": volume.size,
    }


def _resources(resources: Resources) -> Context:
    """Requests, and a limit for memory alone: CPU is shared fairly, and a limit only throttles."""
    requests: Context = {}
    if resources.cpu is not None:
        requests["cpu"] = f"{resources.cpu}m"
    if resources.memory is None:
        return {"requests": requests} if requests else {}
    requests["memory"] = f"{resources.memory}Mi"
    return {"requests": requests, "limits": {"memory": requests["memory"]}}
