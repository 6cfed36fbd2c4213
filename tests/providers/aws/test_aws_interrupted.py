"""Killed anywhere: after each write of a creation and of a deletion, and before the first.

What is the case before a write is what is the case after the one before it, so each moment in
which AWS can be left is here once. The same command is then run again, to the end. Besides, each
write is carried out once with its reply lost, and the run lives on.

The whole account is compared with an undisturbed one, not only what carries our tag.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from clouddeploy.contract import ClusterSpec, Step
from clouddeploy_aws.emulator.faults import Fault
from clouddeploy_aws.provisioner import EksProvisioner
from clouddeploy_aws.session import Session
from moto_fixtures.aws import AwsAccount
from tests.providers.aws.life import CREATES, DELETES, census, inventory, run_down, run_up, steps_of

pytestmark = pytest.mark.usefixtures("sdk_waits_in_emulated_time")

Run = Callable[[], tuple[Session, Sequence[Step]]]


@dataclass(frozen=True)
class Ends:
    """What the account holds when a cluster was made, and when it was deleted, and nothing went wrong."""

    made: dict[str, Any]
    gone: dict[str, Any]


def _all(account: AwsAccount) -> dict[str, Any]:
    return {**inventory(account, "demo"), "all": census(account)}


@pytest.fixture(scope="module")
def undisturbed() -> list[Ends]:
    """Filled by the first test of this module."""
    return []


@pytest.fixture
def ends(aws_account: AwsAccount, run: Run, undisturbed: list[Ends]) -> Ends:
    if not undisturbed:
        _, steps = run()
        run_up(aws_account, steps)
        made = _all(aws_account)
        run_down(aws_account, steps)
        undisturbed.append(Ends(made, _all(aws_account)))
        aws_account.cloud.reset()
    return undisturbed[0]


class Killed(BaseException):
    """The process ends here."""


def _kills(writes: Sequence[str]) -> Any:
    return pytest.mark.parametrize(
        "writes",
        range(len(writes) + 1),
        ids=["before-the-first", *(f"after-{nth:02}-{write}" for nth, write in enumerate(writes, 1))],
    )


def _losses(writes: Sequence[str]) -> Any:
    """Each write, by how many of the same name come before it."""
    points = [(write, writes[:number].count(write)) for number, write in enumerate(writes)]
    return pytest.mark.parametrize(
        ("write", "before"), points, ids=[f"{write}-{before + 1}" for write, before in points]
    )


def _lose(account: AwsAccount, write: str, before: int) -> Fault:
    service, action = write.split(":")
    fault = Fault(service, action, lost=True, skip=before)
    account.cloud.faults.add(fault)
    return fault


@contextmanager
def _killed_after(session: Session, writes: int) -> Iterator[None]:
    """End the process when AWS has carried out so many writes and before we hear of the last; 0: of none."""
    done = [0]
    clients = (session.ec2, session.ec2_once, session.iam, session.eks)

    def before(model: Any, **_: Any) -> None:
        if writes == 0 and _writes(model):
            raise Killed

    def after(model: Any, http_response: Any, **_: Any) -> None:
        done[0] += _writes(model) and http_response.status_code < 300
        if _writes(model) and done[0] == writes:
            raise Killed

    for client in clients:
        client.meta.events.register("before-call", before)
        client.meta.events.register("after-call", after)
    try:
        with pytest.raises(Killed):
            yield
    finally:
        for client in clients:
            client.meta.events.unregister("before-call", before)
            client.meta.events.unregister("after-call", after)


def _writes(model: Any) -> bool:
    return not model.name.startswith(("Describe", "Get", "List"))


@pytest.fixture(scope="module")
def run(aws_cloud: AwsAccount) -> Iterator[Run]:
    """The steps of one process; the clients are made once for all, which is what takes time in a test."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in aws_cloud.cloud.environment.items():
            patch.setenv(name, value)
        session = Session(aws_cloud.target())
        yield lambda: (session, EksProvisioner(session).steps(ClusterSpec("demo")))


