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
_ITEM = re.compile(r"<li>\s*<p>\s*<code>([^<]+)</code>")
_ALSO = re.compile(r"You can also use (.+?) as the filter name")
_CODE = re.compile(r"<code>([^<]+)</code>")


def check(form: Mapping[str, str]) -> None:
    """InvalidParameterValue for a filter that the action has not."""
    known = _known(form.get("Action", ""))
    for name, value in form.items():
        if known and _NAME.fullmatch(name) and value not in known and not value.startswith(_TAG):
            raise ServiceError("InvalidParameterValue", f"The filter '{value}' is invalid")


@cache
def _known(action: str) -> frozenset[str]:
    """Every item of the text's lists, and what `also` may be used; none for an action without a list."""
    model = get_service_model("ec2")
    shape = model.operation_model(action).input_shape if action.startswith("Describe") else None
    members = shape.members if shape else {}
    texts = [str(members[name].documentation) for name in ("Filters", "Filter") if name in members]
    items = (name for text in texts for name in _ITEM.findall(text))
    others = (name for text in texts for also in _ALSO.findall(text) for name in _CODE.findall(also))
    return frozenset((*items, *others)) - {"tag"}  # which comes with a key
