"""`make bench`: start-up, render, compare, packing, emulated clouds and push, each beside its peers."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from tests.benchmarks import clouds, comparing, image, packing, push, render, startup
from tests.benchmarks.promises import Promise
from tests.benchmarks.push import PARTS, Setting
from tests.benchmarks.table import show

SHAPES = ("12x40", "100x1", "1x480")
LARGE = "1x5000"


def main() -> None:
    """Print the tables; the pushes need a few minutes for each image and 2 GiB of memory and disk."""
    asked = _asked()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # registries and images go away with us
    print(f"Python {platform.python_version()}, {os.cpu_count()} CPUs; ratios are to each first row")
    with tempfile.TemporaryDirectory(prefix="clouddeploy-bench-") as scratch:
        folder = Path(scratch)
        if "startup" in asked.what:
            show("start-up", startup.figures())
        if "render" in asked.what:
            show("render", render.figures(folder))
        if "compare" in asked.what:
            show("compare", comparing.figures(folder / "prices"))
        if "packing" in asked.what:
            packing.show()
        if "clouds" in asked.what:
            _kept(clouds.figures(folder))
        if "push" in asked.what:
            _pushes(folder, asked)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    groups = ("startup", "render", "compare", "packing", "clouds", "push")
    parser.add_argument(
        "what", nargs="*", default=groups, metavar="WHAT", help=f"{', '.join(groups)}; else all"
    )
    parser.add_argument("--images", default=",".join(SHAPES), help="layers x MiB (default: %(default)s)")
    parser.add_argument("--parts", default=",".join(PARTS), help="of push (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=5, help="the medians' (default: 5)")
    parser.add_argument("--large", action="store_true", help=f"push {LARGE} MiB too, once: for memory")
    asked = parser.parse_args()
    if unknown := {*asked.what} - {*groups} or {*asked.parts.split(",")} - {*PARTS}:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    return asked


def _pushes(folder: Path, asked: argparse.Namespace) -> None:
    if not shutil.which("docker-registry"):
        print("\npush: not measured, docker-registry is not installed (apt install docker-registry)")
        return
    found: list[Promise] = []
    for shape in asked.images.split(",") if asked.images else ():
        found += _push(folder, shape, asked.parts.split(","), asked.runs)
    if asked.large:
        found += _push(folder, LARGE, asked.parts.split(","), 1)
    _kept(found)


def _push(folder: Path, shape: str, parts: list[str], runs: int) -> list[Promise]:
    layers, _, mebibytes = shape.partition("x")
    sizes = int(layers), int(mebibytes)
    place = folder / shape
    layout = image.make(place / "layout", *sizes)
    setting = Setting(place, layout, sizes, runs)
    found = [one for part in parts for one in push.PARTS[part](setting)]
    shutil.rmtree(place)
    return found


def _kept(found: list[Promise]) -> None:
    broken = [f"\n  FAIL {one.what}: {one.value:.2f} > {one.limit:g}" for one in found if not one.kept]
    print(f"\n{len(found) - len(broken)} of {len(found)} promises kept" + "".join(broken))


if __name__ == "__main__":
    main()
