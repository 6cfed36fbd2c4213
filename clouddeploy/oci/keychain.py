"""The logins that docker has: found, kept and forgotten where docker itself would.

`credHelpers` says who keeps one host's login, `credsStore` who keeps all others; without either it is
in config.json. A login is only ever given for the host that it was asked for: one that cannot be had
is an error, never another host's (CVE-2021-41092).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from clouddeploy.errors import CloudDeployError, CredentialsError
from clouddeploy.oci.dockerconfig import DockerConfig, host_of, key_of, names_of
from clouddeploy.oci.helpers import Helper
from clouddeploy.seam.registry import Login


@dataclass(frozen=True)
class Kept:
    """A host that docker knows a login for, whose, and where it is: a helper's program or the file.

    `trouble` says why the login cannot be had; the user name is unknown then.
    """

    host: str
    username: str
    where: str
    trouble: str | None = None


def find_login(host: str) -> Login | None:
    """docker's login for a registry host; None when there is none.

    Raises ConfigError for a broken config.json, MissingToolError for a helper that is not installed
    and CredentialsError for one that fails.
    """
    config = DockerConfig.load()
    name = config.helper(host_of(host))
    found = _ask(Helper(name), host) if name else None
    inline = found or config.login(host_of(host))
    return Login(host, inline.username, inline.password) if inline else None


def or_docker(login: Callable[[], Login | None], host: str) -> Callable[[], Login | None]:
    """`login`, and docker's for `host` where that gives none."""
    return lambda: login() or find_login(host)


def keep_login(login: Login) -> str:
    """Hand a login to docker; where it is kept: a helper's program, or the path of the file.

    It is read back. Raises what `find_login` raises, and CredentialsError when it was not kept.
    """
    config = DockerConfig.load()
    name = config.helper(host_of(login.host))
    if name:
        Helper(name).store(key_of(login.host), login)
    config.put(login, empty=bool(name))
    config.save()
    where = Helper(name).program if name else str(config.path)
    kept = find_login(login.host)
    if kept is None or (kept.username, kept.password) != (login.username, login.password):
        raise CredentialsError(
            f"{where} did not keep the login for {login.host}",
            fix=f"take {login.host} out of credHelpers in {config.path}: its helper brings logins of its own",
        )
    return where


def forget_login(host: str) -> bool:
    """Take a host's login from docker; whether there was one."""
    config = DockerConfig.load()
    there = config.login(host_of(host)) is not None
    name = config.helper(host_of(host))
    if name:
        helper = Helper(name)
        known = [key for key in names_of(host) if helper.get(key, host)]
        for key in known:
            helper.erase(key, host)
        there = there or bool(known)
    if config.remove(host_of(host)):
        config.save()
    return there


def kept_logins() -> list[Kept]:
    """What docker has logins for, by host. Raises ConfigError for a broken config.json only."""
    config = DockerConfig.load()
    store = config.helper("")
    found = {one.host: one for one in (_listed(store) if store else ())}
    for host in config.hosts():
        if host not in found and (one := _kept(config, host)):
            found[host] = one
    return [found[host] for host in sorted(found)]


def _listed(store: str) -> list[Kept]:
    try:
        helper = Helper(store)
        return [Kept(host_of(key), name, helper.program) for key, name in helper.list().items()]
    except CloudDeployError:
        return []  # each host that the file names tells the trouble


def _kept(config: DockerConfig, host: str) -> Kept | None:
    name = config.helper(host)
    where = f"docker-credential-{name}" if name else str(config.path)
    try:
        login = find_login(host)
    except CloudDeployError as error:
        return Kept(host, "", where, error.message)
    return Kept(host, login.username, where) if login else None


def _ask(helper: Helper, host: str) -> Login | None:
    """docker asks for its own key alone; other tools keep Docker Hub's login under its other names."""
    answers = (helper.get(key, host) for key in names_of(host))
    return next((login for login in answers if login), None)
