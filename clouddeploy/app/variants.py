"""A service's own values as records, and how a target varies them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from clouddeploy.app import config
from clouddeploy.app.model import Expose, Health, Resources, Service, Volume


def health(given: config.Health | None) -> Health | None:
    if given is None:
        return None
    command = given.command or ()
    return Health(given.path, command, given.interval, given.timeout, given.retries, given.start_period)


def expose(given: config.Expose | None) -> Expose | None:
    return Expose(given.host, given.path, given.tls) if given else None


def volumes(given: Sequence[config.Volume]) -> tuple[Volume, ...]:
    return tuple(Volume(each.name, each.mount, each.size) for each in given)


def varied(target: config.Target, services: list[Service]) -> Iterator[Service]:
    for service in services:
        variant = target.overrides.services.get(service.name)
        yield _varied(service, variant) if variant else service


def _varied(service: Service, variant: config.Variant) -> Service:
    resources = Resources(
        cpu=variant.resources.cpu or service.resources.cpu,
        memory=variant.resources.memory or service.resources.memory,
    )
    said_expose = "expose" in variant.model_fields_set
    return replace(
        service,
        port=variant.port or service.port,
        replicas=service.replicas if variant.replicas is None else variant.replicas,
        resources=resources,
        env={**service.env, **variant.env},
        expose=expose(variant.expose) if said_expose else service.expose,
    )
