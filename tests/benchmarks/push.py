"""Pushes beside their peers': from an OCI layout and from Docker Engine, to one registry and to four."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tests.benchmarks import docker, ours, peers, promises
from tests.benchmarks.measure import Entry, Figures, contest, once
from tests.benchmarks.promises import Promise
from tests.benchmarks.registry import LocalRegistry, registries
from tests.benchmarks.table import show

OURS, FOUR = "clouddeploy", "clouddeploy, four at once"
DOCKER, DOCKERS, SAVE = "docker push", "docker push, four in a row", "docker save"


@dataclass(frozen=True)
class Setting:
    """An image to push, `shape` being layers and MiB of each, and how often."""

    folder: Path
    layout: Path
    shape: tuple[int, int]
    runs: int

    @property
    def title(self) -> str:
        return "{} x {} MiB".format(*self.shape)

    @property
    def cache(self) -> Path:
        """Where clouddeploy remembers what it did; emptied before each first push."""
        return self.folder / "cache"


def layout_http(setting: Setting) -> list[Promise]:
    """From the OCI layout over plain http."""
    return _layout(setting, tls=False)


def layout_tls(setting: Setting) -> list[Promise]:
    """From the OCI layout over TLS, with an authority of the benchmark's own."""
    return _layout(setting, tls=True)


def engine(setting: Setting) -> list[Promise]:
    """From Docker Engine to one registry and to four."""
    if not (docker.answers() and shutil.which("skopeo")):
        print(f"\n{setting.title} from Docker Engine: not measured, there is no engine or no skopeo")
        return []
    with registries(4) as (places, _):
        names = [f"{place.host}/bench:1" for place in places]
        with docker.loaded(setting.layout, setting.folder, names) as image:
            return _engine(setting, places, names, image)


PARTS: Mapping[str, Callable[[Setting], list[Promise]]] = {
    "http": layout_http,
    "tls": layout_tls,
    "engine": engine,
}


def _layout(setting: Setting, *, tls: bool) -> list[Promise]:
    with registries(1, tls=tls) as (places, ca):
        address = f"{places[0].host}/bench:1"
        mine = ours.command(f"oci:{setting.layout}:bench", [address])
        commands = {OURS: mine} | dict(peers.from_layout(setting.layout, "bench", address, ca))
        entries = [_entry(setting, name, [one], places, ca) for name, one in commands.items()]
        scheme = "https" if tls else "http"
        first = _first(setting, f"OCI layout to one registry, {scheme}", entries)
        again = _again(setting, f"the same again, unchanged, {scheme}", entries)
    most = [("skopeo copy oci:", 0.5), ("crane push", 1.2)]
    ratios = [one for peer, limit in most for one in promises.ratio(first, OURS, peer, limit)]
    return _shown([*ratios, *_costs(setting, first, again, OURS)])


def _engine(
    setting: Setting, places: Sequence[LocalRegistry], names: Sequence[str], image: docker.Loaded
) -> list[Promise]:
    source = f"docker-daemon:{image.image_id}"
    pushes = [["docker", "push", "-q", name] for name in names]
    daemon = image.daemon
    one = [
        _entry(setting, OURS, [ours.command(source, names[:1])], places[:1], None, daemon),
        _entry(setting, DOCKER, pushes[:1], places[:1], None, daemon),
    ]
    four = [
        _entry(setting, FOUR, [ours.command(source, names)], places, None, daemon),
        _entry(setting, DOCKERS, pushes, places, None, daemon),
    ]
    save = Entry(SAVE, [["docker", "save", "-o", str(setting.folder / "saved.tar"), names[0]]], daemon=daemon)
    rows = _first(setting, "Docker Engine to one registry and to four", [*one, save, *four])
    again = _again(setting, "the same again, unchanged, one registry", one)
    ratios = promises.ratio(rows, OURS, DOCKER, 0.45)
    ratios += promises.ratio(rows, FOUR, DOCKERS, 0.2) + promises.ratio(rows, FOUR, OURS, 1.7)
    return _shown([*ratios, *_costs(setting, rows, again, OURS), *promises.memory(rows, FOUR)])


def _entry(
    setting: Setting,
    name: str,
    commands: Sequence[Sequence[str]],
    places: Sequence[LocalRegistry],
    ca: Path | None,
    daemon: int | None = None,
) -> Entry:
    def before() -> None:
        shutil.rmtree(setting.cache, ignore_errors=True)
        for place in places:
            place.empty()

    def requests() -> int:
        return sum(place.requests() for place in places)

    env = {**peers.environment(ca), "CLOUDDEPLOY_CACHE": str(setting.cache)}
    return Entry(name, commands, before, requests, daemon, env)


def _first(setting: Setting, title: str, entries: Sequence[Entry]) -> dict[str, Figures]:
    rows = contest(entries, setting.runs)
    show(f"{setting.title}, {title}", rows)
    return rows


def _again(setting: Setting, title: str, entries: Sequence[Entry]) -> dict[str, Figures]:
    """Pushes of what is there already: each after a push of its own that is not measured."""
    rows: dict[str, Figures] = {}
    for entry in entries:
        entry.before()
        once(entry)
        rows |= contest([replace(entry, before=lambda: None)], setting.runs)
    show(f"{setting.title}, {title}", rows)
    return rows


def _costs(
    setting: Setting, first: Mapping[str, Figures], again: Mapping[str, Figures], name: str
) -> list[Promise]:
    """Requests do not depend on the machine; the first push's are promised for 13 blobs."""
    counted = promises.requests(first, name, 42) if setting.shape[0] == 12 else []
    unchanged = promises.requests(again, name, 2)
    return [
        *counted,
        *(replace(one, what=f"{one.what}, unchanged") for one in unchanged),
        *promises.memory(first, name),
    ]


def _shown(found: list[Promise]) -> list[Promise]:
    promises.show(found)
    return found
