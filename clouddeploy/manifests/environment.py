"""The Jinja2 environment: the project's templates before ours, no way to inject, errors with a place."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterable, Mapping
from pathlib import Path

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    FileSystemLoader,
    PackageLoader,
    PrefixLoader,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
    Undefined,
)
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing
from markupsafe import Markup

from clouddeploy.app.problems import UNCHANGED, did_you_mean, display, problem
from clouddeploy.errors import ConfigError
from clouddeploy.manifests.values import Values

PACKAGE = "clouddeploy_templates"
SUFFIX = ".yaml.j2"
_MARKUP_FILTERS = ("e", "escape", "forceescape", "safe", "tojson", "urlize", "xmlattr")
"""Filters that would pass a value off as a part of the template."""
_EXPRESSION = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}")


class Templates:
    """Renders templates by name; `folder` holds the project's own, which win file by file.

    Ours stay reachable as `clouddeploy/NAME`, so that one of the project's can extend it.
    """

    def __init__(self, folder: Path | None, variables: Iterable[str]) -> None:
        self.values = Values()
        self._environment = _environment(folder, self.values, tuple(variables))
        _check_names(folder)

    def render(self, name: str, context: dict[str, object]) -> str:
        """The template's text, with marks in the values' places.

        Raises ConfigError that shows the template's line for a syntax error, an unknown
        variable, or a value that YAML cannot hold.
        """
        try:
            return self._environment.get_template(name).render(context)
        except TemplateSyntaxError as error:
            raise self._error(name, error.filename, error.lineno, str(error.message).rstrip(".")) from error
        except TemplateNotFound as error:
            raise self._error(name, *_place(error), f'there is no template "{error}"') from error
        except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as error:
            raise self._error(name, *_place(error), str(error).rstrip(".")) from error

    def misread(self, name: str, text: str, line: int, message: str) -> ConfigError:
        """The error for YAML that is wrong on `line` (from 0) of the rendered text."""
        source, path, _ = self._environment.loader.get_source(  # type: ignore[union-attr]
            self._environment, name
        )
        written = [self.values.hide(each) for each in text.split("\n")[: line + 1]]
        return self._error(name, path, _find(source, written), message)

    def _error(self, name: str, path: str | None, line: int, message: str) -> ConfigError:
        file = Path(path) if path else Path(name)
        source = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
        lines = source.split("\n")
        at = lines[line - 1] if 0 < line <= len(lines) else ""
        return problem(file, source, max(1, line), _column(at, message), message, fix=f"correct {file.name}")


def _environment(
    folder: Path | None, values: Values, variables: tuple[str, ...]
) -> ImmutableSandboxedEnvironment:
    ours = PackageLoader(PACKAGE, "")
    loaders: list[BaseLoader] = [ours, PrefixLoader({"clouddeploy": ours})]
    if folder:
        loaders.insert(0, FileSystemLoader(folder))
    environment = ImmutableSandboxedEnvironment(
        loader=ChoiceLoader(loaders),
        undefined=_undefined(variables),
        finalize=lambda value: _written(value, values),
        autoescape=True,  # so that what a template wrote itself, as by super(), is Markup, and values are not
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in _MARKUP_FILTERS:
        del environment.filters[name]
    return environment


def _written(value: object, values: Values) -> Markup:
    if isinstance(value, Markup):
        return value
    return Markup(values.mark(str(value) if isinstance(value, Undefined) else value))  # noqa: S704 - a mark


def _undefined(variables: tuple[str, ...]) -> type[StrictUndefined]:
    """An undefined value that says which name was probably meant."""

    class Nearest(StrictUndefined):
        @property
        def _undefined_message(self) -> str:
            if self._undefined_hint:
                return self._undefined_hint
            name, owner = str(self._undefined_name), self._undefined_obj
            known = owner if isinstance(owner, Mapping) else variables if owner is missing else ()
            return f'"{name}" is undefined{did_you_mean(name, map(str, known))}'

    return Nearest


def _check_names(folder: Path | None) -> None:
    """Refuse a project's template that would silently never be used."""
    known = [name for name in PackageLoader(PACKAGE, "").list_templates() if name.endswith(SUFFIX)]
    for file in sorted(folder.glob(f"*{SUFFIX}")) if folder else ():
        if file.name not in known:
            meant = did_you_mean(file.name, known)
            raise ConfigError(
                f"{display(file)}: no template has this name{meant}; {UNCHANGED}",
                fix=f"name it like one of {', '.join(known)}; end it in .j2 alone if others include it",
            )


def _place(error: BaseException) -> tuple[str | None, int]:
    """The template file and line where an error was raised: Jinja2 puts them into the traceback."""
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
        if frame.f_code.co_filename.endswith(".j2"):
            return frame.f_code.co_filename, line
    return None, 1


def _column(line: str, message: str) -> int:
    """The column (from 1) of the word that the message quotes, else of the line's first expression."""
    quoted = re.search(r'"([^"]+)"', message)
    for pattern in (rf"\b{re.escape(quoted.group(1))}\b" if quoted else "", r"\{[{%]", r"\S"):
        if pattern and (found := re.search(pattern, line)):
            return found.start() + 1
    return 1


def _find(source: str, written: list[list[str]]) -> int:
    """The line (from 1) of a template that wrote the last of these lines; 1 when none looks like it.

    Lines are told by their text around expressions; of several alike, the last line's turn counts.
    """
    wanted = written[-1]
    alike = [n for n, line in enumerate(source.split("\n"), start=1) if _EXPRESSION.split(line) == wanted]
    return alike[min(written.count(wanted), len(alike)) - 1] if alike else 1
