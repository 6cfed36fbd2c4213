"""What the emulated clouds share: a loopback server, an OCI registry, a Kubernetes API.

An emulator is a product like the rest: `rehearse`, `emulator up` and the tests run on the
same one. Needs the extra `clouddeploy[rehearse]`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class EmulatorSettings:
    """How to start an emulated cloud.

    `directory` is private to it and kept (blobs, keys, logs). `account` and `region` are what
    the app's target names, None for the emulator's own default. `pace` is how many emulated
    seconds pass in a real one: at 60 a cluster that takes 10 minutes is there in 10 s.
    """

    directory: Path
    account: str | None = None
    region: str | None = None
    pace: float = 60


class Emulated(Protocol):
    """A running emulated cloud."""

    @property
    def environment(self) -> Mapping[str, str]:
        """Variables that point clouddeploy, the cloud's SDK or its own command line here."""
        ...

    def close(self) -> None:
        """End everything that was started; idempotent."""
        ...


class StartEmulator(Protocol):
    """What a `clouddeploy.emulators` entry point names."""

    def __call__(self, settings: EmulatorSettings, /) -> Emulated: ...
