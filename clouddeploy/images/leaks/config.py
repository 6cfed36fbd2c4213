"""Secrets in an image's config: its environment, labels, commands, and the arguments of its build."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from clouddeploy.images.leaks.assignments import secret_value
from clouddeploy.images.leaks.detector import Detector
from clouddeploy.images.leaks.finding import Finding, Match, finding

_ARGUMENTS = re.compile(r"(?:RUN )?\|\d+ (.*?)(?= (?:/bin/sh|/bin/bash|cmd|powershell)\b|$)", re.DOTALL)
_ASSIGNED = re.compile(r"([A-Za-z_][A-Za-z0-9_.]*)=(\"[^\"]*\"|'[^']*'|\S*)")
_DECLARED = re.compile(r"(?:/bin/sh -c #\(nop\)\s+)?(?:ENV|ARG|LABEL)\s+(.*)", re.DOTALL)


def scan_config(config: Mapping[str, object], digest: str) -> list[Finding]:
    """The secrets in an image config's JSON (OCI image spec, config.md); `digest` is the config's.

    The same secret is told of once, where it is first: ENV is in the history too.
    """
    detector = Detector()
    findings: dict[bytes, Finding] = {}
    for place, name, text in _texts(config):
        for kind, match in _secrets(detector, name, text.encode("utf-8", "replace")):
            findings.setdefault(match.secret, finding(digest, place, 0, kind, match))
    return list(findings.values())


def _secrets(detector: Detector, name: str, text: bytes) -> Iterator[tuple[str, Match]]:
    tokens = list(detector.search(text))
    yield from tokens
    secret = secret_value(name.encode("utf-8", "replace"), text) if name and not tokens else None
    if secret is not None:
        yield "secret value", Match(0, secret, random=False)


def _texts(config: Mapping[str, object]) -> Iterator[tuple[str, str, str]]:
    """Each text with its place, and its name where it is a value."""
    inner = _mapping(config.get("config"))
    for entry in _strings(inner.get("Env")):
        name, _, value = entry.partition("=")
        yield f"ENV {name}", name, value
    for label, text in _mapping(inner.get("Labels")).items():
        if isinstance(text, str):
            yield f"LABEL {label}", label, text
    for key in ("Entrypoint", "Cmd", "Shell", "OnBuild"):
        for word in _strings(inner.get(key)):
            yield key.upper(), "", word
    for text in _strings(_mapping(inner.get("Healthcheck")).get("Test")):
        yield "HEALTHCHECK", "", text
    yield from _history(config.get("history"))


def _history(history: object) -> Iterator[tuple[str, str, str]]:
    for number, step in enumerate(history if isinstance(history, list) else (), 1):
        made = _mapping(step).get("created_by")
        if not isinstance(made, str):
            continue
        found = _ARGUMENTS.match(made) or _DECLARED.match(made)
        for name, value in _ASSIGNED.findall(found[1]) if found else ():
            yield f"build step {number}, {name}", name, value
        yield f"build step {number}", "", made


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _strings(value: object) -> Iterable[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else ()
