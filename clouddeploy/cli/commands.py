"""The command table: one row per command, read both to print the overview and to load a command.

Printing `--help` from this table needs neither typer nor any command's module, which keeps
it as fast as starting Python.
"""

from __future__ import annotations

from typing import NamedTuple


class Command(NamedTuple):
    """A top-level command; `module` defines `register(app)`."""

    name: str
    module: str
    help: str
    group: str


COMMANDS = (
    Command("build", "clouddeploy.cli.build", "Build the app's images.", "Ship"),
    Command("push", "clouddeploy.cli.push", "Push the images to the targets' registries.", "Ship"),
    Command("images", "clouddeploy.cli.images", "ls, tag, copy, prune: what the registries hold.", "Ship"),
    Command("search", "clouddeploy.cli.search", "Search the targets' registries by name.", "Ship"),
    Command(
        "registry", "clouddeploy.cli.registry", "login, logout, list: registries for docker too.", "Ship"
    ),
    Command("render", "clouddeploy.cli.render", "Print the Kubernetes manifests.", "Ship"),
    Command("deploy", "clouddeploy.cli.deploy", "Build, push, roll out, wait until healthy.", "Ship"),
    Command("status", "clouddeploy.cli.status", "Show what runs where: image, digest, ready, age.", "Run"),
    Command("down", "clouddeploy.cli.down", "Remove the app from its targets.", "Run"),
    Command("cluster", "clouddeploy.cli.cluster", "create, list, show, scale, upgrade, delete.", "Clouds"),
    Command("provider", "clouddeploy.cli.provider", "list, show, test, new: clouds as plug-ins.", "Clouds"),
    Command("doctor", "clouddeploy.cli.doctor", "Say what is missing, and how to get it.", "Project"),
    Command("config", "clouddeploy.cli.config", "show the effective config; print its schema.", "Project"),
    Command("compare", "clouddeploy.cli.compare", "What the app would cost and get on each cloud.", "Clouds"),
    Command("prices", "clouddeploy.cli.prices", "refresh: read the clouds' own price lists.", "Clouds"),
    Command("rehearse", "clouddeploy.cli.rehearse", "Do it all on emulated clouds, no account.", "Practice"),
    Command("emulator", "clouddeploy.cli.emulator", "up, down, status of emulated clouds.", "Practice"),
)

OPTIONS = (
    ("--to TARGET", "where to: a target's name, a provider's name, or all"),
    ("-c, --config FILE", "instead of the clouddeploy.yaml in this folder"),
    ("--version", "print the version"),
    ("--debug", "show the whole error, with its causes"),
)


def overview() -> str:
    """The top-level help, at most 80 columns wide."""
    lines = [
        "Usage: clouddeploy COMMAND [OPTIONS]",
        "",
        "Take a containerised app to AWS, GCP, DigitalOcean, Alibaba or any Kubernetes.",
    ]
    for group in dict.fromkeys(command.group for command in COMMANDS):
        lines += ["", f"{group}:"]
        lines += [f"  {c.name:<10} {c.help}" for c in COMMANDS if c.group == group]
    lines += ["", "Options of most commands:"]
    lines += [f"  {flag:<18} {help_}" for flag, help_ in OPTIONS]
    lines += [
        "",
        "Start without an account:  clouddeploy rehearse",
        "More about one command:    clouddeploy COMMAND --help",
    ]
    return "\n".join(lines)
