"""What most commands begin with: the app in this folder, and the targets that were asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from clouddeploy.app.load import describes_app, load_app
from clouddeploy.app.model import ALL, App, Target
from clouddeploy.app.select import select_targets
from clouddeploy.cli import view
from clouddeploy.errors import ConfigError

_UNITS = {"s": 1, "m": 60, "h": 3600}


def find_app(config: Path | None, *, show_inferred: bool = True) -> App:
    """The app of this folder; says which values were inferred, and from where."""
    app = load_app(Path.cwd(), config)
    if show_inferred:
        for value in app.inferred:
            view.note(f"{value.key} = {value.value}   ({value.source})")
    return app


def image_sizes(app: App) -> Mapping[str, int]:
    """The bytes of the images that were built or pulled here, by service."""
    from clouddeploy.images.store import Store

    try:
        store = Store.default()
        if not (store.root / "index.json").exists():
            return {}
    except (OSError, ConfigError):  # a cache that this user cannot look into, or no home for one
        return {}
    from clouddeploy.release.build import find_built

    return {
        name: image.size()
        for name, image in find_built(app, store).items()
        if store.has(image.manifest.digest)
    }


def chosen(app: App, to: Sequence[str] | None, namespace: str | None = None) -> list[Target]:
    """The targets of `--to`, in its order, each in `namespace` if one is given."""
    # late: importlib.metadata takes long, and not every command asks for targets
    from clouddeploy import plugins

    targets = select_targets(app, to or [], plugins.names())
    return [replace(target, namespace=namespace) if namespace else target for target in targets]


def app_and_targets(to: Sequence[str] | None, config: Path | None) -> tuple[App | None, list[Target]]:
    """The app of this folder and the targets of --to, all of the app's where it is not given.

    No app, and a target with nothing but defaults, when --to names a provider where there is none.
    """
    here = Path.cwd()
    if to and config is None and not describes_app(here):
        return None, chosen(App("app", here, here, (), {}), to)
    app = find_app(config, show_inferred=False)
    return app, chosen(app, to or ([ALL] if app.targets else None))


def one(app: App, to: Sequence[str] | None) -> Target:
    """The only target of `--to`; ConfigError for several."""
    targets = chosen(app, to)
    if len(targets) != 1:
        names = ", ".join(target.settings.name for target in targets)
        raise ConfigError(f"this command takes one target, not {names}", fix="name one with --to")
    return targets[0]


def seconds(text: str | None, default: float) -> float:
    """A duration such as 90, 90s, 10m or 1h in seconds."""
    if not text:
        return default
    number, unit = (text[:-1], text[-1]) if text[-1] in _UNITS else (text, "s")
    try:
        value = float(number) * _UNITS[unit]
    except ValueError:
        raise ConfigError(f"{text} is not a duration", fix="write it as 90s, 10m or 1h") from None
    if value <= 0:
        raise ConfigError(f"a time of {text} is over before it begins", fix="write it as 90s, 10m or 1h")
    return value


def short(digest: str) -> str:
    """The first twelve characters of a digest's hash, as docker shows it."""
    return digest.partition(":")[2][:12]


def size(count: float) -> str:
    """A number of bytes in the largest unit that leaves a digit before the point."""
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"
