"""`clouddeploy build`"""

from __future__ import annotations

import typer

from clouddeploy.cli import live, options, view
from clouddeploy.cli.project import find_app, short, size
from clouddeploy.images.store import Image, Store
from clouddeploy.images.streamed import identity
from clouddeploy.release.build import Built, build_app, local_name
from clouddeploy.release.revision import release_id


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("build")(build)


def build(config: options.Config = None, engine: options.Engine = None) -> None:
    """Build the app's images into the local store.

    With Docker Engine where one answers, else podman, buildah, or the built-in builder,
    which needs no engine for Dockerfiles without RUN.
    """
    project = find_app(config)
    with live.progress() as progress:
        built = build_app(project, Store.default(), engine=engine, progress=progress)
    release = release_id(project.root, (identity(one.image) for one in built.values()))
    view.say(f"release {release}", style="bold")
    view.table(
        ("IMAGE", "DIGEST", "SIZE", "BUILDER", "TOOK"),
        [_row(local_name(project, name), one) for name, one in built.items()],
    )
    view.next_step(f"clouddeploy push --to {next(iter(project.targets), 'aws')}")


def _row(name: str, one: Built) -> tuple[str, ...]:
    took = "unchanged" if one.cached else f"{one.seconds:.1f}s"
    exported = one.image if isinstance(one.image, Image) else None
    bytes_ = size(exported.size()) if exported else ""
    return (
        name,
        short(exported.manifest.digest if exported else identity(one.image)),
        bytes_,
        one.engine,
        took,
    )
