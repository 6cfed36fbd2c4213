"""App + target to Kubernetes objects."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from clouddeploy.app.model import App, Service, Target
from clouddeploy.errors import ConfigError
from clouddeploy.manifests.check import KINDS, Object, complete, fault
from clouddeploy.manifests.context import Context, app_context, service_context
from clouddeploy.manifests.parse import parse
from clouddeploy.seam.provider import Traits

if TYPE_CHECKING:
    from clouddeploy.manifests.environment import Templates

_APP_TEMPLATES = ("namespace", "storageclass", "serviceaccount")
_SERVICE_TEMPLATES = ("persistentvolumeclaim", "service", "deployment", "ingress")


def render(
    app: App, target: Target, images: Mapping[str, str], traits: Traits, *, release: str
) -> list[dict[str, Any]]:
    """The objects of one target, in the order of applying: the same input, the same output.

    `images` maps each service to what it runs, `host/repository:tag@sha256:…`. Raises
    ConfigError for a template that is wrong, showing its file and line.
    """
    return _Renderer.start(app, target, traits, release).objects(images)


@dataclass(frozen=True)
class _Renderer:
    templates: Templates
    app: App
    target: Target
    context: Context

    @classmethod
    def start(cls, app: App, target: Target, traits: Traits, release: str) -> _Renderer:
        from clouddeploy.manifests.environment import Templates

        context = app_context(app, target, traits, release)
        names = (*context, *service_context(app, Service(""), "", None))
        return cls(Templates(app.templates, names), app, target, context)

    def objects(self, images: Mapping[str, str]) -> list[Object]:
        found = [each for name in _APP_TEMPLATES for each in self._render(name, None, {})]
        for service in self.target.services:
            found += self._service(service, images[service.name])
        _refuse_twins(found)
        order = list(KINDS)
        return sorted(found, key=lambda each: order.index(each["kind"]))

    def _service(self, service: Service, image: str) -> Iterator[Object]:
        context = service_context(self.app, service, image, None)
        config = [_versioned(each) for each in self._render("configmap", service, context)]
        yield from config
        context["config_map"] = config[0]["metadata"]["name"] if config else None
        for name in _SERVICE_TEMPLATES:
            yield from self._render(name, service, context)

    def _render(self, name: str, service: Service | None, extra: Context) -> Iterator[Object]:
        file = f"{name}.yaml.j2"
        text = self.templates.render(file, {**self.context, **extra})
        namespace = self.target.namespace
        for value in self._parsed(file, text):
            if problem := fault(value, namespace):
                raise self.templates.misread(file, text, 0, problem)
            owner = service.name if service else None
            yield complete(value, self.app.name, owner, namespace, self.context["release"])

    def _parsed(self, file: str, text: str) -> list[Any]:
        try:
            return parse(text, self.templates.values)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            message = str(error.problem or error.context)
            raise self.templates.misread(file, text, mark.line if mark else 0, message) from error
        except yaml.YAMLError as error:
            raise self.templates.misread(file, text, 0, str(error).partition("\n")[0]) from error


def _versioned(config: Object) -> Object:
    """A ConfigMap named after its contents, so that a pod never sees another version's.

    Pods of the old version that restart during a rollout, or come back by a rollback, still
    find the configuration that they were made with.
    """
    content = json.dumps([config.get("data"), config.get("binaryData")], sort_keys=True)
    digest = hashlib.sha256(content.encode()).hexdigest()[:10]
    metadata = config["metadata"]
    return {**config, "metadata": {**metadata, "name": f"{metadata['name']}-{digest}"}}


def _refuse_twins(objects: list[Object]) -> None:
    seen = set()
    for each in objects:
        name = f"{each['kind']}/{each['metadata']['name']}"
        if name in seen:
            raise ConfigError(
                f"two templates make {name}; nothing was changed",
                fix="give one of them another name in your templates folder",
            )
        seen.add(name)
