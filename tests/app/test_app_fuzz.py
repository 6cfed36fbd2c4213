"""Whatever is in a file, the answer is an app or a ConfigError, and it comes soon."""

# ruff: noqa: E501  # lists of pieces

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clouddeploy.app.dockerfile import evaluate, parse_dockerfile
from clouddeploy.app.ignore import Ignore
from clouddeploy.app.load import load_app
from clouddeploy.errors import ConfigError
from tests.yardstick import cpu_seconds

BOUNDED = settings(
    max_examples=150,
    deadline=30_000,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

WORDS = [
    "apiVersion", "clouddeploy/v1", "app", "shop", "services", "web", "build", "image", "image_of", "port", "health",
    "path", "expose", "env", "targets", "provider", "cluster", "nodes", "overrides", "resources", "memory", "256Mi",
    "true", "false", "null", "0123", "1e999", "&a ", "*a", "<<", "!!str ", "!x ", "- ", "? ", ": ", ":\n", "\n", "\n  ",
    "\n    ", "{", "}", "[", "]", ", ", '"', "'", "|", ">", "#", "%", "---\n", "...", "\t", "\\", "\0", "\u2028", "é",
]  # fmt: skip
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.sampled_from(WORDS)
)
KEYS = st.one_of(st.sampled_from(WORDS), st.text(max_size=5))
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5)
)


def outcome(folder: Path, text: str) -> None:
    """Load a file; anything but an app or a ConfigError is a failure of the test."""
    path = folder / "clouddeploy.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with suppress(ConfigError):
        load_app(folder)


@BOUNDED
@given(st.lists(st.sampled_from(WORDS), max_size=60).map("".join))
def test_pieces_of_yaml(tmp_path: Path, text: str) -> None:
    outcome(tmp_path, text)


@BOUNDED
@given(st.dictionaries(KEYS, VALUES, max_size=6))
def test_mappings_with_familiar_keys(tmp_path: Path, data: dict[str, object]) -> None:
    outcome(tmp_path, json.dumps({"apiVersion": "clouddeploy/v1", "app": "shop", **data}))


@BOUNDED
@given(VALUES)
def test_any_value_in_a_service_and_a_target(tmp_path: Path, value: object) -> None:
    for place in ("build", "port", "health", "expose", "env", "resources", "command"):
        service = {"image": "nginx", place: value}
        target = {"provider": "aws", "cluster": value, "overrides": {"services": {"web": {"env": value}}}}
        data = {
            "apiVersion": "clouddeploy/v1",
            "app": "a",
            "services": {"web": service},
            "targets": {"t": target},
        }
        outcome(tmp_path, json.dumps(data))


PIECES = ["FROM ", "a", " AS b", "\n", "RUN ", "COPY ", "--from=b ", "<<EOF", "EOF", "\\\n", "# escape=`\n", "ARG A=1", "ENV A=$A$A",
          "EXPOSE $A", "${A:-", "}", '["x"]', "'", '"', "HEALTHCHECK ", "CMD ", "NONE", "ONBUILD ", "$", " ", "=", "`"]  # fmt: skip


@BOUNDED
@given(st.lists(st.sampled_from(PIECES), max_size=60).map("".join))
def test_pieces_of_a_dockerfile(tmp_path: Path, text: str) -> None:
    with suppress(ConfigError):
        dockerfile = parse_dockerfile("FROM a\n" + text, tmp_path / "Dockerfile")
        assert all(line.line >= 1 for line in dockerfile.stage().instructions)
        [*evaluate(dockerfile, dockerfile.stage())]


@BOUNDED
@given(
    st.text(alphabet="ab*?[]^-!\\/.# \n", max_size=40), st.text(alphabet="ab-.]/", min_size=1, max_size=20)
)
def test_ignore_patterns(text: str, path: str) -> None:
    with suppress(ConfigError):
        Ignore.parse(text, Path(".dockerignore")).prunes(path)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 500_000,
        "a: &a [x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(9_000)),
        "apiVersion: clouddeploy/v1\n" + "".join(f"key{n}: 1\n" for n in range(4_000)),
        "apiVersion: clouddeploy/v1\ntargets:\n  a:\n" + "".join(f"    regoin{n}: 1\n" for n in range(4_000)),
        "a: " + "x " * 400_000,
        "? " * 300_000,
    ],
    ids=["brackets", "aliases", "unknown keys", "slips", "one long line", "question marks"],
)
def test_large_input_is_answered_within_a_second(tmp_path: Path, text: str) -> None:
    assert cpu_seconds(lambda: outcome(tmp_path, text)) < 1
