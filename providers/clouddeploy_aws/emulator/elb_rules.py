"""What Elastic Load Balancing refuses and moto lets pass.

Source: ELB API reference, DescribeTags and DescribeLoadBalancers. The text about many is UNVERIFIED.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from clouddeploy_aws.emulator.answers import ServiceError

_LISTED = re.compile(r"(ResourceArns|LoadBalancerArns)\.member\.\d+")
_BALANCER = re.compile(r"arn:[\w-]+:elasticloadbalancing:[\w-]+:\d{12}:loadbalancer/(app|net|gwy)/.+")
_ANY = re.compile(r"arn:[\w-]+:elasticloadbalancing:[\w-]+:\d{12}:.+")
_AT_ONCE = 20


def check(form: Mapping[str, str], balancers: list[Any]) -> None:
    """ServiceError for what ELB refuses; `balancers` are those that there are."""
    arns = [value for name, value in form.items() if _LISTED.fullmatch(name)]
    if len(arns) > _AT_ONCE:
        raise ServiceError("ValidationError", f"No more than {_AT_ONCE} ARNs can be given at once")
    there = {one.arn for one in balancers}
    for arn in arns:
        if not _ANY.fullmatch(arn):
            raise ServiceError("ValidationError", f"'{arn}' is not a valid load balancer ARN")
        if _BALANCER.fullmatch(arn) and arn not in there:
            raise ServiceError("LoadBalancerNotFound", f"Load balancer '{arn}' not found")
