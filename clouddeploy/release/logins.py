"""Logins to registries: proven, handed to docker, looked at."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from clouddeploy.app.model import Target
from clouddeploy.errors import CloudDeployError, NotFoundError, PreconditionError
from clouddeploy.oci.client import RegistryClient
from clouddeploy.oci.keychain import Kept, find_login, keep_login, kept_logins
from clouddeploy.release.registries import OpenRegistry, open_host, open_target
from clouddeploy.release.targets import connected
from clouddeploy.seam.registry import IDENTITY_TOKEN, Login

_SOON = 10.0  # seconds that a registry may stay silent when it is only looked at
_AT_ONCE = 8


@dataclass(frozen=True)
class LoggedIn:
    """A login that the registry took and docker now has; `where` is a helper's program or a file.

    `expires` is aware UTC, None for a login that does not say when it ends.
    """

    host: str
    username: str
    where: str
    expires: datetime | None


@dataclass(frozen=True)
class Entry:
    """One registry: a target's, or a host that docker has a login for (`target` is empty).

    `account` is the target's account, or the user that docker knows. `repositories` counts them, None
    where the registry does not tell. `entered` says whether the login was taken, None where none is
    needed; `detail` says whose login it was, or why it was refused. `absent` is True for a registry that
    is not made yet.
    """

    target: str
    host: str
    account: str
    repositories: int | None
    entered: bool | None
    detail: str
    absent: bool = False


def log_in(login: Login) -> LoggedIn:
    """Prove a login to its registry, then hand it to docker.

    Raises CredentialsError when the registry refuses it, PreconditionError when the registry asks
    nobody for a login; nothing is kept then.
    """
    with RegistryClient(login.host, lambda: login) as client:
        if not client.enter():
            raise PreconditionError(
                f"{login.host} asks nobody for a login, so it could not be checked and was not kept",
                fix=f"use {login.host} without a login",
            )
    return LoggedIn(login.host, shown_name(login), keep_login(login), login.expires)


def log_in_target(target: Target) -> LoggedIn:
    """Log docker in to a target's registry, with a login that its provider makes."""
    provider = connected(target)
    login = provider.registry.login()
    if login is None:
        with open_target(provider) as registry:
            host = registry.client.host
        raise PreconditionError(
            f"target {target.settings.name} has no login of its own for {host}",
            fix=f"clouddeploy registry login {host} --username NAME",
        )
    return log_in(login)


def host_of(target: Target) -> str:
    """The host of a target's registry."""
    with open_target(connected(target)) as registry:
        return registry.client.host


def shown_name(login: Login) -> str:
    """The user name, where it is one: an identity token has none, and DigitalOcean's is the password."""
    secret = login.username in (IDENTITY_TOKEN, login.password.reveal())
    return "(token)" if secret else login.username


def look(targets: Sequence[Target]) -> list[Entry]:
    """The targets' registries, and every other host that docker has a login for. Raises nothing of theirs."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = list(pool.map(_target_entry, targets))
        own = {one.host for one in found}
        others = [one for one in kept_logins() if one.host not in own]
        return [*found, *pool.map(_host_entry, others)]


def _target_entry(target: Target) -> Entry:
    name, host, account = target.settings.name, "", ""
    try:
        provider = connected(target)
        with open_target(provider) as registry:
            host = registry.client.host
            own = provider.registry.login()
            account = provider.identity().account
            entered = registry.client.enter()
            whose = _whose(own, host) if entered else "no login needed"
            return Entry(name, host, account, _count(registry), entered or None, whose)
    except CloudDeployError as error:
        absent = isinstance(error, NotFoundError)
        return Entry(name, host, account, None, False, error.message, absent)


def _whose(own: Login | None, host: str) -> str:
    if own is None:
        return "docker's login"
    return "own login, docker has one too" if find_login(host) else "own login"


def _host_entry(kept: Kept) -> Entry:
    if kept.trouble:
        return Entry("", kept.host, "", None, False, kept.trouble)
    name = "(token)" if kept.username == IDENTITY_TOKEN else kept.username
    try:
        with RegistryClient(kept.host, timeout=_SOON) as client:
            entered = client.enter()
        with open_host(kept.host) as registry:
            return Entry("", kept.host, name, _count(registry), entered or None, f"in {kept.where}")
    except CloudDeployError as error:
        return Entry("", kept.host, name, None, False, error.message)


def _count(registry: OpenRegistry) -> int | None:
    try:
        return len(registry.images.repositories())
    except CloudDeployError:
        return None
