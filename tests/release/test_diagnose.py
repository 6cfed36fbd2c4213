"""Diagnoses of several targets: all at once, never an exception, one cause told once."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from threading import Barrier
from types import ModuleType
from typing import Any

import pytest

from clouddeploy.app.model import Target
from clouddeploy.contract import Check, ClusterSpec, Identity, Provider, TargetSettings, Traits, redact
from clouddeploy.errors import (
    CloudDeployError,
    ConfigError,
    CredentialsError,
    MissingToolError,
    TemporaryError,
)
from clouddeploy.release.diagnose import Diagnosis, diagnose, doctor_of
from tests.plugin import install

PYPROJECT = """\
[project]
name = "clouddeploy-omega"
version = "1.0"

[project.entry-points."clouddeploy.providers"]
omega = "clouddeploy_omega:connect"
"""

Question = Callable[[], Check]
ME = Identity("acct-1", "somebody")


class Doctor:
    """Asks what it is given to ask."""

    def __init__(self, *questions: Question) -> None:
        self._questions = questions

    def checks(self) -> list[Question]:
        return list(self._questions)

    def policy(self) -> str:
        return "everything"

    def start(self) -> str:
        return "sign up"


@pytest.fixture
def omega(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A provider whose `identity` and `doctor` a test sets."""
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    monkeypatch.syspath_prepend(install(tmp_path))
    module: Any = ModuleType("clouddeploy_omega")
    module.identity, module.doctor = lambda: ME, Doctor()
    nothing: Any = None
    module.connect = lambda target: Provider(
        "omega", module.identity, nothing, nothing, Traits(), doctor=module.doctor
    )
    monkeypatch.setitem(sys.modules, "clouddeploy_omega", module)
    return module


def target(name: str = "omega", provider: str = "omega", **settings: Any) -> Target:
    return Target(TargetSettings(name, provider, ClusterSpec("shop"), **settings), "shop", ())


def one() -> Diagnosis:
    (found,) = diagnose([target()])
    return found


def refuse(error: Exception) -> Callable[[], Any]:
    def ask(*_: object) -> Any:
        raise error

    return ask


def fine() -> Check:
    return Check("quota", True, "plenty")


def test_every_check_of_every_target_is_asked_at_the_same_time(omega: Any) -> None:
    together = Barrier(6, timeout=60)

    def meet() -> Check:
        together.wait()
        return Check("met", True)

    omega.doctor = Doctor(meet, meet, meet)
    found = diagnose([target("first"), target("second")])
    assert [one.target for one in found] == ["first", "second"]
    assert all(check.ok for one in found for check in one.checks)


def test_a_check_that_raises_has_failed(omega: Any) -> None:
    def disk_quota() -> Check:
        raise TemporaryError("the cloud is busy", fix="try again")

    def volumes() -> Check:
        raise RuntimeError("boom")

    omega.doctor = Doctor(disk_quota, fine, volumes)
    told, quota, broken = one().checks
    assert told == Check("disk quota", False, "the cloud is busy", "try again")
    assert quota == fine()
    assert (broken.title, broken.ok, broken.detail) == ("volumes", False, "unexpected RuntimeError: boom")
    assert "report it" in str(broken.fix)
    assert one().failed == 2


def test_a_missing_package_is_the_only_thing_to_say(omega: Any) -> None:
    omega.identity = refuse(
        MissingToolError("omega needs the package omega-sdk", fix="pip install omega-sdk")
    )
    omega.doctor = Doctor(fine, refuse(RuntimeError("no module")))
    found = one()
    assert found.checks == [
        Check("packages", False, "omega needs the package omega-sdk", "pip install omega-sdk")
    ]
    assert found.start is None


@pytest.mark.parametrize(
    ("error", "title"),
    [
        (CredentialsError("who are you", fix="log in"), "credentials"),
        (ConfigError("no region", fix="set region"), "settings"),
        (CloudDeployError("no answer", fix="wait"), "access"),
        (ValueError("boom"), "access"),
    ],
)
def test_who_we_are_is_asked_also_where_the_doctor_forgets_it(
    error: Exception, title: str, omega: Any
) -> None:
    omega.identity, omega.doctor = refuse(error), Doctor(fine)
    first, second = one().checks
    assert (first.title, first.ok) == (title, False)
    assert first.fix
    assert second == fine()
    assert one().start == ("sign up" if isinstance(error, CredentialsError) else None)


def test_one_cause_is_told_once(omega: Any) -> None:
    def failed(title: str, detail: str, fix: str = "log in") -> Question:
        return lambda: Check(title, False, detail, fix)

    omega.identity = refuse(CredentialsError("no token", fix="log in"))
    omega.doctor = Doctor(
        failed("credentials", "no token"), failed("quota", "no token"), failed("clock", "late", "set it")
    )
    first, second, third = one().checks
    assert (first.ok, third.ok) == (False, False)
    assert second == Check("quota", None, "not found out: see credentials")
    assert one().failed == 2


