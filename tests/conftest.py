"""What all tests share: the command line as a fixture, the closing lines about the live parts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.commandline import folder, run
from tests.live import found

__all__ = ["folder", "run"]

# How long an example takes says more about the machine than about the code.
settings.register_profile(
    "patient", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("patient")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say for each live part whether it ran, with what, or why not."""
    terminalreporter.section("live parts")
    for line in found.summary():
        terminalreporter.line(line)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker of pytest-xdist hands over what it found."""
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["live_parts"] = found.lines


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """What a worker found is said by the process that prints the summary."""
    found.merge(getattr(node, "workeroutput", {}).get("live_parts", {}))
