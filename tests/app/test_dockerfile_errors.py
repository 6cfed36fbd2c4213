"""What Docker refuses is refused with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from clouddeploy.app.dockerfile import evaluate, parse_dockerfile
from clouddeploy.errors import ConfigError


def refused(text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        parse_dockerfile(text, Path("Dockerfile"))
    return caught.value


def test_an_error_shows_the_line_and_what_was_meant() -> None:
    error = refused("FROM alpine\n\nCOPPY a b\n")
    assert error.message == (
        'Dockerfile:3:1: unknown instruction "COPPY" (did you mean "COPY"?)\n'
        "  1 | FROM alpine\n"
        "  2 |\n"
        "  3 | COPPY a b\n"
        "    | ^\n"
        "nothing was changed"
    )
    assert error.exit_code == 2


@pytest.mark.parametrize(
    ("text", "place", "message", "fix"),
    [
        ("", "1:1", "no FROM: there is nothing to build", 'begin with a line such as "FROM alpine:3.22"'),
        (
            "# only\n",
            "1:1",
            "no FROM: there is nothing to build",
            'begin with a line such as "FROM alpine:3.22"',
        ),
        (
            "RUN x\nFROM a",
            "1:1",
            "RUN before the first FROM",
            "begin with FROM; only ARG may stand before it",
        ),
        ("FROM", "1:1", "FROM needs an argument", None),
        (
            "FROM a b",
            "1:1",
            "FROM takes an image, and AS with a name if it needs one",
            "FROM image, or FROM image AS name",
        ),
        (
            "FROM a AS 1st",
            "1:11",
            '"1st" cannot name a stage',
            "begin with a letter; then letters, digits, - _ .",
        ),
        ("FROM --plattform=x a", "1:6", 'unknown flag --plattform for FROM (did you mean "platform"?)', None),
        ("FROM a\nCOPY --from x /y", "2:6", "--from needs a value", "write --from=VALUE"),
        ("FROM a\nCOPY --from=x --from=y a b", "2:6", "--from is given twice", "keep one of them"),
        ("FROM a\nCOPY --link=x a b", "2:6", '--link is true or false, not "x"', None),
        ("FROM a\n  COPY a", "2:3", "COPY needs a source and a destination", None),
        ("FROM a\nRUN", "2:1", "RUN needs an argument", None),
        (
            "FROM a\nRUN [1]",
            "2:5",
            "the exec form takes strings only",
            'quote each item: ["program", "argument"]',
        ),
        (
            "FROM a\nSHELL bash -c",
            "2:1",
            "SHELL takes the exec form only",
            'for example SHELL ["/bin/bash", "-c"]',
        ),
        ("FROM a\nENV A", "2:5", "ENV A has no value", "ENV A=VALUE"),
        ("FROM a\nENV A=1 \\\n B", "3:2", '"B" has no =', "ENV NAME=VALUE; quote values that hold blanks"),
        ("FROM a\nLABEL =x", "2:7", "LABEL without a name", "LABEL NAME=VALUE"),
        ("FROM a\nARG =x", "2:1", "ARG without a name", "ARG NAME or ARG NAME=DEFAULT"),
        (
            "FROM a\nHEALTHCHECK curl",
            "2:13",
            "HEALTHCHECK is followed by CMD or NONE",
            "HEALTHCHECK CMD command, or HEALTHCHECK NONE",
        ),
        ("FROM a\nHEALTHCHECK CMD", "2:13", "HEALTHCHECK CMD without a command", None),
        ("FROM a\nONBUILD ONBUILD RUN x", "2:1", "ONBUILD ONBUILD is not allowed", None),
        ("FROM a\nONBUILD FROM x", "2:9", "ONBUILD FROM is not allowed", None),
        ("FROM a\nONBUILD COPPY x", "2:9", 'unknown instruction "COPPY" (did you mean "COPY"?)', None),
        ("FROM a\nRUN <<EOF\nx", "2:5", "the heredoc EOF is not closed", "end it with a line EOF"),
        ("# escape=x\nFROM a", "1:1", 'the escape character cannot be "x"', "use \\ or `"),
        ("# escape=`\n# escape=`\nFROM a", "2:1", 'a second "escape" directive', "keep one of them"),
    ],
)
def test_mistakes(text: str, place: str, message: str, fix: str | None) -> None:
    error = refused(text)
    assert error.message.splitlines()[0] == f"Dockerfile:{place}: {message}"
    assert error.message.endswith("\nnothing was changed")
    assert error.fix == (fix or "correct this place in Dockerfile and run the same command again")


def test_an_unknown_target_names_the_stages() -> None:
    dockerfile = parse_dockerfile("FROM a AS base\nFROM b AS prod\n", Path("Dockerfile"))
    with pytest.raises(ConfigError, match='no stage is called "dev"') as caught:
        dockerfile.stage("dev")
    assert caught.value.fix == "the stages: base, prod"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("FROM a\nENV A=${B:?needed}\n", "Dockerfile:2:1: B: needed"),
        ("FROM a\nENV A=${B\n", 'Dockerfile:2:1: missing "}" in "${B"'),
        ("FROM ${B:?needed}\n", "Dockerfile:1:1: B: needed"),
    ],
)
def test_a_value_that_cannot_be_had_is_reported_at_its_line(text: str, message: str) -> None:
    dockerfile = parse_dockerfile(text, Path("Dockerfile"))
    with pytest.raises(ConfigError) as caught:
        [*evaluate(dockerfile, dockerfile.stage())]
    assert caught.value.message.splitlines()[0] == message


def test_values_that_double_with_every_line_are_stopped() -> None:
    text = "FROM a\nENV A=0123456789\n" + "ENV A=$A$A\n" * 60
    dockerfile = parse_dockerfile(text, Path("Dockerfile"))
    with pytest.raises(ConfigError, match="more than 1 MiB of text"):
        [*evaluate(dockerfile, dockerfile.stage())]
