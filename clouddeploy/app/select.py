"""Which targets `--to` means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from clouddeploy.app.model import ALL, App, Target
from clouddeploy.app.problems import did_you_mean
from clouddeploy.errors import ConfigError
from clouddeploy.seam.target import ClusterSpec, TargetSettings


def select_targets(app: App, wanted: Sequence[str], providers: Sequence[str]) -> list[Target]:
    """The targets that are wanted, each once, in the order of asking.

    A word of `wanted` may hold several names with commas between them: a target's name, `all`, or
    a provider's name, which means its only target, or where it has none a target with nothing but
    defaults. No word at all means the app's only target. Raises ConfigError for any other.
    """
    names = [name.strip() for word in wanted for name in word.split(",") if name.strip()]
    if not names and wanted:
        raise ConfigError("--to is empty", fix="name a target, a provider, or all")
    if not names:
        return [_only(app, providers)]
    found = [target for name in names for target in _named(app, name, providers)]
    return list({target.settings.name: target for target in found}.values())


def _only(app: App, providers: Sequence[str]) -> Target:
    if len(app.targets) == 1:
        return next(iter(app.targets.values()))
    if app.targets:
        several = ", ".join(app.targets)
        raise ConfigError(f"the app has several targets: {several}", fix="choose with --to NAME, or --to all")
    raise ConfigError(
        "no target is given, and the app names none",
        fix=f"choose a provider: --to {' or --to '.join(providers)}",
    )


def _named(app: App, name: str, providers: Sequence[str]) -> Iterator[Target]:
    if name in app.targets:
        yield app.targets[name]
    elif name == ALL:
        yield from _every(app, providers)
    else:
        yield _by_provider(app, name, providers)


def _every(app: App, providers: Sequence[str]) -> Sequence[Target]:
    if not app.targets:
        fix = f"add targets to clouddeploy.yaml, or choose a provider: --to {' or --to '.join(providers)}"
        raise ConfigError("--to all, but the app names no targets", fix=fix)
    return list(app.targets.values())


def _by_provider(app: App, name: str, providers: Sequence[str]) -> Target:
    users = [target for target in app.targets.values() if target.settings.provider == name]
    if len(users) == 1:
        return users[0]
    if users:
        several = ", ".join(target.settings.name for target in users)
        raise ConfigError(f"several targets use {name}: {several}", fix="choose one of them by its name")
    if name in providers:
        blank = app.defaults or TargetSettings("", "", ClusterSpec(app.name))
        return Target(replace(blank, name=name, provider=name), app.name, app.services)
    known = list(dict.fromkeys([*app.targets, *providers]))
    fix = f"choose from: {', '.join([*known, ALL])}"
    raise ConfigError(f'there is no target "{name}"{did_you_mean(name, [*known, ALL])}', fix=fix)
