"""Options that several commands share: one name, one help text, one environment variable each."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Output(StrEnum):
    """How a result is printed."""

    table = "table"
    json = "json"
    yaml = "yaml"


Config = Annotated[
    Path | None,
    typer.Option("--config", "-c", envvar="CLOUDDEPLOY_CONFIG", help="Instead of the clouddeploy.yaml here."),
]
To = Annotated[
    list[str] | None,
    typer.Option(
        "--to",
        envvar="CLOUDDEPLOY_TO",
        metavar="TARGET",
        help="Target or provider name, a,b or all; repeatable.",
    ),
]
Form = Annotated[
    Output, typer.Option("--output", "-o", envvar="CLOUDDEPLOY_OUTPUT", help="How to print the result.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", envvar="CLOUDDEPLOY_YES", help="Do not ask.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", envvar="CLOUDDEPLOY_DRY_RUN", help="Show the plan, change nothing.")
]
Tag = Annotated[
    str | None,
    typer.Option("--tag", "-t", envvar="CLOUDDEPLOY_TAG", help="Instead of a tag made from the git commit."),
]
Jobs = Annotated[
    int, typer.Option("--jobs", "-j", envvar="CLOUDDEPLOY_JOBS", min=1, max=32, help="Uploads at once.")
]
AllowSecrets = Annotated[
    bool,
    typer.Option(
        "--allow-secrets", envvar="CLOUDDEPLOY_ALLOW_SECRETS", help="Push images with secrets in them."
    ),
]
Namespace = Annotated[
    str | None,
    typer.Option("--namespace", "-n", envvar="CLOUDDEPLOY_NAMESPACE", help="Instead of the target's own."),
]
Timeout = Annotated[
    str | None,
    typer.Option("--timeout", envvar="CLOUDDEPLOY_TIMEOUT", help="How long to wait, such as 90s or 10m."),
]
Images = Annotated[
    list[str] | None,
    typer.Option(
        "--image",
        envvar="CLOUDDEPLOY_IMAGE",
        metavar="SERVICE=SOURCE",
        help="Instead of building it: web=oci:FOLDER, or a SOURCE of images copy; repeatable.",
    ),
]
Engine = Annotated[
    str | None,
    typer.Option("--engine", envvar="CLOUDDEPLOY_ENGINE", help="docker, podman, buildah or built-in."),
]
