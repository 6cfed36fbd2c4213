"""`clouddeploy registry logout`"""

from __future__ import annotations

from clouddeploy.app.model import Target
from clouddeploy.cli import options, view
from clouddeploy.cli.outcomes import finish
from clouddeploy.cli.project import app_and_targets
from clouddeploy.cli.registry.login import Host, checked_host
from clouddeploy.errors import ConfigError
from clouddeploy.oci.keychain import forget_login
from clouddeploy.release.logins import host_of
from clouddeploy.release.targets import each


def logout(host: Host = None, to: options.To = None, config: options.Config = None) -> None:
    """Take logins from docker: those for the targets' registries, or the one for HOST."""
    if host is not None:
        if to:
            raise ConfigError("HOST and --to exclude each other", fix="leave one of them out")
        _say(checked_host(host), forget_login(checked_host(host)))
        return
    _, targets = app_and_targets(to, config)
    outcomes = each(targets, _forget)
    finish(outcomes, "registry logout")


def _forget(target: Target) -> None:
    host = host_of(target)
    _say(host, forget_login(host))


def _say(host: str, there: bool) -> None:
    view.say(f"docker has forgotten the login for {host}" if there else f"docker had no login for {host}")
