"""Push an OCI layout with clouddeploy, as a program of its own: LAYOUT NAME ADDRESS TAG."""

from __future__ import annotations

import sys
from pathlib import Path

from clouddeploy.images.store import Image, Store
from clouddeploy.oci.client import RegistryClient
from clouddeploy.push import push_image

if __name__ == "__main__":
    layout, name, address, tag = sys.argv[1:]
    store = Store(Path(layout))
    manifest = store.find(name)
    if manifest is None:
        raise SystemExit(f"{layout} has no image {name}")
    with RegistryClient(address.partition("/")[0]) as client:
        done = push_image(Image(store, manifest), address, [tag], client)
    print(done.reference)
