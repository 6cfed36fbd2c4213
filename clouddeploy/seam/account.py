"""What an account is, may do and may have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol


@dataclass(frozen=True)
class Identity:
    """Who the credentials belong to: the account that is billed, and the principal in it."""

    account: str
    principal: str


@dataclass(frozen=True)
class Check:
    """One line of a diagnosis: `ok` is None where it could not be found out; `fix` says what to do."""

    title: str
    ok: bool | None
    detail: str = ""
    fix: str | None = None


class Doctor(Protocol):
    """Finds out what is missing before a command does."""

    def checks(self) -> Sequence[Callable[[], Check]]:
        """Independent questions, safe to ask at once; none raises, each answers in one line."""
        ...

    def policy(self) -> str:
        """The least that the credentials must be allowed, in the cloud's own form, ready to paste."""
        ...

    def start(self) -> str:
        """For somebody without an account: how to sign up and which credentials to make."""
        ...


@dataclass(frozen=True)
class MachineType:
    """A node type that the account may have; `max_pods` None where the cloud sets no limit of its own."""

    name: str
    cpus: int
    memory_gib: Decimal
    arch: str = "amd64"
    max_pods: int | None = None


@dataclass(frozen=True)
class Quota:
    """How much of something the account may have and has; None where the cloud does not tell.

    `counts` is "cpus" or "nodes" where nodes use it up, else empty.
    """

    what: str
    limit: int | None
    used: int | None = None
    counts: str = ""


class Inventory(Protocol):
    """What the account may have, asked from the cloud; reads only."""

    def machines(self) -> Sequence[MachineType]: ...
    def quotas(self) -> Sequence[Quota]: ...
