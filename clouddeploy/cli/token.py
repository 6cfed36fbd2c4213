"""The command that a kubeconfig's exec entry calls: mint a token, print an ExecCredential."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from clouddeploy import plugins
from clouddeploy.cli import view
from clouddeploy.errors import PreconditionError
from clouddeploy.kube.kubeconfig import exec_credential
from clouddeploy.seam.provider import Provider
from clouddeploy.seam.target import ClusterSpec, TargetSettings


def token(
    cluster: Annotated[str, typer.Option(help="The cluster's name.")],
    provider: Annotated[str, typer.Option(help="The provider's name.")],
    region: Annotated[str | None, typer.Option(help="The cluster's region.")] = None,
    account: Annotated[str | None, typer.Option(help="The account or project.")] = None,
    option: Annotated[list[str] | None, typer.Option(help="KEY=VALUE of the target.")] = None,
) -> None:
    """Print a Kubernetes ExecCredential for a cluster. kubectl calls this."""
    pairs = (pair.partition("=") for pair in option or ())
    options = {key: value for key, _, value in pairs}
    settings = TargetSettings(
        provider, provider, ClusterSpec(cluster), account=account, region=region, options=options
    )
    credential = plugins.connect(settings).clusters.access(cluster).credential()
    if credential is None:
        raise PreconditionError(f"{provider} gives no credential for {cluster}", fix="use its own kubeconfig")
    view.secret_result(exec_credential(credential))


def exec_command(
    settings: TargetSettings, provider: Provider, cluster: str
) -> tuple[Sequence[str], Mapping[str, str]]:
    """The command line of `token` for a target, and the environment that it needs."""
    command = [_program(), "cluster", "token", "--provider", settings.provider, "--cluster", cluster]
    if settings.region:
        command += ["--region", settings.region]
    if settings.account:
        command += ["--account", settings.account]
    for key, value in settings.options.items():
        command += ["--option", f"{key}={value}"]
    return command, {name: os.environ[name] for name in provider.chosen_by if os.environ.get(name)}


def _program() -> str:
    beside = Path(sys.executable).with_name("clouddeploy")
    return str(beside) if beside.exists() else shutil.which("clouddeploy") or "clouddeploy"
