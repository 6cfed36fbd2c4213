"""What is under test: clouddeploy's push as a program of its own, without building an app first.

`python -m tests.benchmarks.ours SOURCE ADDRESS…`: SOURCE as `images copy` takes it, the
image goes to every ADDRESS (`host/repository:tag`) at once.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack

from clouddeploy.images.sources import open_source
from clouddeploy.images.store import Store
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
        image = stack.enter_context(open_source(source, Store.default()))
        for done in push(image, places, How()):
            if done.error:
                raise done.error


if __name__ == "__main__":
    main(*sys.argv[1:])
