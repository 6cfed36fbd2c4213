"""A third party's cloud as `provider new` writes it, served in this process so that tests can look inside."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from clouddeploy.emulator import EmulatorSettings
from clouddeploy.scaffold import write_plugin
from tests.plugin import install

CONFIG = """\
apiVersion: clouddeploy/v1
app: shop
services:
  web: {image: "nginx:1.29"}
targets:
  zeta: {provider: zeta, cluster: {name: shop}}
"""


@contextmanager
def zeta_cloud(directory: Path) -> Iterator[tuple[Any, Mapping[str, str]]]:
    """The running cloud, and the environment in which commands know its provider and find it."""
    site = install(write_plugin("zeta", directory))
    sys.path.insert(0, str(site))
    try:
        cloud = import_module("clouddeploy_zeta.emulator").start(EmulatorSettings(directory, pace=600))
        yield cloud, {**cloud.environment, "PYTHONPATH": str(site)}
        cloud.close()
    finally:
        sys.path.remove(str(site))
        for name in [name for name in sys.modules if name.partition(".")[0] == "clouddeploy_zeta"]:
            del sys.modules[name]
