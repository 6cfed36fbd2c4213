"""What the suite asks again and again."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from clouddeploy.conformance.rig import Site
from clouddeploy.errors import CloudDeployError


def assert_helpful(error: CloudDeployError, site: Site) -> None:
    """One sentence, a way out, no secret, no traceback."""
    told = f"{error.message} {error.fix} {error.code} {error!r}"
    assert error.message
    assert "\n" not in error.message
    assert not error.message.endswith(".")
    assert error.fix
    assert "Traceback" not in told
    assert not [secret for secret in site.secrets if secret in told]


def change(monkeypatch: pytest.MonkeyPatch, variables: Mapping[str, str | None]) -> None:
    """Set variables, or remove them where the value is None."""
    for name, value in variables.items():
        if value is None:
            monkeypatch.delenv(name)
        else:
            monkeypatch.setenv(name, value)
