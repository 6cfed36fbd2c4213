"""One kubeconfig file on disk: read, changed under kubectl's lock, replaced in one piece."""

from __future__ import annotations

import copy
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import yaml

from clouddeploy.errors import ConfigError, TemporaryError

Config = dict[str, Any]
SECTIONS = ("clusters", "users", "contexts")

_LOCK_WAIT = 5.0
_EMPTY: Config = {
    "apiVersion": "v1",
    "kind": "Config",
    "preferences": {},
    "clusters": [],
    "users": [],
    "contexts": [],
    "current-context": "",
}


class _Loader(yaml.SafeLoader):
    """Leaves timestamps as the strings that Kubernetes reads them as."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def edit(path: Path, change: Callable[[Config], None], *, lock_wait: float = _LOCK_WAIT) -> None:
    """Applies `change` to the file's content, made empty when it is missing; all or nothing.

    The file gets mode 0600 and stays the target of a symbolic link. Raises ConfigError when it
    cannot be read or written or is no kubeconfig, and TemporaryError when another
    program keeps its lock for `lock_wait` seconds.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(path, lock_wait):
            before = _read(path)
            after = copy.deepcopy(before or _EMPTY)
            change(after)
            if after != before:
                _replace(path.resolve(), after)
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be changed: {error.strerror}; nothing was changed",
            fix="name another file with KUBECONFIG, or correct this one's permissions",
        ) from error


def _read(path: Path) -> Config | None:
    try:
        text = path.read_text(encoding="utf-8")
        config = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except FileNotFoundError:
        return None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" (line {mark.line + 1})" if mark else ""
        # Neither the parser's words nor the cause: they quote the line, and with it perhaps a token.
        raise _unreadable(path, f"is not YAML{line}") from None
    if config is None:
        return None
    if not isinstance(config, dict) or not all(_is_section(config.get(name)) for name in SECTIONS):
        raise _unreadable(path, "is not a kubeconfig")
    return {key: [] if key in SECTIONS and value is None else value for key, value in config.items()}


def _is_section(value: object) -> bool:
    return value is None or (isinstance(value, list) and all(isinstance(entry, dict) for entry in value))


def _unreadable(path: Path, what: str) -> ConfigError:
    return ConfigError(
        f"{path} {what}; nothing was changed",
        fix="correct the file, or name another one with KUBECONFIG",
    )


@contextmanager
def _locked(path: Path, wait: float) -> Iterator[None]:
    """Holds FILE.lock, as kubectl does (client-go tools/clientcmd/config.go, lockFile)."""
    lock = Path(f"{path}.lock")
    deadline = time.monotonic() + wait
    while not _create(lock):
        if time.monotonic() >= deadline:
            raise TemporaryError(
                f"{path} is locked by another program; nothing was changed",
                fix=f"try again; when no kubectl is running, remove {lock}",
            )
        time.sleep(0.05)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


def _create(lock: Path) -> bool:
    try:
        os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return False
    return True


def _replace(path: Path, config: Config) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".kubeconfig-")  # mode 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            yaml.safe_dump(config, file, sort_keys=False, allow_unicode=True)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(name).unlink()
        raise
