"""Asks every target at once whether a push, a deploy or a new cluster would find what it needs."""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from multiprocessing import get_context

from clouddeploy import plugins
from clouddeploy.app.model import Target
from clouddeploy.errors import (
    CloudDeployError,
    ConfigError,
    CredentialsError,
    MissingToolError,
    TemporaryError,
)
from clouddeploy.seam.account import Check, Doctor
from clouddeploy.seam.provider import Provider
from clouddeploy.seam.secret import redact
from clouddeploy.seam.target import TargetSettings

_AT_ONCE = 32

# A fork has loaded already what every diagnosis needs; elsewhere system libraries forbid forking.
_START = "fork" if sys.platform == "linux" else "spawn"

Ask = Callable[[], Check]
"""One question of a Doctor."""


@dataclass(frozen=True)
class Diagnosis:
    """What was found out about one target.

    `start` is how to get an account and credentials, where those are what is missing.
    """

    target: str
    provider: str
    checks: Sequence[Check]
    start: str | None = None

    @property
    def failed(self) -> int:
        """How many checks have failed; what could not be found out has not."""
        return sum(check.ok is False for check in self.checks)


def diagnose(targets: Sequence[Target]) -> list[Diagnosis]:
    """All checks of all targets at once: it takes about as long as the slowest one. Raises nothing.

    Besides the provider's own checks: its packages are installed, and the credentials belong
    to the account that the target names. Each further provider has a process of its own: loading
    an SDK is computing, which threads of one process do in turn.
    """
    groups: dict[str, list[Target]] = {}
    for target in targets:
        groups.setdefault(target.settings.provider, []).append(target)
    if len(groups) < 2:
        return _together(targets)
    *others, mine = groups.values()
    with ProcessPoolExecutor(len(others), get_context(_START), _short_lived) as pool:
        waiting = [(group, pool.submit(_apart, group)) for group in others]
        found = _together(mine)
        found += [one for group, future in waiting for one in _result(group, future)]
    by_name = {one.target: one for one in found}
    return [by_name[target.settings.name] for target in targets]


def _short_lived() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    gc.disable()  # an SDK is many objects that stay


def _apart(targets: Sequence[Target]) -> list[Diagnosis]:
    """As `_together`, in a process whose secrets the one that asked does not know, and cannot redact."""
    return [
        replace(
            one,
            checks=[
                replace(check, detail=redact(check.detail), fix=check.fix and redact(check.fix))
                for check in one.checks
            ],
        )
        for one in _together(targets)
    ]


def _result(targets: Sequence[Target], future: Future[list[Diagnosis]]) -> list[Diagnosis]:
    try:
        return future.result()
    except BrokenProcessPool:  # killed, perhaps for its memory
        return _together(targets)


def _together(targets: Sequence[Target]) -> list[Diagnosis]:
    # A target holds one worker while its checks wait for theirs, so there are more than targets.
    with ThreadPoolExecutor(len(targets) + _AT_ONCE) as pool:
        return list(pool.map(lambda target: _diagnosis(target.settings, pool), targets))


def doctor_of(target: Target) -> Doctor | None:
    """The target's doctor, None where its provider has none. Raises what connecting raises."""
    return plugins.connect(target.settings).doctor


def _diagnosis(target: TargetSettings, pool: ThreadPoolExecutor) -> Diagnosis:
    try:
        provider = plugins.connect(target)
        questions = list(provider.doctor.checks()) if provider.doctor else []
    except CloudDeployError as error:
        return Diagnosis(target.name, target.provider, [_refused("connect", error)])
    except Exception as error:
        return Diagnosis(target.name, target.provider, [_broken("connect", error)])
    identity = pool.submit(_trouble, provider)
    answers = list(pool.map(_answer, questions))
    trouble = identity.result()
    start = provider.doctor.start() if provider.doctor and isinstance(trouble, CredentialsError) else None
    return Diagnosis(target.name, target.provider, _merged(target, provider, answers, trouble), start)


def _trouble(provider: Provider) -> CloudDeployError | str:
    """The account of the credentials, or why nobody can tell."""
    try:
        return provider.identity().account
    except CloudDeployError as error:
        return error
    except Exception as error:
        return CloudDeployError(f"unexpected {type(error).__name__}: {error}", fix=_REPORT)


def _merged(
    target: TargetSettings, provider: Provider, answers: list[Check], found: CloudDeployError | str
) -> list[Check]:
    """The provider's answers with ours; one cause is told once."""
    if isinstance(found, MissingToolError):
        return [_refused("packages", found)]
    if isinstance(found, CloudDeployError):
        told = any(check.ok is False for check in answers)
        once = _once(answers, found)
        return once if told else [_refused(_about(found), found), *once]
    if target.account and target.account != found:
        return [_other_account(target, found), *_once(answers)]
    if provider.doctor is None:
        unknown = Check("doctor", None, f"the provider {provider.name} has no checks of its own")
        return [Check("credentials", True, f"account {found}"), unknown]
    return _once(answers)


def _once(answers: Sequence[Check], trouble: CloudDeployError | None = None) -> list[Check]:
    """The answers; where one cause fails several checks, only the first of them tells it."""
    first: dict[tuple[str, str | None], Check] = {}
    return [_told(check, first.setdefault(_cause(check, trouble), check)) for check in answers]


def _cause(check: Check, trouble: CloudDeployError | None) -> tuple[str, str | None]:
    """What is the same for checks that fail alike; `trouble` is why nobody can tell who asks.

    Whom a cloud does not know it refuses in each of its services, in other words and with another
    code and request: what is the same is what to do about it.
    """
    shared = isinstance(trouble, CredentialsError | TemporaryError) and check.fix == trouble.fix
    return ("" if check.fix and shared else check.detail), check.fix


def _told(check: Check, first: Check) -> Check:
    if check is first or check.ok is not False or first.ok is not False:
        return check
    return replace(check, ok=None, detail=f"not found out: see {first.title}", fix=None)


def _about(error: CloudDeployError) -> str:
    """What an error that `identity` raised is about."""
    if isinstance(error, ConfigError):
        return "settings"
    return "credentials" if isinstance(error, CredentialsError) else "access"


def _answer(question: Ask) -> Check:
    title = getattr(question, "__name__", "check").strip("_<>").replace("_", " ")
    try:
        return question()
    except CloudDeployError as error:
        return _refused(title, error)
    except Exception as error:
        return _broken(title, error)


def _other_account(target: TargetSettings, account: str) -> Check:
    return Check(
        "account",
        False,
        f"the target belongs to account {target.account}, the credentials to {account}",
        f"use credentials of account {target.account}, or correct targets.{target.name}.account",
    )


_REPORT = "this is a defect of the provider: report it with the output of --debug"


def _refused(title: str, error: CloudDeployError) -> Check:
    return Check(title, False, error.message, error.fix)


def _broken(title: str, error: Exception) -> Check:
    return Check(title, False, f"unexpected {type(error).__name__}: {error}", _REPORT)
