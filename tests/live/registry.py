"""A registry for live tests: one of the bench's variants, or the one that a variable names."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import uuid
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from clouddeploy.contract import Login, Secret
from tests.live import found
from tests.live.bench import keys, processes, registries
from tests.live.needs import need


@dataclass(frozen=True)
class LiveRegistry:
    """A registry, its login if it wants one, and a repository of the test's own."""

    variant: str
    host: str
    repository: str
    user: str | None = None
    password: Secret = field(default_factory=lambda: Secret(""))

    @property
    def address(self) -> str:
        """`host:port/repository`."""
        return f"{self.host}/{self.repository}"

    def login(self) -> Login | None:
        """What `RegistryClient` asks for."""
        return Login(self.host, self.user, self.password) if self.user else None

    def authfile(self, folder: Path) -> Path:
        """A docker config.json with the login, for docker and skopeo."""
        file = folder / "config.json"
        file.touch(mode=0o600)
        pair = base64.b64encode(f"{self.user}:{self.password.reveal()}".encode()).decode()
        file.write_text(json.dumps({"auths": {self.host: {"auth": pair}} if self.user else {}}))
        return file

    def skopeo(self, folder: Path, *words: str) -> bytes:
        """What skopeo prints when it acts on this registry."""
        verb, *rest = words
        flags = ["--src-tls-verify=false"] if verb == "copy" else ["--tls-verify=false"]
        command = [need("skopeo"), verb, *flags, "--authfile", str(self.authfile(folder)), *rest]
        done = subprocess.run(command, capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout


def live_registry(variant: str, monkeypatch: pytest.MonkeyPatch) -> LiveRegistry:
    """The bench's variant; elsewhere CLOUDDEPLOY_TEST_REGISTRY stands for the plain one."""
    repository = f"live/{uuid.uuid4().hex[:8]}"
    if processes.running(f"registry-{variant}"):
        found.ran("registry", f"the bench's docker-registry: {', '.join(registries.VARIANTS)}")
        if variant == "tls":
            monkeypatch.setenv("SSL_CERT_FILE", str(keys.pair("ca").certificate))
        wants = variant in ("htpasswd", "token")
        user, password = (keys.USER, Secret(keys.password())) if wants else (None, Secret(""))
        return LiveRegistry(variant, registries.host(variant), repository, user, password)
    named = os.environ.get("CLOUDDEPLOY_TEST_REGISTRY")
    if variant != "plain" or not named:
        found.missing("registry", f"no {variant} registry: make bench-up, or set CLOUDDEPLOY_TEST_REGISTRY")
    found.ran("registry", "CLOUDDEPLOY_TEST_REGISTRY")
    return LiveRegistry(variant, str(named), repository)
