"""`make recording`: a real rehearsal in an 80-column terminal, its last screen drawn as SVG."""

from __future__ import annotations

import io
import os
import pty
import struct
import subprocess
import sys
import termios
from fcntl import ioctl
from pathlib import Path

import pyte
from pyte.screens import Char
from rich.console import Console
from rich.style import Style
from rich.text import Text

COLUMNS, LINES = 80, 300
EXAMPLE = "examples/static"


def record(command: list[str]) -> pyte.Screen:
    """The screen that `command` leaves in a terminal high enough for all of it."""
    terminal, inside = pty.openpty()
    ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    env = {**os.environ, "TERM": "xterm-256color", "COLUMNS": str(COLUMNS), "PYTHONWARNINGS": "ignore"}
    process = subprocess.Popen(command, stdin=inside, stdout=inside, stderr=inside, env=env)
    os.close(inside)
    screen = pyte.Screen(COLUMNS, LINES)
    stream = pyte.ByteStream(screen)
    while chunk := _read(terminal):
        stream.feed(chunk)
    if process.wait():
        raise SystemExit("\n".join(line.rstrip() for line in screen.display).strip())
    return screen


def draw(screen: pyte.Screen, title: str) -> str:
    """The screen as SVG below the command that filled it, without the empty lines at its end."""
    prompt = Text(f"$ {title}", "bold cyan")
    rows = [prompt, *(_line(screen.buffer[row]) for row in range(LINES))]
    while rows and not rows[-1].plain.strip():
        rows.pop()
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), color_system="truecolor")
    console.print(Text("\n").join(rows), soft_wrap=True)
    return console.export_svg(title=title)


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux answers EIO when the other side is closed
        return b""


def _line(cells: dict[int, Char]) -> Text:
    line = Text()
    for column in range(COLUMNS):
        cell = cells[column]
        line.append(cell.data, Style(color=_colour(cell.fg), bold=cell.bold, italic=cell.italics))
    line.rstrip()
    return line


def _colour(name: str) -> str | None:
    if name == "default":
        return None
    names = {"brown": "yellow", "brightbrown": "bright_yellow"}
    if len(name) == 6 and all(c in "0123456789abcdef" for c in name):
        return f"#{name}"
    return names.get(name, name.replace("bright", "bright_"))


if __name__ == "__main__":
    target = Path(sys.argv[1])
    program = str(Path(sys.executable).with_name("clouddeploy"))
    screen = record([program, "rehearse", EXAMPLE])
    target.write_text(draw(screen, f"clouddeploy rehearse {EXAMPLE}"))
    print(f"{target}: {target.stat().st_size // 1024} KiB")
