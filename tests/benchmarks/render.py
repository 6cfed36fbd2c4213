"""How long it takes to print an app's manifests, and those of an app with 100 services."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.benchmarks.measure import Figures, measure

TARGET = "targets:\n  lab: {provider: kubernetes, context: lab, registry: {host: 'localhost:5000'}}\n"


def figures(folder: Path) -> dict[str, Figures]:
    """`clouddeploy render` of 1 and of 100 services; `folder` is where their configs are put."""
    program = str(Path(sys.executable).with_name("clouddeploy"))
    rows = {}
    for count in (1, 100):
        config = folder / f"render-{count}.yaml"
        services = "".join(
            f"  s{number}: {{image: 'nginx:1.29', port: 8080, replicas: 3, env: {{NUMBER: '{number}'}}}}\n"
            for number in range(count)
        )
        config.write_text(f"apiVersion: clouddeploy/v1\napp: many\nservices:\n{services}{TARGET}")
        command = [program, "render", "--to", "lab", "--tag", "1", "-c", str(config)]
        rows[f"clouddeploy render, {count} service(s)"] = measure(command)
    return rows
