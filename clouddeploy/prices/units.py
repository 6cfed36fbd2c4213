"""Sizes as people write them on a command line."""

from __future__ import annotations

import math
import re
from decimal import Decimal

from clouddeploy.errors import ConfigError

_LARGEST = Decimal(10**9)


def cpu(text: str) -> int:
    """CPUs such as 0.5, 2 or 250m in millicores; ConfigError for anything else."""
    return _checked(text, "--cpus", "cpu")


def memory(text: str) -> int:
    """Memory such as 512Mi or 1Gi in MiB; ConfigError for anything else."""
    return _checked(text, "--memory", "memory")


def disk(text: str) -> int:
    """A volume such as 10Gi or 10 in GiB, rounded up; ConfigError for anything else."""
    if re.fullmatch(r"[0-9]{1,9}", text):
        size = int(text)
    else:
        size = math.ceil(Decimal(_checked(text, "--disk", "memory")) / 1024)
    if size < 1:
        raise ConfigError(f"--disk: a volume of {text} holds nothing", fix="write it as 10Gi")
    return size


def amount(text: str, option: str) -> Decimal:
    """200, 200GB or 2TB in GB of 1000 MB, zero or more; ConfigError for anything else."""
    found = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)(GB|TB)?", text, re.IGNORECASE)
    if not found:
        raise ConfigError(f"{option}: expected a number of GB, not {text}", fix=f"write it as {option} 200")
    size = Decimal(found[1]) * (1000 if (found[2] or "").upper() == "TB" else 1)
    whole = size.to_integral_value()
    return min(whole if whole == size else size, _LARGEST)


def percent(text: str) -> Decimal:
    """A share of time such as 99.95; ConfigError for anything else."""
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,6})?", text) or not 0 < Decimal(text) < 100:
        raise ConfigError(f"--sla: expected a percentage, not {text}", fix="write it as --sla 99.95")
    return Decimal(text)


def minor(text: str) -> str:
    """1.35 of v1.35, 1.35.2 or 1.35.2-gke.100: a Kubernetes minor; ConfigError for anything else."""
    found = re.fullmatch(r"v?(1\.[0-9]{1,2})(?:\.[0-9]+(?:[-+.][0-9A-Za-z.+-]+)?)?", text)
    if not found:
        raise ConfigError(
            f"--kubernetes: expected a version, not {text}", fix="write it as --kubernetes 1.35"
        )
    return found[1]


def _checked(text: str, option: str, kind: str) -> int:
    # late: pydantic is behind it
    from clouddeploy.app import fields

    try:
        return fields.cpu(text) if kind == "cpu" else fields.memory(text)
    except fields.FieldError as error:
        raise ConfigError(f"{option}: {error}", fix=error.fix) from error
