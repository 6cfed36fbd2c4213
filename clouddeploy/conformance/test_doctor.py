"""What every provider's doctor does: answers, whatever is wrong, and shows no secret."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from clouddeploy.conformance.checks import change
from clouddeploy.conformance.rig import Rig, Site
from clouddeploy.contract import Check, Doctor, Provider


@pytest.fixture
def doctor(provider: Provider) -> Doctor:
    if provider.doctor is None:
        pytest.skip("this provider has no doctor")
    return provider.doctor


def answers(doctor: Doctor, site: Site) -> Sequence[Check]:
    """All answers, each checked for what every answer must be."""
    found = [ask() for ask in doctor.checks()]
    assert found
    assert len({check.title for check in found}) == len(found)
    for check in found:
        assert check.title
        assert "\n" not in check.title + check.detail
        assert check.ok is not False or check.fix, check
        assert not [secret for secret in site.secrets if secret in repr(check)]
    return found


def test_with_credentials_nothing_has_failed_and_nothing_is_written(doctor: Doctor, site: Site) -> None:
    assert [check for check in answers(doctor, site) if check.ok is False] == []
    assert [check for check in answers(doctor, site) if check.ok]
    if site.writes:
        assert site.writes() == 0


@pytest.mark.usefixtures("asking")
@pytest.mark.parametrize("how", ["none", "wrong"])
def test_refused_credentials_are_found_and_nothing_raises(
    how: str, doctor: Doctor, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(monkeypatch, site.refused[how])
    assert [check for check in answers(doctor, site) if check.ok is False]


def test_policy_and_start_need_no_credentials(
    doctor: Doctor, site: Site, rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(monkeypatch, site.refused["none"])
    assert doctor.policy().strip(), rig.name
    assert "http" in doctor.start()