@pytest.mark.parametrize("error", [CredentialsError, TemporaryError])
def test_one_cause_is_told_once_whatever_was_asked(error: type[CloudDeployError], omega: Any) -> None:
    def failed(title: str, detail: str, fix: str = "log in") -> Question:
        return lambda: Check(title, False, detail, fix)

    omega.identity = refuse(error("could not ask who: bad key (request 1)", fix="log in"))
    omega.doctor = Doctor(
        failed("credentials", "could not ask who: bad key (request 2)"),
        failed("quota", "could not count the networks: not validated (request 3)"),
        failed("region", "there is no region mars", "choose another"),
    )
    first, second, third = one().checks
    assert (first.ok, third.ok) == (False, False)
    assert second == Check("quota", None, "not found out: see credentials")


def test_checks_that_fail_differently_are_all_told_where_the_credentials_are_known(omega: Any) -> None:
    omega.doctor = Doctor(
        lambda: Check("registry", False, "may not push", "attach the policy"),
        lambda: Check("cluster", False, "may not list clusters", "attach the policy"),
    )
    assert [check.ok for check in one().checks] == [False, False]


def test_the_account_of_the_target_must_be_that_of_the_credentials(omega: Any) -> None:
    omega.doctor = Doctor(fine)
    (found,) = diagnose([target("live", account="acct-7")])
    assert found.checks[0].ok is False
    assert found.checks[0].fix == "use credentials of account acct-7, or correct targets.live.account"
    assert diagnose([target(account="acct-1")])[0].checks == [fine()]


def test_a_provider_without_a_doctor_is_said(omega: Any) -> None:
    omega.doctor = None
    assert one().checks == [
        Check("credentials", True, "account acct-1"),
        Check("doctor", None, "the provider omega has no checks of its own"),
    ]
    assert doctor_of(target()) is None


def test_a_target_that_cannot_even_be_connected_does_not_stop_the_others(omega: Any) -> None:
    omega.doctor = Doctor(fine)
    broken, well = diagnose([target("bad", "no-such-provider"), target()])
    assert [check.ok for check in broken.checks] == [False]
    assert "there is no provider no-such-provider" in broken.checks[0].detail
    assert well.checks == [fine()]


def test_a_defect_of_a_provider_is_a_failed_check(omega: Any) -> None:
    omega.connect = refuse(KeyError("region"))
    (check,) = one().checks
    assert (check.title, check.ok) == ("connect", False)
    assert "unexpected KeyError" in check.detail


ASKED_APART = """\
import multiprocessing
import os
from clouddeploy.contract import Check, Identity, Provider, Secret, Traits

class Doctor:
    def checks(self):
        return [self.process, self.secret, self.end]
    def process(self):
        return Check("process", True, str(os.getpid()))
    def secret(self):
        return Check("secret", False, Secret("hunter22-hunter22").reveal(), "not hunter22-hunter22")
    def end(self):
        if multiprocessing.parent_process() and os.environ.get("ENDS"):
            os._exit(9)
        return Check("end", True)
    def start(self):
        return ""

def connect(target):
    me = lambda: Identity("acct-1", "somebody")
    return Provider(target.provider, me, None, None, Traits(), doctor=Doctor())
"""


@pytest.fixture
def two_clouds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Target]:
    """Targets of two providers that are on the disk, as a process of its own finds them."""
    (tmp_path / "pyproject.toml").write_text(
        PYPROJECT.replace("clouddeploy_omega", "clouddeploy_apart") + 'psi = "clouddeploy_apart:connect"\n'
    )
    (tmp_path / "clouddeploy_apart.py").write_text(ASKED_APART)
    for path in (install(tmp_path), str(tmp_path)):
        monkeypatch.syspath_prepend(path)
    return [target("first", "omega"), target("second", "psi"), target("third", "omega")]


def _details(found: list[Diagnosis], title: str) -> list[str]:
    return [check.detail for one in found for check in one.checks if check.title == title]


def test_each_provider_is_asked_in_a_process_of_its_own(two_clouds: list[Target]) -> None:
    found = diagnose(two_clouds)
    assert [one.target for one in found] == ["first", "second", "third"]
    first, second, third = _details(found, "process")
    assert first == third != second


def test_what_another_process_knows_as_secret_is_not_told(two_clouds: list[Target]) -> None:
    first, second, _ = diagnose(two_clouds)
    assert _details([first], "secret") == ["***"]
    assert [check.fix for check in first.checks if check.title == "secret"] == ["not ***"]
    assert "hunter22" not in f"{first} {redact(str(second))}"


def test_a_process_that_is_killed_takes_no_answer_along(
    two_clouds: list[Target], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENDS", "1")
    assert [one.failed for one in diagnose(two_clouds)] == [1, 1, 1]
