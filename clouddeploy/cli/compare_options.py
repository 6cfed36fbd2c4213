"""The options of `clouddeploy compare`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Format(StrEnum):
    """How the comparison is printed."""

    table = "table"
    json = "json"
    yaml = "yaml"
    markdown = "markdown"


class Term(StrEnum):
    """How long one commits to the nodes."""

    one = "1y"
    three = "3y"


class Arch(StrEnum):
    """The CPU architecture of the nodes."""

    amd64 = "amd64"
    arm64 = "arm64"
    any = "any"


_SIZES = "Sizes (instead of the app here)"
_CLUSTER = "Cluster"


def _size(flag: str, metavar: str, text: str) -> typer.models.OptionInfo:
    found: typer.models.OptionInfo = typer.Option(
        flag, envvar=_variable(flag), show_envvar=False, metavar=metavar, help=text, rich_help_panel=_SIZES
    )
    return found


def _wish(flag: str, text: str) -> typer.models.OptionInfo:
    found: typer.models.OptionInfo = typer.Option(
        flag, envvar=_variable(flag), show_envvar=False, help=text, rich_help_panel=_CLUSTER
    )
    return found


def _variable(flag: str) -> str:
    return "CLOUDDEPLOY_COMPARE_" + flag.partition("/")[0].removeprefix("--").replace("-", "_").upper()


Cpus = Annotated[str | None, _size("--cpus", "CPUS", "CPUs of one replica, such as 0.5 or 500m.")]
Memory = Annotated[str | None, _size("--memory", "SIZE", "Memory of one replica, such as 512Mi.")]
Replicas = Annotated[int | None, _size("--replicas", "N", "How many replicas.")]
Disk = Annotated[list[str] | None, _size("--disk", "SIZE", "A volume, such as 10Gi; repeatable.")]
Lb = Annotated[int | None, _size("--lb", "N", "Load balancers.")]
Egress = Annotated[str | None, _size("--egress", "GB", "GB to the internet per month.")]
RegistryGb = Annotated[str | None, _size("--registry-gb", "GB", "GB of images kept.")]
Region = Annotated[
    str | None, _wish("--region", "us (if nothing is said), eu, sg, seoul, or a cloud's own region.")
]
ArchOf = Annotated[Arch, _wish("--arch", "Architecture of the nodes.")]
Spot = Annotated[bool, _wish("--spot", "Interruptible nodes.")]
Commit = Annotated[Term | None, _wish("--commit", "Nodes committed to for so long.")]
Ha = Annotated[bool, _wish("--ha", "A redundant control plane.")]
Private = Annotated[bool, _wish("--private", "Nodes without public addresses, behind NAT.")]
Sla = Annotated[str | None, _wish("--sla", "What the control plane must promise, such as 99.95.")]
Kubernetes = Annotated[str | None, _wish("--kubernetes", "The Kubernetes minor, such as 1.35.")]
MachineOf = Annotated[list[str] | None, _wish("--machine", "Pin a type, such as aws=t3.medium; repeatable.")]
Surge = Annotated[bool, _wish("--surge/--no-surge", "Room for one more pod in a rolling update.")]
First = Annotated[bool, _wish("--free-tier/--no-free-tier", "The account's first cluster.")]
Auto = Annotated[bool, _wish("--auto", "Nodes that the cloud makes as pods need them (EKS Auto Mode).")]
Assume = Annotated[list[str] | None, _wish("--assume", "Another assumption: node_disk_gib=30; repeatable.")]
LiveToo = Annotated[
    bool, typer.Option("--live", help="Ask the targets' accounts and clusters; needs credentials.")
]
Explain = Annotated[
    str | None, typer.Option("--explain", metavar="CLOUD", help="Print every line of a bill.")
]
Against = Annotated[
    str | None, typer.Option("--against", metavar="REV", help="Compare with the app at a git revision.")
]
Html = Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write a report to look at.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="More columns, and the facts.")]
Form = Annotated[
    Format, typer.Option("--output", "-o", envvar="CLOUDDEPLOY_OUTPUT", help="How to print the result.")
]
