"""Checks a document against the models, and puts what is wrong into words at its place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from clouddeploy.app.config import API_VERSION, Model, Root, Target
from clouddeploy.app.fields import kind
from clouddeploy.app.problems import Problem, did_you_mean, quoted
from clouddeploy.app.source import Document, Node, Where
from clouddeploy.app.volumes import EXAMPLE

MOST_ERRORS = 200
_TYPO = 0.8
"""How like a target's core key a provider's own key may be before it is taken for a slip."""


def validate(document: Document) -> Root:
    """The checked contents; ConfigError shows every mistake in the document at once."""
    problems = [*_version(document), *_nulls(document, document.root, ()), *_slips(document)]
    root = None
    try:
        root = Root.model_validate(document.root.plain())
    except ValidationError as error:
        found = error.errors(include_url=False)[:MOST_ERRORS]
        problems += [_problem(document, each) for each in found if each["input"] is not None]
    if root is None or problems:
        raise document.report(_one_each(problems))
    return root


def _one_each(problems: list[Problem]) -> list[Problem]:
    """The first thing said about each place: what follows from it would only distract."""
    return list({(each.line, each.column): each for each in reversed(problems)}.values())


def _version(document: Document) -> Iterator[Problem]:
    found = document.root.plain().get("apiVersion", API_VERSION)
    if found != API_VERSION:
        yield document.problem(
            ("apiVersion",), f"unknown version {kind(found)}", fix=f"write apiVersion: {API_VERSION}"
        )


def _nulls(document: Document, node: Node, where: Where) -> Iterator[Problem]:
    if isinstance(node.data, dict):
        for key, child in node.data.items():
            yield from _nulls(document, child, (*where, key))
    elif isinstance(node.data, list):
        for at, child in enumerate(node.data):
            yield from _nulls(document, child, (*where, at))
    elif node.data is None:
        fix = 'write "" for an empty one' if "env" in where[-2:-1] else "give it a value or remove it"
        yield document.problem(where, f"{quoted(where[-1])} has no value", at_key=True, fix=fix)


def _slips(document: Document) -> Iterator[Problem]:
    """Keys of a target that are nearly a core key: `regoin` must not become an option of the provider."""
    targets = document.root.plain().get("targets")
    core = list(Target.model_fields)
    for name, target in targets.items() if isinstance(targets, dict) else ():
        for key in target if isinstance(target, dict) else ():
            if key not in core and (meant := did_you_mean(key, core, _TYPO)):
                where = ("targets", name, key)
                yield document.problem(where, f"unknown key {quoted(key)}{meant}", at_key=True)


def _problem(document: Document, error: ErrorDetails) -> Problem:
    where: Where = tuple(error["loc"])
    if where and where[-1] == "[key]":
        return _located(document, where[:-1], error, at_key=True)
    if error["type"] == "extra_forbidden":
        message, fix = _unknown(where)
        return document.problem(where, message, at_key=True, fix=fix)
    if error["type"] == "missing":
        return _missing(document, where)
    # What is wrong with a mapping as a whole is said at its key, not at the first key in it.
    return _located(document, where, error, at_key=isinstance(error["input"], dict))


def _located(document: Document, where: Where, error: ErrorDetails, *, at_key: bool) -> Problem:
    cause = error.get("ctx", {}).get("error")
    message = str(cause) if cause else _expected(error)
    return document.problem(where, _subject(where, message), at_key=at_key, fix=getattr(cause, "fix", None))


def _subject(where: Where, message: str) -> str:
    """Readers speak of "expected a port"; name the key when the sentence does not."""
    if message.startswith(("expected", "has no value")) and where and isinstance(where[-1], str):
        return f"{where[-1]}: {message}"
    return message


def _expected(error: ErrorDetails) -> str:
    wanted = {
        "dict_type": "a mapping",
        "string_type": "text",
        "list_type": "a list",
        "tuple_type": "a list",
    }.get(error["type"])
    return f"expected {wanted}, not {kind(error['input'])}" if wanted else error["msg"]


def _missing(document: Document, where: Where) -> Problem:
    key = where[-1]
    examples = {
        "apiVersion": f"begin the file with apiVersion: {API_VERSION}",
        "app": "name the app: app: shop",
        "services": "add services: {web: {build: .}}",
        "provider": "add provider: aws, or another of: clouddeploy provider list",
        **dict.fromkeys(("name", "mount", "size"), EXAMPLE),
    }
    return document.problem(where, f'"{key}" is missing', fix=examples.get(str(key)))


def _unknown(where: Where) -> tuple[str, str | None]:
    key = str(where[-1])
    model = _model_at(where[:-1])
    if key in model.planned:
        return (
            f"{quoted(key)} is not supported yet",
            "remove it; docs/config.md lists the keys of this version",
        )
    if key in model.meant:
        return f'unknown key {quoted(key)} (did you mean "{model.meant[key]}"?)', None
    meant = did_you_mean(key, model.model_fields)
    known = None if meant else f"the keys here: {', '.join(model.model_fields)}"
    return f"unknown key {quoted(key)}{meant}", known


def _model_at(where: Where) -> type[Model]:
    """The model that describes the mapping at a place."""
    model: type[Model] = Root
    names = iter(where)
    for key in names:
        annotation = model.model_fields[str(key)].annotation
        if getattr(annotation, "__origin__", None) in (dict, tuple):
            next(names, None)
        model = next(_models(annotation), model)
    return model


def _models(annotation: Any) -> Iterator[type[Model]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation  # type: ignore[misc]  # every model of the file is a Model
    for part in get_args(annotation):
        yield from _models(part)
