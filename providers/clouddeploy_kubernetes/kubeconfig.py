"""Kubeconfig files, merged as kubectl merges them.

The first file to set a name wins, missing files of KUBECONFIG are skipped, and paths are
relative to the file that holds them.
https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clouddeploy.errors import ConfigError, NotFoundError
from clouddeploy_kubernetes.errors import read_text


@dataclass(frozen=True)
class Entry:
    """A cluster, user or context of the file `source`; its fields may be secret."""

    name: str
    source: Path
    fields: Mapping[str, Any] = field(repr=False)

    def text(self, key: str) -> str:
        """A field's text, empty when it is missing; ConfigError when it is something else."""
        value = self.fields.get(key)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self.wrong(f"{key} must be text")
        return value

    def path(self, key: str) -> Path | None:
        """A field that names a file, absolute."""
        value = self.text(key)
        return self.source.parent / value if value else None

    def wrong(self, what: str) -> ConfigError:
        """The error for an entry that cannot be used."""
        return ConfigError(f"{self.source}: {self.name}: {what}", fix="correct the kubeconfig")


@dataclass(frozen=True)
class Kubeconfig:
    """The merged files: entries by name."""

    files: tuple[Path, ...]
    clusters: Mapping[str, Entry]
    users: Mapping[str, Entry]
    contexts: Mapping[str, Entry]

    def context(self, name: str) -> Entry:
        """NotFoundError with the names that there are."""
        if name in self.contexts:
            return self.contexts[name]
        where = ", ".join(map(str, self.files))
        raise NotFoundError(f"there is no context {name} in {where}", fix=self.choose())

    def choose(self) -> str:
        """A fix that lists the contexts."""
        if not self.contexts:
            return "write one with the cluster's own tool, for example kind export kubeconfig"
        return f"use one of: {', '.join(sorted(self.contexts))}"

    def cluster_of(self, context: Entry) -> Entry:
        """The context's cluster; ConfigError when it is not in the files."""
        return _referred(context, "cluster", self.clusters)

    def user_of(self, context: Entry) -> Entry:
        """The context's user; a context without one acts as nobody."""
        if not context.text("user"):
            return Entry("", context.source, {})
        return _referred(context, "user", self.users)


def load(path: str | None = None, environ: Mapping[str, str] = os.environ) -> Kubeconfig:
    """The file `path`, else those of KUBECONFIG, else ~/.kube/config.

    Raises NotFoundError when none of them exists and ConfigError when one is not a kubeconfig.
    """
    files = _candidates(path, environ)
    found = [file for file in files if file.is_file()]
    if not found:
        raise NotFoundError(
            f"there is no kubeconfig at {', '.join(map(str, files))}",
            fix="set kubeconfig: in the target, or KUBECONFIG, to a file that exists",
        )
    documents = [(file, _parse(file)) for file in found]
    return Kubeconfig(
        tuple(found),
        clusters=_merged(documents, "cluster"),
        users=_merged(documents, "user"),
        contexts=_merged(documents, "context"),
    )


def _candidates(path: str | None, environ: Mapping[str, str]) -> list[Path]:
    if path:
        return [Path(path).expanduser().absolute()]
    named = [Path(entry).absolute() for entry in environ.get("KUBECONFIG", "").split(os.pathsep) if entry]
    return named or [Path.home() / ".kube" / "config"]


def _parse(file: Path) -> Mapping[str, Any]:
    import yaml

    try:
        document = yaml.safe_load(read_text(file, "the kubeconfig"))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" (line {mark.line + 1})" if mark else ""
        raise ConfigError(f"the kubeconfig {file} is not YAML{line}", fix="correct the file") from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise ConfigError(f"{file} is no kubeconfig", fix="name another file with KUBECONFIG")
    return document


def _merged(documents: Iterable[tuple[Path, Mapping[str, Any]]], kind: str) -> Mapping[str, Entry]:
    merged: dict[str, Entry] = {}
    for file, document in documents:
        for entry in _entries(file, document, kind):
            merged.setdefault(entry.name, entry)
    return merged


def _entries(file: Path, document: Mapping[str, Any], kind: str) -> Iterable[Entry]:
    section = document.get(f"{kind}s") or []
    for item in section if isinstance(section, list) else [section]:
        name = item.get("name") if isinstance(item, dict) else None
        fields = (item.get(kind) or {}) if isinstance(item, dict) else None
        if not isinstance(name, str) or not isinstance(fields, dict):
            raise ConfigError(
                f"{file}: every entry of {kind}s needs a name and a {kind}", fix="correct the kubeconfig"
            )
        yield Entry(name, file, fields)


def _referred(context: Entry, key: str, entries: Mapping[str, Entry]) -> Entry:
    name = context.text(key)
    if name not in entries:
        raise context.wrong(f"the context's {key} {name or '(none)'} is not in the kubeconfig")
    return entries[name]
