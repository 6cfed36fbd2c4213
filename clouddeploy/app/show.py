"""The effective configuration as plain data, in the words of clouddeploy.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clouddeploy.app.model import App, Build, Expose, Health, Resources, Service, Target, Volume
from clouddeploy.seam.target import ClusterSpec


def show_app(app: App) -> dict[str, Any]:
    """Everything that is in force, defaults and overrides applied; ready for YAML or JSON."""
    return {
        "app": app.name,
        "source": str(app.source),
        "services": {service.name: _service(service) for service in app.services},
        **_present(templates=str(app.templates) if app.templates else None),
        "rollout": {"timeout": duration(app.rollout_timeout)},
        "targets": {name: _target(target) for name, target in app.targets.items()},
        "inferred": [{"key": each.key, "value": each.value, "source": each.source} for each in app.inferred],
    }


def duration(seconds: float) -> str:
    """Seconds as a person writes them: 1m30s, 500ms."""
    milliseconds = round(seconds * 1000)
    hours, rest = divmod(milliseconds, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    whole, rest = divmod(rest, 1000)
    parts = ((hours, "h"), (minutes, "m"), (whole, "s"), (rest, "ms"))
    return "".join(f"{number}{unit}" for number, unit in parts if number) or "0s"


def _present(**values: Any) -> dict[str, Any]:
    """Without the values that say nothing."""
    return {key: value for key, value in values.items() if value not in (None, "", (), [], {})}


def _service(service: Service) -> dict[str, Any]:
    return _present(
        build=_build(service.build) if service.build else None,
        image=service.image,
        image_of=service.image_of,
        command=list(service.command),
        port=service.port,
        health=_health(service.health) if service.health else None,
        replicas=service.replicas,
        resources=_resources(service.resources),
        env=dict(service.env),
        expose=_expose(service.expose) if service.expose else None,
        volumes=[_volume(each) for each in service.volumes],
    )


def _volume(volume: Volume) -> dict[str, str]:
    return {"name": volume.name, "mount": volume.mount, "size": f"{volume.size}Gi"}


def _build(build: Build) -> dict[str, Any]:
    return _present(
        context=str(build.context),
        dockerfile=str(build.dockerfile),
        target=build.target,
        args=dict(build.args),
        platform=build.platform,
    )


def _health(health: Health) -> dict[str, Any]:
    return {
        **_present(path=health.path, command=list(health.command)),
        "interval": duration(health.interval),
        "timeout": duration(health.timeout),
        "retries": health.retries,
        "start_period": duration(health.start_period),
    }


def _resources(resources: Resources) -> dict[str, str]:
    return _present(
        cpu=f"{resources.cpu}m" if resources.cpu else None,
        memory=f"{resources.memory}Mi" if resources.memory else None,
    )


def _expose(expose: Expose) -> dict[str, Any] | bool:
    if expose == Expose():
        return True
    return _present(host=expose.host, path=expose.path, tls=expose.tls or None)


def _target(target: Target) -> dict[str, Any]:
    settings = target.settings
    return {
        **_present(provider=settings.provider, account=settings.account, region=settings.region),
        "namespace": target.namespace,
        "cluster": {"existing": settings.cluster.name} if settings.existing else _cluster(settings.cluster),
        **_present(registry=dict(settings.registry), **_options(settings.options)),
        "services": {service.name: _service(service) for service in target.services},
    }


def _options(options: Mapping[str, str]) -> dict[str, str]:
    return dict(options)


def _cluster(cluster: ClusterSpec) -> dict[str, Any]:
    memory = None if cluster.memory_gib is None else f"{cluster.memory_gib}Gi"
    nodes = _present(count=cluster.nodes, cpus=cluster.cpus, memory=memory, machine=cluster.machine)
    return _present(name=cluster.name, nodes=nodes, version=cluster.version)
