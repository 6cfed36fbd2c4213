"""The filters that each Describe action of EC2 knows; moto answers to a name of its own invention.

Source: the texts of botocore's descriptions, which list every filter of an action in `<code>`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from moto.core.utils import get_service_model

from clouddeploy_aws.emulator.answers import ServiceError

_NAME = re.compile(r"Filter\.\d+\.Name")
_TAG = "tag:"


def check(form: Mapping[str, str]) -> None:
    """InvalidParameterValue for a filter that the action has not."""
    known = _known(form.get("Action", ""))
    for name, value in form.items():
        if known and _NAME.fullmatch(name) and value not in known and not value.startswith(_TAG):
            raise ServiceError("InvalidParameterValue", f"The filter '{value}' is invalid")


@cache
def _known(action: str) -> frozenset[str]:
    """Also words that stand for values: rather too many. None for an action whose text names no filter."""
    model = get_service_model("ec2")
    shape = model.operation_model(action).input_shape if action.startswith("Describe") else None
    members = shape.members if shape else {}
    texts = [str(members[name].documentation) for name in ("Filters", "Filter") if name in members]
    return frozenset(word for text in texts for word in re.findall("<code>([^<]+)</code>", text))
