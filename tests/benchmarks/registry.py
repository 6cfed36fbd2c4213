"""Debian's docker-registry on loopback, emptied before each run, its requests counted."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from pathlib import Path

import urllib3

from clouddeploy.emulator.server import free_port

_REQUEST = re.compile(rb'"(?:GET|HEAD|POST|PUT|PATCH|DELETE) /v2/')


class LocalRegistry:
    """A registry process; `host` is `127.0.0.1:port`."""

    def __init__(self, folder: Path) -> None:
        self.host = f"127.0.0.1:{free_port()}"
        self._storage, self._log = folder / "storage", folder / "registry.log"
        self._config = folder / "registry.yml"
        self._config.write_text(
            "version: 0.1\nlog: {level: error}\n"
            f"storage: {{filesystem: {{rootdirectory: '{self._storage}'}}}}\n"
            f"http: {{addr: '{self.host}'}}\n"
        )
        self._process: subprocess.Popen[bytes] | None = None

    def empty(self) -> None:
        """Start anew with nothing in it."""
        self.close()
        shutil.rmtree(self._storage, ignore_errors=True)
        with self._log.open("wb") as log:
            command = ["docker-registry", "serve", str(self._config)]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        for _ in range(100):
            try:
                urllib3.request("GET", f"http://{self.host}/v2/", retries=False, timeout=1)
            except urllib3.exceptions.HTTPError:
                time.sleep(0.05)
            else:
                return
        raise SystemExit("docker-registry does not answer")

    def requests(self) -> int:
        """How many requests it has answered since it was emptied."""
        return len(_REQUEST.findall(self._log.read_bytes()))

    def close(self) -> None:
        """End the process."""
        if self._process:
            self._process.terminate()
            self._process.wait()
            self._process = None
