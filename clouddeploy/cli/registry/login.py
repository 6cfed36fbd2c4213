"""`clouddeploy registry login`"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from clouddeploy.cli import options, view
from clouddeploy.cli.outcomes import finish
from clouddeploy.cli.project import app_and_targets
from clouddeploy.errors import ConfigError
from clouddeploy.oci.dockerconfig import host_of
from clouddeploy.oci.reference import is_host
from clouddeploy.release.logins import LoggedIn, log_in, log_in_target
from clouddeploy.release.targets import each
from clouddeploy.seam.registry import Login
from clouddeploy.seam.secret import Secret

Host = Annotated[
    str | None, typer.Argument(metavar="[HOST]", help="Any registry, as ghcr.io; instead of the targets'.")
]
Username = Annotated[
    str | None,
    typer.Option("--username", "-u", envvar="CLOUDDEPLOY_USERNAME", help="The user name for HOST."),
]
FromStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]


def login(
    host: Host = None,
    to: options.To = None,
    config: options.Config = None,
    username: Username = None,
    password_stdin: FromStdin = False,
    output: options.Form = options.Output.table,
) -> None:
    """Log docker in, so that `docker pull` works too: to the targets' registries, or to HOST.

    A login is shown to the registry before docker keeps it, in its credential helper or in its
    config.json. For a target it is made from the cloud's credentials and lives as long as the
    cloud says; for HOST the password comes from standard input or is asked for.
    """
    if host is not None:
        if to:
            raise ConfigError("HOST and --to exclude each other", fix="leave one of them out")
        found = log_in(_asked(checked_host(host), username, password_stdin))
        _print([("", found)], output)
        return
    if username or password_stdin:
        raise ConfigError("a user name and a password are for a HOST", fix="name it, as in ghcr.io")
    _, targets = app_and_targets(to, config)
    outcomes = each(targets, log_in_target)
    _print([(one.name, one.value) for one in outcomes if one.value], output)
    finish(outcomes, "registry login")


def checked_host(text: str) -> str:
    """The host as docker calls it; ConfigError for what is none."""
    host = host_of(text)
    if not is_host(host):
        raise ConfigError(f"{text!r} is no registry host", fix="write it as ghcr.io or localhost:5000")
    return host


def _asked(host: str, username: str | None, password_stdin: bool) -> Login:
    """The login that a person or a pipe gives; ConfigError where there is nobody to ask."""
    username = username or _answer("username", host)
    password = sys.stdin.read().rstrip("\r\n") if password_stdin else _answer("password", host)
    if not username or not password:
        raise ConfigError("a user name or a password is empty", fix="give both")
    return Login(host, username, Secret(password))


def _answer(question: str, host: str) -> str:
    answer = view.ask(question, hidden=question == "password")
    if answer is None:
        raise ConfigError(
            f"there is no terminal to ask for the {question}",
            fix=f"clouddeploy registry login {host} --username NAME --password-stdin < FILE",
        )
    return answer


def _print(done: list[tuple[str, LoggedIn]], output: options.Output) -> None:
    if output is not options.Output.table:
        view.data([_plain(target, one) for target, one in done], output.value)
        return
    view.table(
        ("", "REGISTRY", "USER", "LIVES", "KEPT IN"),
        [(view.tick(True), one.host, one.username, _life(one.expires), one.where) for _, one in done],
    )
    if done:
        view.next_step(f"docker pull {done[0][1].host}/…", why="docker has the login now")


def _life(expires: datetime | None) -> str:
    if expires is None:
        return "until logout"
    minutes = max(0, round((expires - datetime.now(UTC)).total_seconds() / 60))
    return f"{minutes // 60} h {minutes % 60:02} min" if minutes >= 60 else f"{minutes} min"


def _plain(target: str, one: LoggedIn) -> dict[str, object]:
    return {
        "target": target or None,
        "host": one.host,
        "username": one.username,
        "kept_in": one.where,
        "expires": one.expires.isoformat() if one.expires else None,
    }
