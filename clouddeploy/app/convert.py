"""Makes the app's records from the checked contents of clouddeploy.yaml.

What only makes sense together is checked here: names that must exist, ports that must be known,
folders that must be there. Every such mistake is reported, at its place.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from clouddeploy.app import config
from clouddeploy.app.checks import cross_checks
from clouddeploy.app.dockerfile import Dockerfile, parse_dockerfile
from clouddeploy.app.infer import infer
from clouddeploy.app.model import App, Build, Inferred, Resources, Service, Target
from clouddeploy.app.problems import Problem, did_you_mean, display, quoted
from clouddeploy.app.source import Document, Where
from clouddeploy.app.textfile import read_text
from clouddeploy.app.variants import expose, health, varied, volumes
from clouddeploy.seam.target import ClusterSpec, TargetSettings


def to_app(document: Document, root: config.Root) -> App:
    """The app; ConfigError with every mistake that the contents have as a whole."""
    conversion = _Conversion(document, document.path.parent)
    services = [conversion.service(name, each) for name, each in root.services.items()]
    if problems := [*conversion.problems, *cross_checks(document, root, services)]:
        raise document.report(problems)
    targets = {name: _target(name, each, root, services) for name, each in root.targets.items()}
    return App(
        name=root.app,
        root=document.path.parent,
        source=document.path,
        services=tuple(services),
        targets=targets,
        templates=document.path.parent / root.templates if root.templates else None,
        rollout_timeout=root.rollout.timeout,
        defaults=_settings("", config.Target.model_construct(provider=""), root),
        inferred=tuple(conversion.inferred),
    )


@dataclass
class _Conversion:
    """Services one by one, with what goes wrong and what is inferred on the way."""

    document: Document
    folder: Path
    problems: list[Problem] = field(default_factory=list)
    inferred: list[Inferred] = field(default_factory=list)

    def service(self, name: str, given: config.Service) -> Service:
        service = Service(
            name=name,
            build=self.build(name, given.build) if given.build else None,
            image=given.image,
            image_of=given.image_of,
            command=given.command,
            port=given.port,
            health=health(given.health),
            replicas=given.replicas,
            resources=Resources(given.resources.cpu, given.resources.memory),
            env=given.env,
            expose=expose(given.expose),
            volumes=volumes(given.volumes),
        )
        health_given = "health" in given.model_fields_set
        if service.build is None or (service.port and health_given):
            return service
        dockerfile = self.dockerfile(name, service.build)
        if dockerfile is None:
            return service
        complete, found = infer(service, dockerfile, health=not health_given)
        self.inferred += found
        return complete

    def build(self, name: str, given: config.Build) -> Build:
        context = Path(os.path.normpath(self.folder / given.context))
        where: Where = ("services", name, "build", "context")
        if "://" in given.context or given.context.startswith("git@"):
            self.note(
                where, "a build context that is a URL is not supported yet", "clone it, and name the folder"
            )
        elif not context.is_dir():
            self.note(where, f"there is no folder {display(context)}", "make it, or correct the path")
        dockerfile = Path(os.path.normpath(context / given.dockerfile))
        return Build(context, dockerfile, given.target, given.args, given.platform)

    def dockerfile(self, name: str, build: Build) -> Dockerfile | None:
        """The parsed Dockerfile, or None after a problem that is noted."""
        if not build.context.is_dir():
            return None
        path = build.dockerfile
        if not path.exists():
            fix = "write one, or name it with build: {context: ., dockerfile: NAME}"
            self.note(
                ("services", name, "build", "dockerfile"), f"there is no Dockerfile {display(path)}", fix
            )
            return None
        found = parse_dockerfile(read_text(path), path)
        stages = [stage.name for stage in found.stages if stage.name]
        target = build.target
        if target and target.lower() not in stages and not target.isdecimal():
            message = f"{display(path)} has no stage {quoted(target)}{did_you_mean(target, stages)}"
            self.note(
                ("services", name, "build", "target"), message, f"the stages: {', '.join(stages) or 'none'}"
            )
            return None
        return found

    def note(self, where: Where, message: str, fix: str) -> None:
        self.problems.append(self.document.problem(where, message, fix=fix))


def _target(name: str, given: config.Target, root: config.Root, services: list[Service]) -> Target:
    namespace = given.namespace or root.app
    return Target(_settings(name, given, root), namespace, tuple(varied(given, services)))


def _settings(name: str, given: config.Target, root: config.Root) -> TargetSettings:
    return TargetSettings(
        name=name,
        provider=given.provider,
        cluster=_cluster(given.cluster, root.defaults.cluster, root.app),
        account=given.account,
        region=given.region,
        existing=_existing(given.cluster, root.defaults.cluster) is not None,
        registry=given.registry,
        options=given.model_extra or {},
    )


def _existing(own: config.Cluster, shared: config.Cluster) -> str | None:
    return own.existing or (None if own.name else shared.existing)


def _cluster(own: config.Cluster, shared: config.Cluster, app: str) -> ClusterSpec:
    if existing := _existing(own, shared):
        return ClusterSpec(existing)
    nodes = shared.nodes.model_copy(update=own.nodes.model_dump(exclude_unset=True))
    return ClusterSpec(
        name=own.name or shared.name or app,
        nodes=nodes.count,
        cpus=nodes.cpus,
        memory_gib=None if nodes.memory is None else -(-nodes.memory // 1024),
        machine=nodes.machine,
        version=own.version or shared.version,
    )
