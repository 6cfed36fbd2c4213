"""What was made a moment ago and EC2 or IAM does not show yet, by this run or by one that was cut off.

Source: EC2 developer guide, "Eventual consistency in the Amazon EC2 API"; IAM user guide, "Troubleshoot IAM":
"Changes that I make are not always immediately visible".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from clouddeploy.contract import State, Status
from clouddeploy.errors import NotFoundError, TemporaryError
from clouddeploy_aws.steps.naming import ABSENT

_LOOKS = 7
"""How often something may be missing from a list before it is believed. The engine waits longer and longer
between looks, 15 seconds and more in all."""

_LOOKS_FOR_OURS = 30
"""As `_LOOKS`, for what this run has made itself: five minutes, after which somebody has deleted it."""


_CERTAIN = {"EC2ThrottledException", "RequestLimitExceeded", "Throttling", "ThrottlingException"}
"""Refusals after which nothing was made for certain."""


class Doubt:
    """Whether something that the lists do not show has been made all the same.

    `begun` says that an earlier run was there. For making a VPC or a gateway EC2 has no client token.
    """

    def __init__(self, begun: Callable[[], bool]) -> None:
        self._begun = begun
        self._lost = False
        self._looks = 0
        self._made = ""

    @contextmanager
    def making(self, what: str) -> Iterator[None]:
        """Around the one call that makes something; TemporaryError until that is missing for long enough.

        After a call without an answer it may be there: it is looked for as after an earlier run.
        """
        self._looks += 1
        if (self._lost or self._begun()) and self._looks < _LOOKS:
            raise TemporaryError(f"looking again for the {what}, which may have been made already")
        try:
            yield
        except TemporaryError as error:
            if error.code not in _CERTAIN:
                self._lost, self._looks = True, 0
            raise

    def made(self, resource: str) -> str:
        """Told of the id of what this run has made; the same id."""
        self._made, self._looks = resource, 0
        return resource

    def absent(self) -> State:
        """The state of what is not listed: PENDING while it may still be, because this run made it."""
        self._looks += bool(self._made)
        if self._made and self._looks <= _LOOKS_FOR_OURS:
            return State(Status.PENDING, f"{self._made} is not listed yet")
        self._made = ""
        return ABSENT


@contextmanager
def settling() -> Iterator[None]:
    """Around what is done to something that there is: not found means not known everywhere yet."""
    try:
        yield
    except NotFoundError as error:
        raise TemporaryError(
            f"{error.message}; it is new, and AWS does not know it everywhere yet",
            fix="run it again in a minute",
            code=error.code,
        ) from error
