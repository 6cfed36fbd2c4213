"""How often and how long apart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from clouddeploy.oci.failures import UnavailableError
from clouddeploy.oci.retry import Retry, retry_after
from tests.oci.waits import Waits


class Flaky:
    """Fails `failures` times, then answers."""

    def __init__(self, failures: int, after: float | None = None) -> None:
        self.failures = failures
        self.after = after
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.calls <= self.failures:
            raise UnavailableError("down", after=self.after)
        return "done"


def test_two_failures_are_survived_with_growing_waits(waits: Waits) -> None:
    assert waits.retry.run(Flaky(2)) == "done"
    assert 1 <= waits.seconds[0] <= 1.5
    assert 2 <= waits.seconds[1] <= 3


def test_three_are_not(waits: Waits) -> None:
    call = Flaky(3)
    with pytest.raises(UnavailableError):
        waits.retry.run(call)
    assert (call.calls, len(waits.seconds)) == (3, 2)


def test_the_server_says_when(waits: Waits) -> None:
    waits.retry.run(Flaky(1, after=17))
    assert waits.seconds == [17]


def test_a_server_that_wants_an_hour_is_not_waited_for(waits: Waits) -> None:
    with pytest.raises(UnavailableError):
        waits.retry.run(Flaky(1, after=3600))
    assert waits.seconds == []


def test_other_errors_are_not_tried_again() -> None:
    calls: list[float] = []

    def call() -> None:
        calls.append(1)
        raise ValueError

    with pytest.raises(ValueError):
        Retry(sleep=calls.append).run(call)
    assert calls == [1]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("0", 0), ("120", 120), (" 7 ", 7), ("soon", None), ("", None), (None, None), ("-1", None)],
)
def test_retry_after_in_seconds(value: str | None, seconds: float | None) -> None:
    assert retry_after(value) == seconds


def test_retry_after_as_a_date() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    found = retry_after(later)
    assert found is not None
    assert 27 < found <= 30
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0
