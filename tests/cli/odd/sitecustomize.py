"""A process on a machine where something is odd; Python imports this first when the folder is on PYTHONPATH.

`ODD_WITHOUT` names packages that are not installed, `ODD_AHEAD` by how many seconds the clock is ahead,
`ODD_PACE` how many seconds pass, for whoever waits, in a real one.
"""

from __future__ import annotations

import datetime
import os
import sys
import time
from importlib.machinery import ModuleSpec, PathFinder
from typing import Any

_without = tuple(filter(None, os.environ.get("ODD_WITHOUT", "").split(",")))
_ahead = float(os.environ.get("ODD_AHEAD", "0"))
_pace = float(os.environ.get("ODD_PACE", "1"))


class _Finder(PathFinder):
    """Finds what is installed, but for `ODD_WITHOUT`."""

    @classmethod
    def find_spec(cls, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        missing = any(f"{fullname}.".startswith(f"{name}.") for name in _without)
        return None if missing else PathFinder.find_spec(fullname, path, target)


def _set_clock() -> None:
    real, real_time, real_gmtime = datetime.datetime, time.time, time.gmtime

    class Kind(type):
        def __instancecheck__(cls, instance: object) -> bool:
            return isinstance(instance, real)

    class Moment(real, metaclass=Kind):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Any:
            return real.now(tz) + datetime.timedelta(seconds=_ahead)

        @classmethod
        def utcnow(cls) -> Any:
            return real.now(datetime.UTC).replace(tzinfo=None) + datetime.timedelta(seconds=_ahead)

    patched: Any = time
    patched.time = lambda: real_time() + _ahead
    patched.gmtime = lambda seconds=None: real_gmtime(patched.time() if seconds is None else seconds)
    datetime.datetime = Moment  # type: ignore[misc]


def _hurry() -> None:
    real_sleep, real_monotonic = time.sleep, time.monotonic
    patched: Any = time
    patched.sleep = lambda seconds: real_sleep(seconds / _pace)
    patched.monotonic = lambda: real_monotonic() * _pace


if _without:
    sys.meta_path[sys.meta_path.index(PathFinder)] = _Finder
if _ahead:
    _set_clock()
if _pace != 1:
    _hurry()
