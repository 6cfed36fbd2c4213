"""`clouddeploy images ls|tag|copy|prune`"""

from __future__ import annotations

import typer

from clouddeploy.cli.late import Row, add_group

ROWS = (
    Row(
        "ls",
        "clouddeploy.cli.images.ls",
        "ls",
        "List images in registries: tag, digest, size, when they were pushed, what uses them.",
    ),
    Row(
        "tag",
        "clouddeploy.cli.images.tag",
        "tag",
        "Give an image in a registry more tags; a tag that names another image moves.",
    ),
    Row(
        "copy",
        "clouddeploy.cli.images.copy",
        "copy",
        "Copy an image as it is, all its platforms and what refers to it: the digest stays the same.",
    ),
    Row(
        "prune",
        "clouddeploy.cli.images.prune",
        "prune",
        "Delete old images from the targets' registries; the plan is shown first.",
    ),
)


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    add_group(app, "images", "What the registries hold: look, tag, clear away.", ROWS)
