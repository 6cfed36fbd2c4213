"""A push takes the same memory for any image."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from clouddeploy.emulator.registry import OciRegistry, anonymous
from clouddeploy.emulator.server import Server

MIB = 1024 * 1024

PUSH = r"""
import re, sys
from pathlib import Path
from clouddeploy.oci.client import RegistryClient
from clouddeploy.oci.descriptor import OCI_CONFIG, OCI_LAYER_GZIP, Descriptor
from clouddeploy.push import push_image
from tests.oci.images import DirectorySource

host, directory, digest, size = sys.argv[1:]
source = DirectorySource(Path(directory))
layer = Descriptor(OCI_LAYER_GZIP, digest, int(size))
source.manifest = source.add_manifest(source.add(b"{}", OCI_CONFIG), [layer])
with RegistryClient(host) as client:
    result = push_image(source, host + "/shop/web", ["v1"], client)
    assert result.bytes_sent == layer.size + 2
    with client.open_blob("shop/web", layer) as stream:
        while stream.read(65536):
            pass
print(int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]) // 1024)
"""


def make_layer(directory: Path, size: int) -> str:
    directory.mkdir()
    piece, digest = b"0123456789abcdef" * (MIB // 16), hashlib.sha256()
    path = directory / "layer"
    with path.open("wb") as file:
        for _ in range(size // MIB):
            file.write(piece)
            digest.update(piece)
    path.rename(directory / f"sha256-{digest.hexdigest()}")
    return f"sha256:{digest.hexdigest()}"


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells how much memory was used")
def test_a_layer_of_300_mib_takes_less_than_100(tmp_path: Path) -> None:
    digest = make_layer(tmp_path / "image", 300 * MIB)
    registry = OciRegistry(tmp_path / "registry", authorize=anonymous)
    with Server(registry) as server:
        arguments = [server.host, str(tmp_path / "image"), digest, str(300 * MIB)]
        done = subprocess.run(
            [sys.executable, "-c", PUSH, *arguments],
            capture_output=True,
            text=True,
            timeout=100,
            cwd=Path(__file__).parents[2],
        )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 100
    assert registry.find("shop/web", "v1")
