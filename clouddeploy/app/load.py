"""Finds what describes the app in a folder, and reads it."""

from __future__ import annotations

import os
import re
from pathlib import Path

from clouddeploy.app.dockerfile import parse_dockerfile
from clouddeploy.app.infer import infer
from clouddeploy.app.model import App, Build, Expose, Inferred, Service
from clouddeploy.app.problems import display
from clouddeploy.app.textfile import read_text
from clouddeploy.errors import ConfigError

CONFIG_NAMES = ("clouddeploy.yaml", "clouddeploy.yml", ".clouddeploy.yaml")
DOCKERFILE = "Dockerfile"

# Google Cloud Deploy calls its file clouddeploy.yaml too; it may hold several documents.
_FOREIGN = re.compile(r"^apiVersion:\s*[\"']?deploy\.cloud\.google\.com/", re.MULTILINE)
_FOREIGN_NOTE = "belongs to Google Cloud Deploy (apiVersion deploy.cloud.google.com/…)"


def load_app(folder: Path, config: Path | None = None) -> App:
    """The app that `config` describes, or else the first of these in `folder`.

    clouddeploy.yaml, clouddeploy.yml, .clouddeploy.yaml, Dockerfile. A clouddeploy.yaml of Google Cloud
    Deploy is passed over. Raises ConfigError when there is none, and for whatever is wrong in it.
    """
    folder = Path(os.path.abspath(folder))  # noqa: PTH100  # resolve() would follow links, and change the app's name
    if config is not None:
        path = Path(os.path.normpath(folder / config))
        text = read_text(path)
        if _FOREIGN.search(text):
            fix = "write clouddeploy's own file as .clouddeploy.yaml"
            raise ConfigError(f"{display(path)} {_FOREIGN_NOTE}", fix=fix)
        return _from_config(text, path)
    foreign = []
    for path in _candidates(folder):
        text = read_text(path)
        if not _FOREIGN.search(text):
            return _from_config(text, path)
        foreign.append(path.name)
    if (folder / DOCKERFILE).is_file():
        return _from_dockerfile(folder)
    note = f"; the {foreign[0]} there {_FOREIGN_NOTE}" if foreign else ""
    raise ConfigError(
        f"no clouddeploy.yaml and no Dockerfile in {display(folder)}{note}",
        fix=f"write {'.clouddeploy.yaml' if foreign else 'one of them'}, or name a file with -c",
    )


def describes_app(folder: Path) -> bool:
    """Whether `load_app` would find a file in `folder`, whatever is in it."""
    return any((folder / name).is_file() for name in (*CONFIG_NAMES, DOCKERFILE))


def _candidates(folder: Path) -> list[Path]:
    try:
        present = {entry.name for entry in folder.iterdir()}
    except OSError as error:
        message = f"the folder {display(folder)} cannot be read: {error.strerror}"
        raise ConfigError(message, fix="check the path and its permissions") from error
    return [folder / name for name in CONFIG_NAMES if name in present]


def _from_config(text: str, path: Path) -> App:
    from clouddeploy.app.convert import to_app
    from clouddeploy.app.mistakes import validate
    from clouddeploy.app.source import read_document

    document = read_document(text, path)
    return to_app(document, validate(document))


def _from_dockerfile(folder: Path) -> App:
    """An app with one service: named after the folder, and open to the outside if it has a port."""
    path = folder / DOCKERFILE
    dockerfile = parse_dockerfile(read_text(path), path)
    name = label(folder.name)
    service, inferred = infer(Service(name, build=Build(folder, path)), dockerfile)
    inferred.insert(0, Inferred("app", name, f"folder {folder.name or folder}"))
    if service.port is not None:
        service = Service(
            name, build=service.build, port=service.port, health=service.health, expose=Expose()
        )
        inferred.append(Inferred(f"services.{name}.expose", "true", f"port {service.port}"))
    return App(name, folder, path, (service,), {}, inferred=tuple(inferred))


def label(text: str) -> str:
    """A DNS label (RFC 1123) as near to `text` as can be; "app" if nothing is left."""
    cleaned = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return cleaned[:63].strip("-") or "app"
