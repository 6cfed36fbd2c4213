"""Debian's docker-registry on loopback, in memory where there is /dev/shm; its requests are counted."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from clouddeploy.emulator.certificates import Authority, KeyPair
from clouddeploy.emulator.server import free_port

_REQUEST = re.compile(rb'"(?:GET|HEAD|POST|PUT|PATCH|DELETE) /v2/')
_MEMORY = Path("/dev/shm")
PATIENCE = 10.0


class LocalRegistry:
    """A registry process; `host` is `127.0.0.1:port`."""

    def __init__(self, folder: Path, tls: KeyPair | None = None) -> None:
        self.host = f"127.0.0.1:{free_port()}"
        self._storage, self._log = folder / "storage", folder / "registry.log"
        self._config = folder / "registry.yml"
        http: dict[str, object] = {"addr": self.host}
        if tls:
            http["tls"] = {"certificate": str(tls.certificate), "key": str(tls.key)}
        storage = {"filesystem": {"rootdirectory": str(self._storage)}}
        config = {"version": 0.1, "log": {"level": "error"}, "storage": storage, "http": http}
        self._config.write_text(json.dumps(config))
        self._process: subprocess.Popen[bytes] | None = None

    def empty(self) -> None:
        """Start anew with nothing in it."""
        self.close()
        shutil.rmtree(self._storage, ignore_errors=True)
        with self._log.open("wb") as log:
            command = ["docker-registry", "serve", str(self._config)]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            if time.monotonic() > deadline:
                raise SystemExit("docker-registry does not answer")
            time.sleep(0.02)

    def requests(self) -> int:
        """How many requests it has answered since it was emptied."""
        return len(_REQUEST.findall(self._log.read_bytes()))

    def close(self) -> None:
        """End the process."""
        if self._process:
            self._process.terminate()
            self._process.wait()
            self._process = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _answers(self) -> bool:
        host, _, port = self.host.partition(":")
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
        except OSError:
            return False
        return True


@contextmanager
def registries(count: int, *, tls: bool = False) -> Iterator[tuple[Sequence[LocalRegistry], Path | None]]:
    """Empty registries, and the certificate of the authority that signed theirs."""
    place = str(_MEMORY) if _MEMORY.is_dir() else None
    with TemporaryDirectory(prefix="clouddeploy-bench-", dir=place) as scratch, ExitStack() as stack:
        root = Path(scratch)
        authority = Authority(root, "clouddeploy benchmark") if tls else None
        pair = authority.server("registry") if authority else None
        made = []
        for number in range(count):
            folder = root / str(number)
            folder.mkdir()
            made.append(stack.enter_context(LocalRegistry(folder, pair)))
            made[-1].empty()
        yield made, authority.pair.certificate if authority else None
