"""Labels of Google's resources: https://cloud.google.com/resource-manager/docs/labels-overview#requirements"""

from __future__ import annotations

import re
from collections.abc import Mapping

from clouddeploy_gcp.emulator.answers import invalid

_KEY, _VALUE = re.compile(r"[a-z][a-z0-9_-]{0,62}"), re.compile(r"[a-z0-9_-]{0,63}")
_MOST = 64


def check_labels(labels: Mapping[str, str]) -> None:
    """INVALID_ARGUMENT for too many labels, and for a key or value that cannot be. Texts UNVERIFIED."""
    if len(labels) > _MOST:
        raise invalid(f"A resource has at most {_MOST} labels.")
    for key, value in labels.items():
        if not _KEY.fullmatch(key) or not _VALUE.fullmatch(value):
            raise invalid(f'Invalid resource label "{key}={value}".')
