"""A third party's plug-in, put on the path as pip would do it."""

from __future__ import annotations

import tomllib
from pathlib import Path


def install(project: Path) -> Path:
    """Make `project` a folder for PYTHONPATH: its metadata and entry points from its pyproject.toml."""
    about = tomllib.loads((project / "pyproject.toml").read_text())["project"]
    info = project / f"{about['name'].replace('-', '_')}-{about['version']}.dist-info"
    info.mkdir()
    metadata = ["Metadata-Version: 2.1", f"Name: {about['name']}", f"Version: {about['version']}"]
    metadata += [f"Requires-Dist: {needed}" for needed in about.get("dependencies", ())]
    for extra, needs in about.get("optional-dependencies", {}).items():
        metadata.append(f"Provides-Extra: {extra}")
        metadata += [f'Requires-Dist: {needed}; extra == "{extra}"' for needed in needs]
    (info / "METADATA").write_text("\n".join(metadata) + "\n")
    groups = [
        "\n".join((f"[{group}]", *(f"{name} = {value}" for name, value in points.items())))
        for group, points in about["entry-points"].items()
    ]
    (info / "entry_points.txt").write_text("\n\n".join(groups) + "\n")
    return project
