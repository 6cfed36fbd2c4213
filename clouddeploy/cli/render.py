"""`clouddeploy render`"""

from __future__ import annotations

from dataclasses import replace

import typer

from clouddeploy import plugins
from clouddeploy.app.model import App, Target
from clouddeploy.cli import options, view
from clouddeploy.cli.project import chosen, find_app
from clouddeploy.errors import PreconditionError
from clouddeploy.images.store import Store
from clouddeploy.images.streamed import identity
from clouddeploy.manifests import to_yaml
from clouddeploy.release.build import find_built
from clouddeploy.release.deploy import manifests
from clouddeploy.release.push import local_references
from clouddeploy.release.revision import release_id
from clouddeploy.seam.provider import Provider
from clouddeploy.seam.registry import Repository


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("render")(render)


def render(
    to: options.To = None,
    config: options.Config = None,
    tag: options.Tag = None,
    namespace: options.Namespace = None,
) -> None:
    """Print the Kubernetes manifests that deploy would apply.

    Talks to no cluster. Images are pinned to the digests of the last local build.
    """
    project = find_app(config)
    for target in chosen(project, to, namespace):
        provider = plugins.connect(target.settings)
        images, release = _images(project, target, provider, tag)
        view.result(to_yaml(manifests(project, target, provider, images, release)))


def _images(project: App, target: Target, provider: Provider, tag: str | None) -> tuple[dict[str, str], str]:
    built = find_built(project, Store.default())
    missing = [s.name for s in project.services if not s.image_of and s.name not in built]
    if missing:
        view.note(f"not built yet: {', '.join(missing)}; shown without a digest")
        view.next_step("clouddeploy build", why="pins them")
    release = tag or release_id(project.root, (identity(image) for image in built.values()))
    try:
        return local_references(project, target, provider, built, release), release
    except PreconditionError as error:
        view.note(f"images are shown without a registry: {error.message}")
        nowhere = replace(provider, registry=_Nowhere())
        return local_references(project, target, nowhere, built, release), release


class _Nowhere:
    """A registry whose address is not known."""

    def address(self, repository: str) -> str:
        return repository

    def ensure(self, repository: str) -> Repository:
        return Repository(repository)

    def login(self) -> None:
        return None
