"""What in clouddeploy.yaml only makes sense together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from clouddeploy.app import config
from clouddeploy.app.model import ALL, Expose, Service
from clouddeploy.app.problems import Problem, did_you_mean, display, quoted
from clouddeploy.app.source import Document, Where
from clouddeploy.app.variants import varied
from clouddeploy.app.volumes import one_replica, volume_checks


def cross_checks(document: Document, root: config.Root, services: list[Service]) -> Iterator[Problem]:
    """Names that must exist, ports that must be known, folders that must be there."""
    by_name = {service.name: service for service in services}
    if not services:
        yield document.problem(
            ("services",), "there is no service", fix="add one: services: {web: {build: .}}"
        )
    for service in services:
        yield from _image_of(document, service, by_name)
        yield from _needs_port(document, service)
    yield from _same_address(document, services)
    yield from volume_checks(document, services)
    for name, target in root.targets.items():
        if name == ALL:
            fix = "choose another name"
            yield document.problem(("targets", name), f'"{ALL}" means every target', at_key=True, fix=fix)
        yield from _overrides(document, name, target, by_name)
    yield from _templates(document, root)


def _overrides(
    document: Document, name: str, target: config.Target, by_name: Mapping[str, Service]
) -> Iterator[Problem]:
    for changed in target.overrides.services:
        if changed not in by_name:
            place: Where = ("targets", name, "overrides", "services", changed)
            message = f"no service is called {quoted(changed)}{did_you_mean(changed, by_name)}"
            yield document.problem(place, message, at_key=True, fix=f"the services: {', '.join(by_name)}")
    for service in varied(target, list(by_name.values())):
        where: Where = ("targets", name, "overrides", "services", service.name)
        wrong = one_replica(service.replicas, service)
        if wrong and service.replicas != by_name[service.name].replicas:
            yield document.problem((*where, "replicas"), wrong[0], fix=wrong[1])
        if service.port is None and service.expose and by_name[service.name].expose is None:
            fix = f"add port: 8080 to {service.name}"
            yield document.problem((*where, "expose"), "expose needs a port", fix=fix)


def _same_address(document: Document, services: list[Service]) -> Iterator[Problem]:
    owners: dict[Expose, str] = {}
    for service in services:
        if service.expose is None or service.expose.host is None:
            continue
        address = replace(service.expose, tls=False)
        owner = owners.setdefault(address, service.name)
        if owner != service.name:
            where: Where = ("services", service.name, "expose")
            message = f"{owner} is already exposed at {address.host}{address.path}"
            yield document.problem(where, message, at_key=True, fix="give one of them another host or path")


def _image_of(document: Document, service: Service, by_name: Mapping[str, Service]) -> Iterator[Problem]:
    if service.image_of is None:
        return
    where: Where = ("services", service.name, "image_of")
    others = [each.name for each in by_name.values() if each.image_of is None]
    owner = by_name.get(service.image_of)
    fix = f"the services with an image: {', '.join(others) or 'none'}"
    if owner is None:
        message = f"no service is called {quoted(service.image_of)}{did_you_mean(service.image_of, others)}"
        yield document.problem(where, message, fix=fix)
    elif owner.image_of is not None:
        yield document.problem(where, f"{service.image_of} has no image of its own", fix=fix)


def _needs_port(document: Document, service: Service) -> Iterator[Problem]:
    unread = service.build is not None and not service.build.dockerfile.is_file()
    if service.port is not None or unread:
        return
    dockerfile = f", or EXPOSE to {display(service.build.dockerfile)}" if service.build else ""
    fix = f"add port: 8080 to {service.name}{dockerfile}"
    if service.expose:
        yield document.problem(("services", service.name, "expose"), "expose needs a port", fix=fix)
    if service.health and service.health.path:
        where: Where = ("services", service.name, "health", "path")
        yield document.problem(where, "a health check by path needs a port", fix=fix)


def _templates(document: Document, root: config.Root) -> Iterator[Problem]:
    if root.templates and not (document.path.parent / root.templates).is_dir():
        message = f"there is no folder {quoted(root.templates)}"
        yield document.problem(("templates",), message, fix="make it, or remove templates")
