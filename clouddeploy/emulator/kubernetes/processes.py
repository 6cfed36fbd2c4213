"""Child programs that end with us, however we end."""

from __future__ import annotations

import atexit
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from clouddeploy.errors import CloudDeployError

_GRACE = 0.5  # seconds to end in peace


class Program:
    """A running program that writes to a log file; `close` ends it, and so does the end of this process."""

    def __init__(self, argv: Sequence[str], log: Path) -> None:
        self.name = Path(argv[0]).name
        self.log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=log.parent,
                start_new_session=True,
            )
        self.pid = self._process.pid
        self._keeper = _keep(self.pid)
        atexit.register(self.close)

    def check(self) -> None:
        """Raises CloudDeployError, with the end of the log, when the program has ended."""
        if (code := self._process.poll()) is not None:
            raise self.failure(f"ended with status {code}")

    def failure(self, what: str) -> CloudDeployError:
        """An error that says what the program did, with its last words."""
        lines = self.log.read_text(errors="replace").splitlines()[-5:]
        return CloudDeployError("\n".join((f"{self.name} {what}", *lines)), fix=f"Read {self.log}")

    def close(self) -> None:
        """Ask the program to end, then insist; idempotent."""
        atexit.unregister(self.close)
        self._keeper.kill()
        self._keeper.wait()
        if self._keeper.stdin:
            self._keeper.stdin.close()
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _keep(pid: int) -> subprocess.Popen[bytes]:
    """Kills `pid` when this process dies: only then does the pipe come to its end."""
    script = 'cat >/dev/null; kill -9 "$1"'
    return subprocess.Popen(
        ["/bin/sh", "-c", script, "sh", str(pid)], stdin=subprocess.PIPE, start_new_session=True
    )
