"""A headless Chromium, driven over the DevTools protocol's pipe: one page, its keyboard, its screenshots.

https://chromedevtools.github.io/devtools-protocol/; `--remote-debugging-pipe` reads commands from file
descriptor 3 and answers on 4, each message JSON that ends with a NUL.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.live import found
from tests.live.needs import need

PART = "Chromium"
_KEYS = {"Tab": 9, "End": 35, "Home": 36, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, " ": 32}
_FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--hide-scrollbars", "--force-device-scale-factor=1", "--remote-debugging-pipe",
)  # fmt: skip


class Page:
    """The one page of a browser. Everything waits until Chromium has answered."""

    def __init__(self, out: int, answers: int) -> None:
        self._out, self._in, self._rest, self._number = out, answers, b"", 0
        self._session: str | None = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Page.enable")

    def call(self, method: str, **params: Any) -> Any:
        """One command's result; AssertionError with Chromium's words when it refuses."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]

    def open(self, url: str, *, width: int = 1280, dark: bool = False) -> None:
        """The page at this width, drawn; a fragment alone would not load it again."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        self.call("Emulation.setDeviceMetricsOverride", **size)
        self.call("Page.navigate", url="about:blank")
        self.call("Page.navigate", url=url)
        assert self.run(
            "new Promise(done => { const look = () => document.body?.dataset.ready ? done('yes')"
            " : setTimeout(look, 20); look(); })"
        )

    def run(self, script: str) -> Any:
        """What an expression (or its promise) is, as JSON."""
        result = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def press(self, key: str) -> None:
        """A key of the keyboard, down and up."""
        for kind in ("rawKeyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=_KEYS[key]
            )

    def write(self, text: str) -> None:
        """Text typed where the focus is."""
        self.call("Input.insertText", text=text)

    def screenshot(self, path: Path, *, top: int = 0, height: int | None = None) -> None:
        """A PNG of the whole page, or of `height` pixels from `top`."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {
            "x": 0,
            "y": top,
            "width": size["width"],
            "height": height or size["height"] - top,
            "scale": 1,
        }
        shot = self.call("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def _read(self) -> Any:
        while b"\0" not in self._rest:
            chunk = os.read(self._in, 2**16)
            assert chunk, "Chromium ended"
            self._rest += chunk
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)


@contextmanager
def chromium(profile: Path) -> Iterator[Page]:
    """A browser with a profile of its own; the test is skipped (in CI: fails) where there is none."""
    program = need("chromium", PART)
    commands, out = _pipe()
    answers, replies = _pipe()
    arguments = [program, *_FLAGS, f"--user-data-dir={profile}", "about:blank"]
    silent = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in (0, 1, 2)]
    wires = [(os.POSIX_SPAWN_DUP2, commands, 3), (os.POSIX_SPAWN_DUP2, replies, 4)]
    child = os.posix_spawn(program, arguments, os.environ, file_actions=[*silent, *wires], setpgroup=0)
    os.close(commands)
    os.close(replies)
    try:
        yield Page(out, answers)
        found.ran(PART, program)
    finally:
        os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(out)
        os.close(answers)


def _pipe() -> tuple[int, int]:
    """A pipe away from the low descriptors, which the browser is given its own on."""
    pair = os.pipe()
    moved = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 20) for end in pair)
    for end in pair:
        os.close(end)
    return moved[0], moved[1]
