"""What is under test: clouddeploy's push as a program of its own, without building an app first.

`python -m tests.benchmarks.ours SOURCE ADDRESS…`: SOURCE is `oci:FOLDER:NAME` or `docker:IMAGE`, the
image goes to every ADDRESS (`host/repository:tag`) at once.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from clouddeploy.images.build import engine_archive
from clouddeploy.images.engines import find_docker
from clouddeploy.images.store import Image, Store
from clouddeploy.images.streamed import Archive
from clouddeploy.oci.client import RegistryClient
from clouddeploy.push import Destination, How, push


def command(source: str, addresses: Sequence[str]) -> list[str]:
    """The command line that brings a source to these addresses."""
    return [sys.executable, "-m", "tests.benchmarks.ours", source, *addresses]


def main(source: str, *addresses: str) -> None:
    """Push, and end with what went wrong."""
    with ExitStack() as stack:
        places = []
        for address in addresses:
            repository, _, tag = address.rpartition(":")
            client = stack.enter_context(RegistryClient(repository.partition("/")[0]))
            places.append(Destination(client, repository, [tag]))
        for done in push(_image(source), places, How()):
            if done.error:
                raise done.error


def _image(source: str) -> Image | Archive:
    kind, _, rest = source.partition(":")
    if kind == "docker":
        engine = find_docker()
        if not hasattr(engine, "save_command"):
            raise SystemExit(f"no Docker Engine: {engine}")
        return engine_archive(engine, rest, rest, Store.default())
    folder, _, name = rest.rpartition(":")
    store = Store(Path(folder))
    manifest = store.find(name)
    if manifest is None:
        raise SystemExit(f"{folder} has no image {name}")
    return Image(store, manifest)


if __name__ == "__main__":
    main(*sys.argv[1:])
