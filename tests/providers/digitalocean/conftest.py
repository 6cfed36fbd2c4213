import pytest

from clouddeploy_digitalocean import sdk
from moto_fixtures.digitalocean import do_account, do_cloud

__all__ = ["do_account", "do_cloud"]


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A read that fails is tried again at once."""
    monkeypatch.setattr(sdk, "_FIRST_PAUSE", 0.01)
    monkeypatch.setattr(sdk, "_LONGEST_PAUSE", 0.05)
