"""Stand-ins for docker, podman and buildah: programs on PATH that speak their command lines.

A stand-in writes what it was called with into `calls`, "builds" an archive that was prepared, and
saves it. What differs from the default is said in `behaviour`, a JSON file beside it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

_PROGRAM = """#!{python}
import json, os, sys, time
from pathlib import Path

home = Path({home!r})
name, words = {name!r}, sys.argv[1:]
behaviour = json.loads((home / f"{{name}}.json").read_text())
shown = {{key: os.environ.get(key) for key in ("DOCKER_BUILDKIT", "DOCKER_DEFAULT_PLATFORM")}}
with (home / "calls").open("a") as calls:
    calls.write(json.dumps([name, words, shown]) + "\\n")


def say(reply):
    time.sleep(reply.get("sleep", 0))
    sys.stderr.write(reply.get("err", ""))
    sys.stdout.write(reply.get("out", ""))
    sys.exit(reply.get("status", 0))


if words[0] in ("version", "info", "context"):
    say(behaviour[words[0]])
if words[0] == "image":
    say(behaviour.get("inspect", {{"out": behaviour["id"] + "\\n"}}))
if words[:2] == ["buildx", "version"]:
    say({{"status": 0 if behaviour["buildx"] else 1}})
if words[0] in ("build", "bud"):
    if "build" in behaviour:
        say(behaviour["build"])
    print("Step 1/1 : FROM scratch", flush=True)
    Path(words[words.index("--iidfile") + 1]).write_text(behaviour["id"])
if words[0] in ("save", "push"):
    if "save" in behaviour:
        say(behaviour["save"])
    sys.stdout.buffer.write((home / "archive.tar").read_bytes())
"""

ANSWERS: dict[str, dict[str, Any]] = {
    "docker": {
        "version": {"out": json.dumps({"Server": {"Os": "linux", "Arch": "amd64"}})},
        "context": {"out": "unix:///home/somebody/docker.sock\n"},
        "buildx": False,
    },
    "podman": {"info": {"out": "linux/amd64\n"}},
    "buildah": {"info": {"out": "linux/amd64"}},
}


class Fakes:
    """A PATH of stand-ins; `put` adds one."""

    def __init__(self, home: Path) -> None:
        self.home = home
        home.mkdir()

    def put(self, name: str, **behaviour: Any) -> None:
        program = self.home / name
        program.write_text(_PROGRAM.format(python=sys.executable, home=str(self.home), name=name))
        program.chmod(0o755)
        answers = {**ANSWERS[name], "id": f"sha256:{'1' * 64}", **behaviour}
        (self.home / f"{name}.json").write_text(json.dumps(answers))

    def archive(self, raw: bytes) -> None:
        (self.home / "archive.tar").write_bytes(raw)

    def calls(self) -> list[tuple[str, list[str], dict[str, str | None]]]:
        lines = (self.home / "calls").read_text().splitlines()
        return [tuple(json.loads(line)) for line in lines]

    def call(self, verb: str) -> tuple[list[str], dict[str, str | None]]:
        """The words and the environment of the last call of one verb."""
        return next((words, shown) for _, words, shown in reversed(self.calls()) if words[0] == verb)
