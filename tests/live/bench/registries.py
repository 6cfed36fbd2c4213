"""Debian's docker-registry in four variants: plain, htpasswd, bearer tokens, TLS with our own CA."""

from __future__ import annotations

import sys
from pathlib import Path

import bcrypt
import yaml

from tests.live.bench import keys, places, programs
from tests.live.bench.ports import port
from tests.live.bench.processes import Part, answers

VARIANTS = ("plain", "htpasswd", "token", "tls")
SERVICE = "clouddeploy-bench"


def host(variant: str) -> str:
    """`127.0.0.1:port` of a variant."""
    return f"127.0.0.1:{port(f'registry-{variant}')}"


def parts() -> list[Part]:
    """The token server and the four registries."""
    token = Part(
        "token-server",
        [sys.executable, "-m", "tests.live.bench.token_server", str(port("token-server"))],
        answers(f"http://127.0.0.1:{port('token-server')}/", 404),
        environment={"PYTHONPATH": str(places.HERE.parents[2])},
    )
    return [token, *(_registry(variant) for variant in VARIANTS)]


def _registry(variant: str) -> Part:
    folder = places.state() / f"registry-{variant}"
    folder.mkdir(parents=True, exist_ok=True)
    config = places.write(folder / "config.yml", yaml.safe_dump(_config(variant, folder)))
    url = f"{'https' if variant == 'tls' else 'http'}://{host(variant)}/v2/"
    ready = answers(url, 401 if variant in ("htpasswd", "token") else 200)
    return Part(f"registry-{variant}", [programs.find("docker-registry"), "serve", str(config)], ready)


def _config(variant: str, folder: Path) -> dict[str, object]:
    http: dict[str, object] = {"addr": host(variant), "secret": keys.password()}
    config: dict[str, object] = {
        "version": 0.1,
        "log": {"level": "error"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}, "delete": {"enabled": True}},
        "http": http,
    }
    if variant == "tls":
        pair = keys.pair("registry")
        http["tls"] = {"certificate": str(pair.certificate), "key": str(pair.key)}
    if variant == "htpasswd":
        config["auth"] = {"htpasswd": {"realm": "bench", "path": str(_htpasswd(folder))}}
    if variant == "token":
        config["auth"] = {
            "token": {
                "realm": f"http://127.0.0.1:{port('token-server')}/token",
                "service": SERVICE,
                "issuer": SERVICE,
                "rootcertbundle": str(keys.pair("ca").certificate),
            }
        }
    return config


def _htpasswd(folder: Path) -> Path:
    file = folder / "htpasswd"
    if not file.exists():
        hashed = bcrypt.hashpw(keys.password().encode(), bcrypt.gensalt(5)).decode()
        places.write(file, f"{keys.USER}:{hashed}\n")
    return file
