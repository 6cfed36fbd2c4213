"""The error tree: what went wrong, what to do next, which exit code.

Every error that a person can meet is a `CloudDeployError`. Providers translate
their SDK's exceptions at their own edge; `clouddeploy.cli.main` catches once.

    CloudDeployError            1   failed
    ├── ConfigError             2   what was asked or written is wrong
    ├── PartialError            4   some targets failed
    ├── PreconditionError       5   something must exist first
    │   ├── CredentialsError    5   nobody to act as, or not allowed to
    │   ├── MissingToolError    5   a program or package to install
    │   └── NotFoundError       5   a repository, image or cluster that is not there
    ├── ForeignResourceError    5   the name is taken by something that is not ours
    ├── UnhealthyError          6   deployed, did not become healthy
    │   └── PullRefusedError    6   because the cluster may not pull an image
    ├── LockedError             7   another deploy is running
    └── TemporaryError         75   the same command may succeed later
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ClassVar


class CloudDeployError(Exception):
    """Something failed that a person can act on.

    `message` is one sentence without a full stop; `fix` says what to do next, as a
    command where there is one; `code` is the cloud's own error code, kept for support.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, fix: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix
        self.code = code


class ConfigError(CloudDeployError):
    """A command line or a file that clouddeploy cannot accept; nothing was changed."""

    exit_code = 2


class PartialError(CloudDeployError):
    """At least one target is done and at least one failed."""

    exit_code = 4


class PreconditionError(CloudDeployError):
    """Something outside must be there first: credentials, quota, a tool, a repository."""

    exit_code = 5


class CredentialsError(PreconditionError):
    """No credentials, expired ones, the wrong account, or a permission that is missing."""


class MissingToolError(PreconditionError):
    """A program or a Python package that must be installed first."""


class NotFoundError(PreconditionError):
    """A repository, image, cluster or context that does not exist."""


class ForeignResourceError(PreconditionError):
    """A resource has our name but not our ownership tag: never adopted, never deleted."""


class UnhealthyError(CloudDeployError):
    """What was deployed did not become healthy in time; the message says why."""

    exit_code = 6


class PullRefusedError(UnhealthyError):
    """The registry does not let the cluster have an image."""


class LockedError(CloudDeployError):
    """Another deploy of the same app to the same target is running."""

    exit_code = 7


class TemporaryError(CloudDeployError):
    """Throttling, a lost connection, a server error: the same command may succeed later."""

    exit_code = 75


@contextmanager
def translating(doing: str, translate: Callable[[str, Exception], CloudDeployError | None]) -> Iterator[None]:
    """Turn what an SDK raises inside into a CloudDeployError that says what we were doing.

    `doing` completes "could not …". For what is not the SDK's, `translate` returns None, and it is
    raised as it is.
    """
    try:
        yield
    except CloudDeployError:
        raise
    except Exception as error:
        found = translate(doing, error)
        if found is None:
            raise
        raise found from error
