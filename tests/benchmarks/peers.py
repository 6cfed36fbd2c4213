"""Other people's programs that do the same: crane, built from its Go module, and skopeo, from Debian."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.live.bench import places, programs
from tests.live.bench.trouble import BenchError

CRANE = "v0.22.1"
_MODULE = Path(__file__).with_name("peers")


def crane() -> str | None:
    """crane's path, built once into the user's cache; None where there is neither it nor Go."""
    name = f"crane-{CRANE}"
    try:
        programs.build_from(_MODULE, "github.com/google/go-containerregistry/cmd/crane", name, "-s -w")
    except BenchError as error:
        print(f"  without crane: {error}")
        return shutil.which("crane")
    return str(places.programs() / name)


def skopeo() -> str | None:
    """skopeo's path; installed where apt and root are at hand."""
    if not shutil.which("skopeo"):
        try:
            programs.install_packages()
        except BenchError as error:
            print(f"  without skopeo: {error}")
    return shutil.which("skopeo")


def from_layout(layout: Path, name: str, address: str, ca: Path | None) -> Mapping[str, Sequence[str]]:
    """Each peer's command that brings an image of an OCI layout to an address; `ca` where that has TLS."""
    commands: dict[str, Sequence[str]] = {}
    if program := crane():
        commands["crane push"] = [program, "push", str(layout), address]
    if program := skopeo():
        verify = "true" if ca else "false"
        source, target = f"oci:{layout}:{name}", f"docker://{address}"
        commands["skopeo copy oci:"] = [program, "copy", "-q", f"--dest-tls-verify={verify}", source, target]
    return commands


def environment(ca: Path | None) -> Mapping[str, str]:
    """No login of the user's, no telemetry, and whom to trust."""
    quiet = {"DOCKER_CONFIG": "/nonexistent", "OTEL_TRACES_EXPORTER": "none"}
    return quiet | ({"SSL_CERT_FILE": str(ca)} if ca else {})