@_kills(CREATES)
def test_a_creation_that_was_killed_ends_the_same_when_run_again(
    aws_account: AwsAccount, run: Run, ends: Ends, writes: int
) -> None:
    session, steps = run()
    with _killed_after(session, writes):
        run_up(aws_account, steps)
    run_up(aws_account, run()[1])
    assert _all(aws_account) == ends.made


@_kills(DELETES)
def test_a_deletion_that_was_killed_leaves_nothing_when_run_again(
    aws_account: AwsAccount, run: Run, ends: Ends, writes: int
) -> None:
    session, steps = run()
    run_up(aws_account, steps)
    with _killed_after(session, writes):
        run_down(aws_account, steps)
    run_down(aws_account, run()[1])
    assert _all(aws_account) == ends.gone


@pytest.mark.parametrize(
    ("listed", "known"), [(150, 0), (0, 150), (150, 50)], ids=["lists-lag", "ids-lag", "both-lag"]
)
def test_a_creation_makes_nothing_twice_while_ec2_lags(
    aws_account: AwsAccount, run: Run, ends: Ends, listed: float, known: float
) -> None:
    """A run knows what it has made itself, however long the lists do not show it."""
    lag = aws_account.cloud.moto.lag
    lag.listed, lag.known = listed, known
    run_up(aws_account, run()[1])
    lag.clear()
    assert _all(aws_account) == ends.made


@_kills(CREATES)
def test_a_creation_that_was_killed_makes_nothing_twice_while_ec2_lags(
    aws_account: AwsAccount, run: Run, ends: Ends, writes: int
) -> None:
    """The next run begins at once, when EC2 shows nothing of what the first one made last.

    It does not for ten seconds of the engine's waiting, which are a hundred of the emulated ones.
    """
    lag = aws_account.cloud.moto.lag
    lag.listed, lag.known = 100, 50
    session, steps = run()
    with _killed_after(session, writes):
        run_up(aws_account, steps)
    run_up(aws_account, run()[1])
    lag.clear()
    assert _all(aws_account) == ends.made


@_losses(CREATES)
def test_a_creation_survives_every_lost_reply_while_ec2_lags(
    aws_account: AwsAccount, run: Run, ends: Ends, write: str, before: int
) -> None:
    lag = aws_account.cloud.moto.lag
    lag.listed, lag.known = 100, 50
    fault = _lose(aws_account, write, before)
    run_up(aws_account, run()[1])
    lag.clear()
    assert fault.times == 0
    assert _all(aws_account) == ends.made


@_losses(CREATES)
def test_a_creation_survives_every_lost_reply(
    aws_account: AwsAccount, run: Run, ends: Ends, write: str, before: int
) -> None:
    """The call is carried out and its reply is lost: the SDK or the engine asks again."""
    fault = _lose(aws_account, write, before)
    run_up(aws_account, run()[1])
    assert fault.times == 0
    assert _all(aws_account) == ends.made


@_losses(DELETES)
def test_a_deletion_survives_every_lost_reply(
    aws_account: AwsAccount, run: Run, ends: Ends, write: str, before: int
) -> None:
    run_up(aws_account, run()[1])
    fault = _lose(aws_account, write, before)
    run_down(aws_account, run()[1])
    assert fault.times == 0
    assert _all(aws_account) == ends.gone


def test_the_points_are_all_there_are(aws_account: AwsAccount) -> None:
    run_up(aws_account, steps_of(aws_account))
    made = aws_account.writes()
    assert tuple(made[: len(CREATES)]) == CREATES
    assert set(made[len(CREATES) :]) <= {"eks:CreateCluster"}  # tried until EKS knows the role
    aws_account.cloud.calls.clear()
    run_down(aws_account, steps_of(aws_account))
    assert tuple(aws_account.writes()) == DELETES
