"""Instructions that change the config only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clouddeploy.app.dockerfile import parse_dockerfile
from clouddeploy.images.settings import SETTINGS, Call, Settings


def settle(*lines: str, base: dict[str, Any] | None = None) -> dict[str, Any]:
    """The config after these instructions."""
    dockerfile = parse_dockerfile("\n".join(["FROM scratch", *lines]), Path("Dockerfile"))
    settings = Settings(dict(base or {}))
    for instruction in dockerfile.stages[0].instructions:
        SETTINGS[instruction.name](settings, Call(instruction, settings.env, dockerfile.escape))
    return settings.config


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["ENV A=1 B='x y'"], {"Env": ["A=1", "B=x y"]}),
        (["ENV A=1", "ENV A=2 C=$A"], {"Env": ["A=2", "C=1"]}),
        (["ENV OLD style"], {"Env": ["OLD=style"]}),
        (['LABEL a="1 2" b=3', "LABEL b=4"], {"Labels": {"a": "1 2", "b": "4"}}),
        (["CMD run me"], {"Cmd": ["/bin/sh", "-c", "run me"]}),
        (['CMD ["run", "$ME"]'], {"Cmd": ["run", "$ME"]}),
        (
            ['SHELL ["/bin/bash", "-c"]', "CMD x"],
            {"Shell": ["/bin/bash", "-c"], "Cmd": ["/bin/bash", "-c", "x"]},
        ),
        (['ENTRYPOINT ["/x"]'], {"Entrypoint": ["/x"]}),
        (['CMD ["a"]', 'ENTRYPOINT ["/x"]'], {"Cmd": ["a"], "Entrypoint": ["/x"]}),
        (["WORKDIR /a", "WORKDIR b/../c"], {"WorkingDir": "/a/c"}),
        (["USER 5:6"], {"User": "5:6"}),
        (["STOPSIGNAL SIGINT"], {"StopSignal": "SIGINT"}),
        (["EXPOSE 80 53/UDP"], {"ExposedPorts": {"80/tcp": {}, "53/udp": {}}}),
        (["EXPOSE 8000-8002"], {"ExposedPorts": {"8000/tcp": {}, "8001/tcp": {}, "8002/tcp": {}}}),
        (["ENV P=90", "EXPOSE $P"], {"Env": ["P=90"], "ExposedPorts": {"90/tcp": {}}}),
        (["VOLUME /a /b"], {"Volumes": {"/a": {}, "/b": {}}}),
        (['VOLUME ["/a b"]'], {"Volumes": {"/a b": {}}}),
        (["ARG X=1"], {}),
        (["HEALTHCHECK NONE"], {"Healthcheck": {"Test": ["NONE"]}}),
        (["HEALTHCHECK CMD curl -f x"], {"Healthcheck": {"Test": ["CMD-SHELL", "curl -f x"]}}),
        (
            ['HEALTHCHECK --interval=1m30s --timeout=500ms --start-period=1.5s --retries=4 CMD ["x"]'],
            {
                "Healthcheck": {
                    "Test": ["CMD", "x"],
                    "Interval": 90_000_000_000,
                    "Timeout": 500_000_000,
                    "StartPeriod": 1_500_000_000,
                    "Retries": 4,
                }
            },
        ),
    ],
)
def test_settings(lines: list[str], expected: dict[str, Any]) -> None:
    assert settle(*lines) == expected


def test_an_entrypoint_drops_the_bases_command() -> None:
    assert settle('ENTRYPOINT ["/x"]', base={"Cmd": ["sh"]}) == {"Entrypoint": ["/x"]}


def test_settings_of_a_base_are_kept_and_not_shared() -> None:
    base = {"Env": ["A=1"], "Labels": {"x": "1"}, "ExposedPorts": None}
    found = settle("ENV B=2", "LABEL y=2", "EXPOSE 80", base=base)
    assert found == {"Env": ["A=1", "B=2"], "Labels": {"x": "1", "y": "2"}, "ExposedPorts": {"80/tcp": {}}}
    assert base == {"Env": ["A=1"], "Labels": {"x": "1"}, "ExposedPorts": None}
